"""Fingerprints of transitions: a transition whose fingerprint did not change is not carried out again."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# The code that can change the result, as folders and modules. tests/dags/test_fingerprint.py checks that
# nothing that these import is missing, but for named exceptions (reports, metrics, Data Docs, wording).
INSPECTION = ("contracts", "transforms/formats", "transforms/raw_to_bronze")
_ROWS = (
    "contracts",
    "quarantine_policies",
    "checkpoints/gate",
    "checkpoints/lake",
    "checkpoints/storage",
    "dags/pipeline/candidates.py",
    "dags/pipeline/context.py",
    "dags/pipeline/judging.py",
    "dags/spark/frames.py",
    "dags/spark/session.py",
    "transforms/spark_trees.py",
)
BRONZE_TO_SILVER = (
    *_ROWS,
    "checkpoints/quarantine",
    "transforms/formats",
    "transforms/bronze_to_silver",
    "dags/pipeline/bronze_to_silver.py",
    "dags/pipeline/silver_dataset.py",
    "dags/pipeline/staging.py",
)
SILVER_TO_GOLD = (*_ROWS, "transforms/silver_to_gold", "dags/pipeline/silver_to_gold.py")


def fingerprint(what: str, inputs: Iterable[str], rules: Iterable[str], code: tuple[str, ...]) -> str:
    """Return the fingerprint of a transition, or of a part of one.

    Args:
        what: its name.
        inputs: versions of what it reads, as texts.
        rules: checksums of the contracts and policies.
        code: folders and modules of the repository, such as ``BRONZE_TO_SILVER``.
    """
    digest = hashlib.sha256(what.encode())
    for kind, texts in (("input", inputs), ("rules", rules), ("code", [_code_digest(code)])):
        for text in texts:
            digest.update(f"\0{kind}\0{text}".encode())
    return digest.hexdigest()


@cache
def _code_digest(code: tuple[str, ...]) -> str:
    """Return the digest of paths and contents of modules."""
    top = Path(__file__).parent.parent.parent
    digest = hashlib.sha256()
    for path in sorted(module for part in code for module in _modules(top / part)):
        digest.update(b"\0file\0" + path.relative_to(top).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _modules(part: Path) -> Iterable[Path]:
    return [part] if part.suffix == ".py" else part.rglob("*.py")
