"""Expected values of a case as values of their columns' types, and values as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from contracts.model import Kind

if TYPE_CHECKING:
    from contracts.model import DataType


class ValueTypeError(Exception):
    """An expected value that is not of its column's type; the text says what to write."""


def typed_value(value: object, type_: DataType, *, is_json: bool = False) -> object:
    """Return an expected value as the pipeline's rows hold it.

    Args:
        value: as read from YAML.
        type_: of the column.
        is_json: the column holds a JSON object, expected as a mapping.

    Raises:
        ValueTypeError: the value is not of the type.

    >>> from contracts.model import DataType
    >>> typed_value("2024-05-01T10:00:00+02:00", DataType(Kind.TIMESTAMP)).isoformat()
    '2024-05-01T08:00:00+00:00'
    >>> typed_value(1.5, DataType(Kind.DECIMAL, 18, 4))
    Decimal('1.5000')
    """
    if value is None:
        return None
    if is_json:
        if not isinstance(value, Mapping):
            raise ValueTypeError("write a mapping, such as {referrer: mail}")
        return dict(value)
    match type_.kind, value:
        case Kind.BOOLEAN, bool():
            return value
        case _, bool():
            pass
        case Kind.STRING, str():
            return value
        case ((Kind.INTEGER | Kind.BIGINT), int()):
            return value
        case Kind.DOUBLE, int() | float():
            return float(value)
        case Kind.DECIMAL, int() | float() | str():
            return _decimal(str(value), type_.scale)
        case Kind.TIMESTAMP, str() | date():
            return _instant(value)
        case Kind.DATE, date() if not isinstance(value, datetime):
            return value
        case Kind.DATE, str():
            return _from_iso(value).date()
    raise ValueTypeError(
        "put a text in quotes" if type_.kind is Kind.STRING else "write a value of this type"
    )


def shown(value: object) -> str:
    """Return a value as the differences show it.

    >>> [shown(v) for v in (None, "Ada", Decimal("1.5000"), datetime(2024, 5, 1, tzinfo=UTC), {"a": "1"})]
    ['null', "'Ada'", '1.5', '2024-05-01T00:00:00Z', '{"a": "1"}']
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return repr(value)
        case Decimal():
            return f"{value.normalize():f}"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _decimal(text: str, scale: int) -> Decimal:
    try:
        value = Decimal(text)
        rounded = value.quantize(Decimal(1).scaleb(-scale))
    except InvalidOperation as error:
        raise ValueTypeError("write a number") from error
    if rounded != value:
        raise ValueTypeError(f"write a number with at most {scale} decimals")
    return rounded


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        value = _from_iso(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    assert isinstance(value, date)
    return datetime.combine(value, time(), UTC)


def _from_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueTypeError("write it in ISO 8601, such as 2024-05-01T10:00:00Z") from error
