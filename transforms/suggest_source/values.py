"""Value conventions of sample records: the order of dates and the decimal mark."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.model import DateOrder, Kind
from transforms.suggest_source.names import columns_by_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from contracts.model import Contract, Source

_DATE = re.compile(r"\s*(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})(?!\d)")
_DECIMAL_COMMA = re.compile(r"[^\d,.]*(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})[^\d,.]*")
_DECIMAL_POINT = re.compile(r"[^\d,.]*(?:\d{1,3}(?:,\d{3})+|\d+)\.(?:\d{1,2}|\d{4,})[^\d,.]*")


def find_value_keys(
    records: Iterable[Mapping[str, str]], names: Iterable[str], contract: Contract, source: Source
) -> tuple[Source, dict[str, str]]:
    """Return the source with ``dateOrder`` and ``decimalMark`` where values show them, and the evidence.

    Args:
        records: name or path of a value -> its text.
        names: the names and paths that occur in them.
        contract: the contract of their dataset.
        source: maps names to contract columns, beside the contract itself.
    """
    columns = _typed_columns(names, contract, source)
    dates: dict[DateOrder | None, str] = {}
    commas = points = ""
    for record in records:
        for name, kind in columns.items():
            value = record.get(name, "")
            if kind is Kind.TIMESTAMP and (parts := _DATE.match(value)):
                order = _date_order(parts)
                if order or len(parts[3]) == len("2024"):
                    dates.setdefault(order, value)
            elif kind.is_number:
                commas = commas or (value if _DECIMAL_COMMA.fullmatch(value) else "")
                points = points or (value if _DECIMAL_POINT.fullmatch(value) else "")
    evidence = {}
    if source.date_order is None:
        order, evidence["dateOrder"] = _choose_date_order(dates, contract.date_order)
        source = replace(source, date_order=order)
    if source.decimal_mark is None and commas and points:
        evidence["decimalMark"] = f"not set: {commas!r} has a decimal comma, {points!r} a decimal point"
    elif source.decimal_mark is None and commas:
        source = replace(source, decimal_mark=",")
        evidence["decimalMark"] = f"{commas!r} is a number with a decimal comma"
    elif source.decimal_mark is None and points:
        evidence["decimalMark"] = f"a point, as without a source: {points!r}"
    return source, {key: words for key, words in evidence.items() if words}


def _choose_date_order(
    dates: Mapping[DateOrder | None, str], default: DateOrder
) -> tuple[DateOrder | None, str]:
    """Return the date order to set, if any, and the evidence.

    Args:
        dates: for each order, a date that is valid in it only; under None, one that is valid in several.
        default: the order without a source.
    """
    certain = {order: value for order, value in dates.items() if order is not None}
    if len(certain) > 1:
        listed = ", ".join(f"{value!r} is {order.value}" for order, value in certain.items())
        return None, f"not set, since values contradict each other: {listed}"
    if certain:
        order, value = next(iter(certain.items()))
        if order is default:
            return None, f"{order.value}, as without a source: {value!r} is a date in this order only"
        return order, f"{value!r} is a date in this order only"
    if dates:
        return (
            None,
            f"{default.value}, as without a source, but no value shows it: {dates[None]!r} fits several",
        )
    return None, ""


def _typed_columns(names: Iterable[str], contract: Contract, source: Source) -> dict[str, Kind]:
    """Return the names of numbers and timestamps with their kind."""
    kinds = {column.name: column.type.kind for column in contract.columns}
    return {
        name: kinds[column]
        for name, column in columns_by_name(names, contract, source).items()
        if column and (kinds[column] is Kind.TIMESTAMP or kinds[column].is_number)
    }


def _date_order(parts: re.Match[str]) -> DateOrder | None:
    """Return the only order in which a date is valid; None where there is none, or several."""
    first, second = int(parts[1]), int(parts[2])
    if len(parts[1]) == 4:
        return DateOrder.YMD if "-" not in parts[0] else None
    if len(parts[3]) == 4 and max(first, second) <= 31 and min(first, second) <= 12 < max(first, second):
        return DateOrder.DMY if first > second else DateOrder.MDY
    return None
