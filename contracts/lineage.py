"""Lineage of contracts: what each is derived from, and the order in which they can be built."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING

from contracts.derivation import DERIVED_FROM, MERGE, VALID_FROM, VALIDITY
from contracts.errors import YamlLocation
from contracts.model import Merge, Zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Contract


def in_order(contracts: Sequence[Contract]) -> tuple[Contract, ...]:
    """Return contracts of silver, then of gold, each after those that it is derived from.

    Apart from that they are in the order of their positions; those without a position follow by name.

    Raises:
        ContractError: two have one name, one is derived from what has no contract or cannot be an input, or
            they are derived from each other.
    """
    by_name: dict[str, Contract] = {}
    for contract in contracts:
        other = by_name.setdefault(contract.name, contract)
        if other is not contract:
            raise YamlLocation(contract.path, "schema[0].name").error(
                f"{contract.name} is already the name of {other.path}", next_step="rename one of them"
            )
    for contract in contracts:
        for name in contract.derived_from:
            _check_input(contract, name, by_name)
        if contract.merge is Merge.SCD2:
            _check_versions(contract, by_name[contract.dataset])
    sorter = TopologicalSorter({contract.name: contract.derived_from for contract in contracts})
    try:
        sorter.prepare()
    except CycleError as error:
        cycle = [by_name[name] for name in error.args[1]]
        raise YamlLocation(cycle[-1].path, f"customProperties.{DERIVED_FROM}").error(
            f"derived from itself: {' from '.join(contract.path for contract in reversed(cycle))}",
            next_step="remove one of these derivations",
        ) from error
    ready: list[tuple[bool, float, str]] = []
    ordered = []
    while sorter.is_active():
        for name in sorter.get_ready():
            heappush(ready, (by_name[name].zone is Zone.GOLD, by_name[name].position or inf, name))
        *_, first = heappop(ready)
        ordered.append(by_name[first])
        sorter.done(first)
    return tuple(ordered)


def _check_input(contract: Contract, name: str, by_name: Mapping[str, Contract]) -> None:
    location = YamlLocation(contract.path, f"customProperties.{DERIVED_FROM}")
    if name not in by_name:
        folders = "silver or gold" if contract.zone is Zone.GOLD else "silver"
        raise location.error(
            f"{contract.name} is derived from {name}, which has no contract",
            next_step=f"add {name}.yaml to the folder {folders}, or correct the name",
        )
    if contract.zone is Zone.SILVER and not by_name[name].is_read_from_files:
        raise location.error(
            f"{contract.name} of silver is derived from {name}, which is not read from files",
            next_step="name a dataset",
        )


def _check_versions(versions: Contract, dataset: Contract) -> None:
    """Raise ContractError unless a table can hold the versions of a dataset's rows.

    Its key is the dataset's and ``valid_from``. Its other columns are the validity and columns of it.
    """
    location = YamlLocation(versions.path, "schema[0].properties")
    if not dataset.is_merged:
        raise YamlLocation(dataset.path, "customProperties").error(
            f"{versions.path} keeps the versions of {dataset.name}, whose rows are not merged",
            next_step=f"declare {MERGE}: {Merge.SCD1}",
        )
    if {*versions.key} != {*dataset.key, VALID_FROM}:
        raise location.error(
            f"the key must be that of {dataset.name} and {VALID_FROM}, found {', '.join(versions.key)}"
        )
    types = {column.name: str(column.type) for column in dataset.columns}
    types |= {name: kind.value for name, kind in VALIDITY.items()}
    for name, kind in VALIDITY.items():
        if name not in versions.column_names:
            raise location.error(f"{name} is missing", next_step=f"add it, of type {kind}")
    for column in versions.columns:
        if column.name not in types:
            raise location.error(
                f"{dataset.name} has no column {column.name!r}", next_step=f"known: {', '.join(types)}"
            )
        if str(column.type) != types[column.name]:
            raise location.error(f"{column.name} must be {types[column.name]}, found {column.type}")
