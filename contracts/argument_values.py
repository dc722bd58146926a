"""Values of expectation arguments: parameters, instants, and whether a value fits a column's type."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import TypeGuard

from contracts.model import DataType, Kind

PARAMETER = "$PARAMETER"
NUMBER = DataType(Kind.DOUBLE)
TIME_KINDS = (Kind.TIMESTAMP, Kind.DATE)

_INSTANT_PARAMETERS = ("as_of", "as_of_limit")
_NO_VALUE_PARAMETERS = ("days_out_of_line",)  # all other parameters are numbers
# Great Expectations reads '2000-01-01' as a date and cannot compare that with a timestamp.
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")


def is_parameter(value: object) -> TypeGuard[Mapping[str, object]]:
    """Whether an argument is a parameter that the gate replaces: ``{"$PARAMETER": name}``."""
    return isinstance(value, Mapping) and set(value) == {PARAMETER}


def as_instant(value: object) -> object:
    """Return a date, datetime or ISO text of either as an instant in UTC; other values unchanged.

    >>> as_instant("2024-05-01").isoformat(), as_instant("paid")
    ('2024-05-01T00:00:00+00:00', 'paid')
    """
    if isinstance(value, str) and _ISO_DATE.fullmatch(value):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    return value


def fits(value: object, type_: DataType) -> bool:
    """Whether a YAML value or a parameter can be compared with a column of this type."""
    if is_parameter(value):
        if value[PARAMETER] in _NO_VALUE_PARAMETERS:
            return False
        is_instant = value[PARAMETER] in _INSTANT_PARAMETERS
        return type_.kind in TIME_KINDS if is_instant else type_.kind.is_number
    match type_.kind:
        case Kind.STRING:
            return isinstance(value, str)
        case Kind.BOOLEAN:
            return isinstance(value, bool)
        case Kind.TIMESTAMP | Kind.DATE:
            return isinstance(as_instant(value), datetime)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # false for NaN


def how_to_write(type_: DataType) -> str:
    """Return the next step for a value that does not fit a type."""
    match type_.kind:
        case Kind.STRING:
            return "put words such as no, null and 1 in quotes"
        case Kind.BOOLEAN:
            return "write true or false"
        case Kind.TIMESTAMP | Kind.DATE:
            return "write it as ISO 8601, in quotes"
    return "write a number"


def are_comparable(one: DataType, other: DataType) -> bool:
    """Whether columns of two types can be compared with each other."""
    kinds = (one.kind, other.kind)
    return one.kind is other.kind or all(k.is_number for k in kinds) or all(k in TIME_KINDS for k in kinds)
