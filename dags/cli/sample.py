"""`lakegate sample`: generate a messy RAW zone and the results expected from it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contracts.errors import ConfigurationError
from dags.cli.console import print_json, progress_bar, say

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def size_bytes(text: str) -> int:
    """Return the bytes of a size such as ``50MB`` or ``9.1GB``. Raises ConfigurationError if invalid."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?B)", text.strip(), re.IGNORECASE)
    if not found or float(found.group(1)) <= 0:
        raise ConfigurationError("invalid size", where="--size", expected="50MB, 1.5GB", found=repr(text))
    return int(float(found.group(1)) * _UNITS[found.group(2).upper()])


def sample_command(*, out: Path, size: str, seed: int, as_json: bool) -> int:
    """Write a sample to a new or empty folder, and print the paths."""
    truth = write_sample(out, size_bytes(size), seed, as_json=as_json)
    if as_json:
        print_json({"raw": str(out), "truth": str(truth)})
    else:
        say(f"RAW zone          {out}\nexpected results  {truth}")
    return 0


def write_sample(out: Path, wanted_bytes: int, seed: int, *, as_json: bool) -> Path:
    """Write a sample, showing the progress, and return the path of its expected results.

    Raises:
        ConfigurationError: the folder is not empty; the expected results must cover all its files.
    """
    from dags.sample.generate import generate

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(
            "the folder of a sample must be new or empty",
            where=str(out),
            next_step="name another folder",
        )
    with progress_bar("writing the sample", is_quiet=as_json) as advance:
        return generate(out, wanted_bytes, seed, progress=advance)
