"""A peer's own environment, made once in the bench's scratch folder: our lock knows nothing of it."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from tests.benchmarks.ground import must_succeed, tell

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.ground import Ground


def python_with(ground: Ground, requirements: Sequence[str]) -> str:
    """Return a Python, of the version that runs the bench, that has what is asked for.

    Raises:
        RuntimeError: it cannot be installed; the installer's words are in the message.
    """
    folder = ground.scratch / "environments" / requirements[0].replace("==", "-")
    asked = folder / "requirements.txt"  # written last
    if not asked.exists() or asked.read_text(encoding="utf-8").split() != list(requirements):
        tell(f"installing {', '.join(requirements)}")
        shutil.rmtree(folder, ignore_errors=True)
        must_succeed([_uv(), "venv", "--quiet", "--python", sys.executable, str(folder)])
        install = [_uv(), "pip", "install", "--quiet", "--compile-bytecode", "--python", _python(folder)]
        must_succeed([*install, *requirements])
        asked.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    return _python(folder)


def _python(folder: Path) -> str:
    return str(folder / "bin" / "python")


def _uv() -> str:
    """Return uv: the one that runs us, else that of the path, else the one that `make` brings."""
    return os.environ.get("UV") or shutil.which("uv") or ".tools/bin/uv"
