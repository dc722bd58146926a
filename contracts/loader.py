"""Loading of the contracts folder: one contract for each dataset, gold table and the file inventory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.defaults import DEFAULTS_FILE, Defaults, read_defaults
from contracts.errors import ContractError
from contracts.lineage import in_order
from contracts.model import Contract, Merge, Zone
from contracts.parser import parse_contract

if TYPE_CHECKING:
    from collections.abc import Sequence

INVENTORY = "file_inventory"
_ZONES = (Zone.RAW, Zone.SILVER, Zone.GOLD)
CASES = "cases"  # folders below the contracts that hold their tests
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Contracts:
    """All contracts. ``histories`` and ``gold``: each after the tables that it is derived from."""

    inventory: Contract
    datasets: tuple[Contract, ...]  # read from files
    histories: tuple[Contract, ...]  # of silver: the versions of a dataset's rows
    gold: tuple[Contract, ...]

    @property
    def silver_tables(self) -> tuple[Contract, ...]:
        """All tables of silver."""
        return (*self.datasets, *self.histories)

    @property
    def all(self) -> tuple[Contract, ...]:
        """All contracts, in the order of the transitions that produce their data."""
        return (self.inventory, *self.silver_tables, *self.gold)

    def silver(self, name: str) -> Contract:
        """Return the contract of a silver table. Raises KeyError for an unknown name."""
        return _find(name, self.silver_tables, "dataset")

    def histories_of(self, dataset: str) -> tuple[Contract, ...]:
        """Return the tables that keep the versions of a dataset's rows."""
        return tuple(contract for contract in self.histories if contract.dataset == dataset)

    def table(self, name: str) -> Contract:
        """Return the contract of a gold table. Raises KeyError for an unknown name."""
        return _find(name, self.gold, "gold table")


def load_contracts(directory: Path | None = None) -> Contracts:
    """Load the contracts below ``raw``, ``silver`` and ``gold`` of a folder; by default the shipped ones.

    Raises:
        ContractError: a contract is invalid, missing, or outside of these folders.
    """
    root = Path(__file__).parent if directory is None else directory
    if not root.is_dir():
        raise ContractError("contracts folder not found", file=str(root))
    return assemble_contracts([load_contract(path, root) for path in contract_files(root)], root)


def assemble_contracts(found: Sequence[Contract], root: Path) -> Contracts:
    """Return the contracts of a folder as one installation.

    Raises:
        ContractError: a contract is missing, or there are two of one name in a zone.
    """
    by_zone: dict[Zone, dict[str, Contract]] = {zone: {} for zone in _ZONES}
    for contract in found:
        others = by_zone[contract.zone]
        if contract.name in others:
            raise ContractError(
                f"{contract.name} already has the contract {others[contract.name].path}", file=contract.path
            )
        others[contract.name] = contract
    if INVENTORY not in by_zone[Zone.RAW]:
        raise ContractError("missing contract", file=str(root / Zone.RAW / f"{INVENTORY}.yaml"))
    tables = in_order([*by_zone[Zone.SILVER].values(), *by_zone[Zone.GOLD].values()])
    datasets = tuple(contract for contract in tables if contract.is_read_from_files)
    gold = tuple(contract for contract in tables if contract.zone is Zone.GOLD)
    for zone, found in ((Zone.SILVER, datasets), (Zone.GOLD, gold)):
        if not found:
            raise ContractError("the folder has no contract", file=str(root / zone), next_step="add one")
    histories = tuple(contract for contract in tables if contract.merge is Merge.SCD2)
    return Contracts(by_zone[Zone.RAW][INVENTORY], datasets, histories, gold)


def contract_files(root: Path) -> list[Path]:
    """Return the YAML files of the contracts below a folder, in order; neither defaults nor tests."""
    return [path for path in promise_files(root) if path.name != DEFAULTS_FILE]


def promise_files(root: Path) -> list[Path]:
    """Return the YAML files of contracts and of the zones' defaults below a folder, in order."""
    return [path for path in yaml_files(root) if CASES not in path.relative_to(root).parts]


def case_files(root: Path) -> list[Path]:
    """Return the YAML files of the contract tests below a contracts folder, in order."""
    return [path for path in yaml_files(root) if CASES in path.relative_to(root).parts]


def yaml_files(root: Path) -> list[Path]:
    """Return the YAML files below a folder, in order."""
    return sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def load_contract(path: Path, root: Path | None = None) -> Contract:
    """Load one contract from ``…/<zone>/<name>.yaml``. Error messages show the path relative to ``root``.

    Raises:
        ContractError: the file is unreadable or invalid, or its path does not match zone and name.
    """
    zone, file = zone_of(path, root)
    text = read_text(path, file)
    contract = parse_contract(text, zone, file, defaults_of(path, file))
    check_file_name(contract.name, path, file)
    return contract


def defaults_of(path: Path, file: str) -> Defaults:
    """Return the default rules of the zone of a contract's file, which has this name in error messages."""
    return read_defaults(path.with_name(DEFAULTS_FILE), f"{file.rpartition('/')[0]}/{DEFAULTS_FILE}")


def check_file_name(name: str, path: Path, file: str) -> None:
    """Raise ContractError if a contract's name is not that of its file."""
    if name != path.stem:
        raise ContractError(
            f"the name {name!r} differs from that of the file",
            file=file,
            path="schema[0].name",
            next_step=f"rename it to {path.stem!r}",
        )


def zone_of(path: Path, root: Path | None = None) -> tuple[Zone, str]:
    """Return the zone of a contract's file, and its name in error messages, relative to ``root``.

    Raises:
        ContractError: the file is in none of the zones' folders.
    """
    file = path.relative_to(root).as_posix() if root else path.as_posix()
    zone = next((zone for zone in _ZONES if zone == path.parent.name), None)
    if zone is None or (root is not None and path.parent.parent != root):
        raise ContractError(
            "not in one of the folders raw, silver, gold",
            file=file,
            next_step="move or remove it",
        )
    return zone, file


def read_text(path: Path, file: str) -> str:
    """Return the text of a contract's file. Raises ContractError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot read the file: {error}", file=file) from error


def _find(name: str, among: Sequence[Contract], what: str) -> Contract:
    for contract in among:
        if contract.name == name:
            return contract
    raise KeyError(f"unknown {what} {name!r}; known: {', '.join(c.name for c in among)}")
