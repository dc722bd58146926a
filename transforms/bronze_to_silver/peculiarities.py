"""What is peculiar to single columns (spec 4.2): the one place where a column's name changes its cleaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

    from contracts.model import Contract

_ALL = "*"  # in every dataset


def peculiar_columns(contract: Contract) -> dict[str, Column]:
    """Return, from the cleaned strings of a dataset's rows, those columns that want them otherwise."""
    found = {
        name: _PECULIAR.get((contract.name, name)) or _PECULIAR.get((_ALL, name))
        for name in contract.column_names
    }
    return {name: settle(sf.col(name)) for name, settle in found.items() if settle is not None}


def _status(text: Column) -> Column:
    lowered = sf.lower(text)
    return sf.when(lowered == "canceled", "cancelled").otherwise(lowered)


def _country(text: Column) -> Column:
    return sf.when(text.rlike(r"\A\p{L}{2}\z"), sf.upper(text)).otherwise(text)


_PECULIAR: Mapping[tuple[str, str], Callable[[Column], Column]] = {
    ("transactions", "status"): _status,
    (_ALL, "country"): _country,
}
