"""What is peculiar to single columns (spec 4.2): the one place where a column's name changes its cleaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pyspark.sql import Column

_ALL = "*"  # in every dataset


def settle(text: Column, dataset: str, column: str) -> Column:
    """Return a cleaned string as its column wants it."""
    settled = _PECULIAR.get((dataset, column)) or _PECULIAR.get((_ALL, column))
    return text if settled is None else settled(text)


def _status(text: Column) -> Column:
    lowered = sf.lower(text)
    return sf.when(lowered == "canceled", "cancelled").otherwise(lowered)


def _country(text: Column) -> Column:
    return sf.when(text.rlike(r"\A\p{L}{2}\z"), sf.upper(text)).otherwise(text)


_PECULIAR: Mapping[tuple[str, str], Callable[[Column], Column]] = {
    ("transactions", "status"): _status,
    (_ALL, "country"): _country,
}
