"""What one bench stands on: its size, its rounds, its scratch folder, and the sample that all parts share."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from dags.cli.sample import size_bytes
from tests.benchmarks.process import run_measured

SEED = 7
AS_OF = "2026-01-01T00:00:00+00:00"  # one clock for every run, so that all write the same rows
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ground:
    """The settings of one bench."""

    size: str  # of RAW, as `lakegate sample --size` takes it
    rounds: int
    growth_base: str
    peer_rows: int
    scratch: Path

    def sample(self, size: str | None = None) -> Path:
        """Return a RAW zone of this size; it is made once and kept for the next bench."""
        wanted = size or self.size
        folder = self.scratch / "samples" / f"{size_bytes(wanted)}-{SEED}"
        truth = folder.with_name(f"{folder.name}.truth.json")
        if not truth.exists():  # it is written last
            shutil.rmtree(folder, ignore_errors=True)
            tell(f"writing a sample of {wanted}")
            command = [lakegate(), "sample", "--out", str(folder), "--size", wanted, "--seed", str(SEED)]
            must_succeed(command)
        return folder

    def fresh(self, name: str) -> Path:
        """Return a new folder in place of what an earlier bench may have left there."""
        folder = self.scratch / "work" / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder


def lakegate() -> str:
    """Return the command that a person types."""
    return str(Path(sys.executable).with_name("lakegate"))


def must_succeed(command: list[str]) -> None:
    """Run a command whose cost is nobody's concern. Raises RuntimeError with its words."""
    cost = run_measured(command, os.environ)
    if cost.status:
        raise RuntimeError(f"{' '.join(command)}: status {cost.status}\n{cost.stderr}")


def folder_bytes(folder: Path) -> int:
    """Return the size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def tell(what: str) -> None:
    """Say on stderr what happens now; the table is alone on stdout."""
    print(f"bench: {what}", file=sys.stderr, flush=True)
