"""Texts of contracts and policies at one point: the working ones, a git ref, a folder or a bucket."""

from __future__ import annotations

import io
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from contracts.defaults import DEFAULTS_FILE, Defaults, parse_defaults
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.contract_checks.folders import POLICIES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.storage.storage import Storage
    from dags.contract_checks.folders import Folders

_SUFFIXES = (".yaml", ".yml")
_ZONES = (Zone.RAW, Zone.SILVER, Zone.GOLD)
_CONTRACTS = "contracts"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The texts of contracts and of zones' default rules by ``<zone>/<file>``, and of policies by file.

    ``policies``: None if there are none.
    """

    name: str
    contracts: Mapping[str, str]
    defaults: Mapping[str, str]
    policies: Mapping[str, str] | None

    @classmethod
    def of(cls, name: str, files: Mapping[str, str], policies: Mapping[str, str] | None) -> Snapshot:
        """Return the snapshot of the files in the folders of the zones; others are left out."""
        in_zones = {
            path: text for path, text in files.items() if PurePosixPath(path).parent.as_posix() in _ZONES
        }
        defaults = {
            path: text for path, text in in_zones.items() if PurePosixPath(path).name == DEFAULTS_FILE
        }
        contracts = {path: text for path, text in in_zones.items() if path not in defaults}
        return cls(name, contracts, defaults, policies)

    def defaults_of(self, path: str) -> Defaults:
        """Return the default rules of a contract's zone. Raises ContractError if they are invalid."""
        file = str(PurePosixPath(path).with_name(DEFAULTS_FILE))
        return parse_defaults(self.defaults[file], file) if file in self.defaults else Defaults()


def read_base(base: str, folders: Folders) -> Snapshot:
    """Return the contracts and policies of a base.

    Args:
        base: a folder or an ``s3://`` URI, of contracts or with folders for contracts and policies (a
            checkout, the deployed copies); else a git ref of the repository of the working contracts.
        folders: the working contracts and policies, which a git ref must have at the same path.

    Raises:
        ConfigurationError: there is no such ref, or nothing at the place.
    """
    if "://" in base or Path(base).is_dir():
        return _read_folder(base)
    return Snapshot.of(base, _git_files(base, folders.contracts), _git_files(base, folders.policies))


def read_working(folders: Folders) -> Snapshot:
    """Return the working contracts and policies."""
    return Snapshot.of("", _read_files(folders.contracts), _read_files(folders.policies))


def _read_files(folder: Path) -> dict[str, str]:
    """Return the YAML files of a folder and of the folders directly in it, by path."""
    found = sorted(path for depth in ("*", "*/*") for path in folder.glob(depth) if path.suffix in _SUFFIXES)
    return {path.relative_to(folder).as_posix(): _decoded(path.read_bytes(), str(path)) for path in found}


def _read_folder(uri: str) -> Snapshot:
    from checkpoints.storage.opening import open_storage

    storage = open_storage(uri)
    folders = set(storage.list_folders(""))
    if _CONTRACTS in folders:
        found = _files(storage, _CONTRACTS)
        policies = next((name for name in POLICIES if name in folders), None)
        texts = None if policies is None else _files(storage, policies)
    else:
        found = {path: text for zone in _ZONES for path, text in _files(storage, zone, zone).items()}
        texts = None
    snapshot = Snapshot.of(uri, found, texts)
    if not snapshot.contracts:
        raise ConfigurationError(
            "no contracts there",
            where=f"--base {uri}",
            expected="a folder with raw, silver and gold, or one above contracts",
        )
    return snapshot


def _files(storage: Storage, folder: str, prefix: str = "") -> dict[str, str]:
    """Return the YAML files below a folder, by their path in it after a prefix."""
    found = {}
    for info in storage.list(folder):
        if info.path.endswith(_SUFFIXES):
            path = PurePosixPath(prefix) / PurePosixPath(info.path).relative_to(folder)
            found[path.as_posix()] = _decoded(storage.read_bytes(info.path), info.path)
    return found


def _git_files(ref: str, folder: Path) -> dict[str, str]:
    """Return the YAML files of a folder at a git ref; none if the folder was not there."""
    if not folder.is_dir():
        raise ConfigurationError("no such folder", where=str(folder), next_step="set LAKEGATE_CONTRACTS")
    found = _git(folder, "rev-parse", "--show-prefix")
    if found is None:
        raise ConfigurationError(
            "not in a git repository",
            where=str(folder),
            next_step="give a folder of contracts as --base, or point LAKEGATE_CONTRACTS at a checkout",
        )
    prefix = found.decode().rstrip("\n")
    if _git(folder, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}") is None:
        raise ConfigurationError(
            "no such git ref or folder",
            where=f"--base {ref}",
            next_step="fetch it (git fetch origin BRANCH; a shallow clone has only one commit)",
        )
    tree = f"{ref}:{prefix.rstrip('/')}" if prefix else f"{ref}^{{tree}}"
    archive = _git(folder, "archive", "--format=tar", tree)
    if archive is None:
        return {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name: _decoded(content.read(), member.name)
            for member in tar
            if member.name.endswith(_SUFFIXES) and (content := tar.extractfile(member)) is not None
        }


def _git(folder: Path, *arguments: str) -> bytes | None:
    """Return the output of git in a folder, or None if it fails."""
    top = ("-C", str(folder))
    if arguments[0] == "archive":  # which takes the working folder for a part of the tree
        found = _git(folder, "rev-parse", "--show-toplevel")
        top = ("-C", (found or b".").decode().rstrip("\n"))
    try:
        done = subprocess.run(  # noqa: S603  arguments are passed one by one, not through a shell
            ["git", *top, *arguments],  # noqa: S607  the git of the user's PATH
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConfigurationError(
            "git is not installed", where="--base", next_step="install it, or give a folder"
        ) from error
    return done.stdout if done.returncode == 0 else None


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError("not UTF-8", where=file) from error
