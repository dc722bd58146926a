"""How a table is derived from others: its inputs, the merge of its rows, its SQL.

ODCS has ``transformLogic`` and ``transformSourceObjects`` for a column only. One SELECT computes all columns
of a table at once, so it is a custom property of the schema object here, by ODCS's name ``transformLogic``.
``derivedFrom`` names the tables that the contract's table is computed from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.errors import YamlLocation
from contracts.model import Kind, Merge, Query, Zone

if TYPE_CHECKING:
    from contracts.model import Contract
    from contracts.odcs import Properties

RECENCY, MERGE, DERIVED_FROM, QUERY, SUMS = "recency", "merge", "derivedFrom", "transformLogic", "sums"
POSITION = "position"
VALID_FROM = "valid_from"
VALIDITY = {VALID_FROM: Kind.TIMESTAMP, "valid_to": Kind.TIMESTAMP, "is_current": Kind.BOOLEAN}
"""The columns of a table of versions that its dataset does not have."""


def read_merge(properties: Properties) -> Merge | None:
    """Return how rows are merged; None where it is not declared. Raises ContractError."""
    text = properties.text(MERGE)
    if text is None:
        return None
    if text not in list(Merge):
        raise properties.location(MERGE).error(f"expected {' or '.join(Merge)}, found {text!r}")
    return Merge(text)


def read_position(properties: Properties) -> int | None:
    """Return the position among the contracts of a zone. Raises ContractError unless it is from 1 on."""
    value = properties.raw(POSITION)
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    raise properties.location(POSITION).error(f"expected a whole number from 1 on, found {value!r}")


def read_query(properties: Properties) -> Query | None:
    """Return the table's SQL; None where it is not declared. Raises ContractError."""
    sql = properties.text(QUERY)
    return None if sql is None else Query(sql.strip(), properties.location(QUERY).path)


def check_derivation(contract: Contract, document: YamlLocation, table: YamlLocation) -> None:
    """Check what a contract says about its own derivation; ``contracts.lineage`` checks it against others.

    Args:
        contract: with columns.
        document: location of its document, whose custom properties hold ``derivedFrom``.
        table: location of its schema object.

    Raises:
        ContractError: a property has no effect, or is ambiguous.
    """
    _check_recency(contract, document.at("customProperties", RECENCY))
    _check_merge(contract, document.at("customProperties", MERGE))
    if contract.query is not None:
        at = YamlLocation(contract.path, contract.query.path)
        if contract.zone is not Zone.GOLD:
            raise at.error(
                f"{contract.name} is not a table of gold, and only those are given as SQL",
                next_step="move the contract to the folder gold",
            )
        if not contract.derived_from:
            raise document.at("customProperties").error(
                f"{DERIVED_FROM} is missing", next_step="name the tables that the SQL reads"
            )
    for name in contract.sums:
        at = table.at(SUMS)
        if contract.zone is not Zone.GOLD:
            raise at.error(f"{SUMS} has no effect outside of gold", next_step="remove it")
        if contract.column(name).type.kind is not Kind.DECIMAL:
            raise at.error(
                f"{name} is {contract.column(name).type}, and only sums of decimals are exact",
                next_step="remove it, or declare the column as a decimal",
            )


def _check_recency(contract: Contract, location: YamlLocation) -> None:
    if contract.recency and not contract.is_read_from_files:
        raise location.error(
            f"{RECENCY} has no effect on {contract.name}, which is not read from files", next_step="remove it"
        )
    for number, name in enumerate(contract.recency):
        if name in contract.recency[:number]:
            raise location.at(number).error(f"duplicate column {name!r}")


def _check_merge(contract: Contract, location: YamlLocation) -> None:
    """Raise ContractError unless merged rows have one time, and versions one dataset."""
    if contract.merge is None:
        if contract.zone is Zone.SILVER and contract.derived_from:
            raise location.error(
                f"nothing computes {contract.name} from {', '.join(contract.derived_from)}",
                next_step=f"declare {MERGE}: {Merge.SCD2} for the versions of a dataset's rows, "
                f"or remove {DERIVED_FROM} for a dataset of its own files",
            )
        return
    if contract.zone is not Zone.SILVER:
        raise location.error(f"{MERGE} has no effect outside of silver", next_step="remove it")
    if contract.merge is Merge.SCD2:
        if len(contract.derived_from) != 1:
            raise location.error(
                f"{Merge.SCD2} keeps the versions of one dataset's rows, {DERIVED_FROM} names "
                f"{len(contract.derived_from)}",
                next_step=f"name the dataset in {DERIVED_FROM}",
            )
        return
    if contract.derived_from:
        raise location.error(
            f"{Merge.SCD1} merges rows that are read from files, {contract.name} is derived",
            next_step=f"declare {MERGE}: {Merge.SCD2}",
        )
    times = [column.name for column in contract.columns if column.type.kind is Kind.TIMESTAMP]
    if len(contract.recency or times[:1]) != 1 or not {*contract.recency} <= {*times}:
        raise location.error(
            f"merged rows of {contract.name} need one timestamp that orders them",
            next_step=f"name one column of type timestamp in {RECENCY}",
        )
