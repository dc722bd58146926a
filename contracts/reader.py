"""Reads the folder of contracts, so that every other room asks one value what is promised."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.contract import parse_contract
from contracts.errors import ContractError
from contracts.model import Contract, Zone

if TYPE_CHECKING:
    from collections.abc import Sequence

INVENTORY = "file_inventory"
USERS_HISTORY = "users_history"
DATASETS = ("events", "users", "transactions")
GOLD_TABLES = (
    "dim_users",
    "dim_country",
    "dim_status",
    "dim_date",
    "fact_events",
    "fact_transactions",
    "fact_user_activity",
    "daily_revenue",
    "daily_active_users",
    "user_ltv",
)
_ZONES = (Zone.RAW, Zone.SILVER, Zone.GOLD)
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Contracts:
    """All contracts. ``datasets`` and ``gold`` are in the specification's order, further ones after them."""

    inventory: Contract
    datasets: tuple[Contract, ...]
    users_history: Contract
    gold: tuple[Contract, ...]

    @property
    def all(self) -> tuple[Contract, ...]:
        """Every contract, in the order in which data passes them."""
        return (self.inventory, *self.datasets, self.users_history, *self.gold)

    def silver(self, name: str) -> Contract:
        """Return a silver contract: a dataset's, or users_history's. Raises KeyError for another name."""
        return _find(name, (*self.datasets, self.users_history), "dataset")

    def table(self, name: str) -> Contract:
        """Return a gold table's contract. Raises KeyError for another name."""
        return _find(name, self.gold, "gold table")


def load_contracts(directory: Path | None = None) -> Contracts:
    """Return the contracts in a folder's ``raw``, ``silver`` and ``gold``; the shipped ones by default.

    Raises:
        ContractError: a contract that cannot be kept, is missing, or lies where nobody would read it.
    """
    root = Path(__file__).parent if directory is None else directory
    if not root.is_dir():
        raise ContractError("there is no such folder of contracts", file=str(root))
    files = sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    by_zone: dict[Zone, dict[str, Contract]] = {zone: {} for zone in _ZONES}
    for path in files:
        contract = load_contract(path, root)
        others = by_zone[contract.zone]
        if contract.name in others:
            raise ContractError(
                f"{contract.name} already has the contract {others[contract.name].path}", file=contract.path
            )
        others[contract.name] = contract
    silver = by_zone[Zone.SILVER]
    for zone, names in (
        (Zone.RAW, (INVENTORY,)),
        (Zone.SILVER, (*DATASETS, USERS_HISTORY)),
        (Zone.GOLD, GOLD_TABLES),
    ):
        for name in names:
            if name not in by_zone[zone]:
                raise ContractError("this contract is missing", file=str(root / zone / f"{name}.yaml"))
    return Contracts(
        inventory=by_zone[Zone.RAW][INVENTORY],
        datasets=_ordered([c for c in silver.values() if not c.derived_from], DATASETS),
        users_history=silver[USERS_HISTORY],
        gold=_ordered(list(by_zone[Zone.GOLD].values()), GOLD_TABLES),
    )


def load_contract(path: Path, root: Path | None = None) -> Contract:
    """Return the contract in one file ``…/<zone>/<name>.yaml``. Error messages name it from ``root`` on.

    Raises:
        ContractError: it cannot be read, or its place does not fit its name.
    """
    file = path.relative_to(root).as_posix() if root else path.as_posix()
    zone = next((zone for zone in _ZONES if zone == path.parent.name), None)
    if zone is None or (root is not None and path.parent.parent != root):
        raise ContractError(
            "a contract lies in raw, silver or gold",
            file=file,
            next_step="move it, or take it out of the folder",
        )
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"it cannot be read: {error}", file=file) from error
    contract = parse_contract(text, zone, file)
    if contract.name != path.stem:
        raise ContractError(
            f"it declares {contract.name!r}",
            file=file,
            path="schema[0].name",
            next_step=f"call it {path.stem!r}",
        )
    return contract


def _find(name: str, among: Sequence[Contract], what: str) -> Contract:
    for contract in among:
        if contract.name == name:
            return contract
    raise KeyError(f"there is no {what} {name!r}; there are {', '.join(c.name for c in among)}")


def _ordered(found: Sequence[Contract], first: Sequence[str]) -> tuple[Contract, ...]:
    """Return the contracts named in ``first``, in that order, then the others by name."""
    places = {name: number for number, name in enumerate(first)}
    return tuple(sorted(found, key=lambda contract: (places.get(contract.name, len(places)), contract.name)))
