"""Copies of the shipped contracts and policies to edit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import contracts
import quarantine_policies
from dags.contract_checks.folders import Folders

SHIPPED = Folders(Path(contracts.__file__).parent, Path(quarantine_policies.__file__).parent)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """Return copies of the shipped contracts, without their cases, and policies in one folder."""
    return copy_shipped(tmp_path)


def copy_shipped(root: Path) -> Folders:
    """Copy the shipped contracts, without their cases, and policies to one folder; return the copies."""
    for zone in ("raw", "silver", "gold"):
        without_cases = shutil.ignore_patterns("cases")
        shutil.copytree(SHIPPED.contracts / zone, root / "contracts" / zone, ignore=without_cases)
    (root / "policies").mkdir()
    for path in SHIPPED.policies.glob("*.yaml"):
        shutil.copy(path, root / "policies")
    return Folders(root / "contracts", root / "policies")


@pytest.fixture
def repository(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Return the copies committed to a git repository, which is the working folder, with its settings."""
    root = folders.contracts.parent
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "base"]):
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.com", *command], cwd=root, check=True
        )
    monkeypatch.chdir(root)
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(folders.contracts))
    monkeypatch.setenv("LAKEGATE_POLICIES", str(folders.policies))
    return folders


def edit(path: Path, *replacements: tuple[str, str]) -> None:
    """Replace the first occurrence of each old text, which must exist."""
    text = path.read_text("utf-8")
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new, 1)
    path.write_text(text, "utf-8")


def line_of(path: Path, text: str) -> int:
    """Return the number of the first line that holds a text."""
    return next(number for number, line in enumerate(path.read_text().splitlines(), 1) if text in line)
