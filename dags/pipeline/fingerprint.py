"""The fingerprint of a transition: what, if it did not change, makes another run of it pointless."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ALL_CODE = ("contracts", "quarantine_policies", "transforms", "checkpoints", "dags")
INSPECTING_CODE = ("contracts", "transforms/raw_to_bronze")


def fingerprint(
    what: str, inputs: Iterable[str], rules: Iterable[str], code: tuple[str, ...] = ALL_CODE
) -> str:
    """Return the fingerprint of a transition, or of a part of one.

    Args:
        what: its name.
        inputs: the versions it reads, as texts that change when the input does.
        rules: the checksums of the contracts and policies in force.
        code: the folders of our own code that decide about the result.
    """
    digest = hashlib.sha256(what.encode())
    for kind, texts in (("input", inputs), ("rules", rules), ("code", [_code_digest(code)])):
        for text in texts:
            digest.update(f"\0{kind}\0{text}".encode())
    return digest.hexdigest()


@cache
def _code_digest(folders: tuple[str, ...]) -> str:
    """Return the digest of our own code: a new release judges again."""
    top = Path(__file__).parent.parent.parent
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted((top / folder).rglob("*.py")):
            digest.update(b"\0file\0" + path.relative_to(top).as_posix().encode() + b"\0")
            digest.update(path.read_bytes())
    return digest.hexdigest()
