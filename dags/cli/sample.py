"""`lakegate sample`: writes a messy RAW zone and the truth about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contracts.faults import ConfigurationError
from dags.cli.console import print_json, progress_bar, say

if TYPE_CHECKING:
    from pathlib import Path

_UNITS = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def size_bytes(text: str) -> int:
    """Read a size such as ``50MB`` or ``9.1GB``.

    Raises:
        ConfigurationError: it is none.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]?B)", text.strip(), re.IGNORECASE)
    if not found or float(found.group(1)) <= 0:
        raise ConfigurationError("this is no size", where="--size", expected="50MB, 1.5GB", found=repr(text))
    return int(float(found.group(1)) * _UNITS[found.group(2).upper()])


def sample_command(*, out: Path, size: str, seed: int, as_json: bool) -> int:
    """Write the sample; the folder must be new or empty, so that the truth is about all that is in it."""
    wanted = size_bytes(size)
    truth = write_sample(out, wanted, seed, as_json=as_json)
    if as_json:
        print_json({"raw": str(out), "truth": str(truth)})
    else:
        say(f"RAW zone   {out}\nthe truth  {truth}")
    return 0


def write_sample(out: Path, wanted_bytes: int, seed: int, *, as_json: bool) -> Path:
    """Write a sample with progress and return the path of its truth.

    Raises:
        ConfigurationError: the folder is not empty.
    """
    from dags.sample.generate import generate

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(
            "a sample needs a new or empty folder",
            where=str(out),
            found="something in it",
            next_step="name another folder",
        )
    with progress_bar("writing the sample", is_quiet=as_json) as advance:
        return generate(out, wanted_bytes, seed, progress=advance)
