"""Folders of contracts and policies: the installation's, and the files that a check was asked for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import contracts
import quarantine_policies
from contracts.errors import ConfigurationError
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dags.settings import Settings

_ZONES = (Zone.RAW, Zone.SILVER, Zone.GOLD)
POLICIES = ("policies", "quarantine_policies")  # the folder beside contracts: deployed, in a checkout


@dataclass(frozen=True, slots=True)
class Folders:
    """A folder of contracts, the unit of all checks, and the folder of its policies."""

    contracts: Path
    policies: Path


@dataclass(frozen=True, slots=True)
class Selection:
    """What to report on: the folders that are checked, and the files asked for (None: all)."""

    folders: Folders
    files: frozenset[Path] | None = None

    def includes(self, path: Path) -> bool:
        """Whether a file, or the folder that stands for all, was asked for."""
        return self.files is None or path.resolve() in self.files


def configured_folders(settings: Settings) -> Folders:
    """Return the folders of the settings; by default the shipped ones."""
    return Folders(
        settings.contracts or Path(contracts.__file__).parent,
        settings.policies or Path(quarantine_policies.__file__).parent,
    )


def select(paths: Sequence[Path], configured: Folders) -> Selection:
    """Return what the paths of a command line name.

    Args:
        paths: one folder of contracts; or zones' folders, contracts and policies. Empty: all.
        configured: the folders without a path. A path outside of them names the folder that it is in, with
            the policies beside it.

    Raises:
        ConfigurationError: a path does not exist, or the paths are of several folders of contracts.
    """
    if not paths:
        return Selection(configured)
    roots: set[Path] = set()
    policies: Path | None = None
    files: set[Path] = set()
    is_whole = False
    for path in paths:
        if not path.exists():
            raise ConfigurationError("no such file or folder", where=str(path))
        full = path.resolve()
        if full.is_dir() and any((full / zone).is_dir() for zone in _ZONES):
            roots.add(full)
            is_whole = True
            continue
        members = [full] if full.is_file() else [file for file in full.rglob("*.y*ml") if file.is_file()]
        files.update(members)
        folder = full if full.is_dir() else full.parent
        if folder.name in _ZONES:
            roots.add(folder.parent)
        else:
            policies = folder
    if len(roots) > 1:
        found = ", ".join(str(root) for root in sorted(roots))
        raise ConfigurationError(
            "the paths are of several folders of contracts", found=found, next_step="check one at a time"
        )
    root = roots.pop() if roots else configured.contracts.resolve()
    folders = Folders(root, policies or _policies_of(root, configured))
    return Selection(folders, None if is_whole else frozenset(files))


def _policies_of(root: Path, configured: Folders) -> Path:
    """Return the policies beside a folder of contracts that is not the configured one."""
    beside = [root.parent / name for name in POLICIES if (root.parent / name).is_dir()]
    return beside[0] if beside and root != configured.contracts.resolve() else configured.policies


def shown_path(path: Path) -> str:
    """Return a path as reports show it: relative to the working folder if it is below it, with ``/``."""
    full = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were named
    try:
        return full.relative_to(Path.cwd()).as_posix()
    except ValueError:
        return full.as_posix()
