"""Expected values as values of their columns' types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from contracts.model import DataType, Kind
from dags.contract_tests.typed_values import ValueTypeError, shown, typed_value


@pytest.mark.parametrize(
    ("kind", "value", "typed"),
    [
        (Kind.STRING, "1", "1"),
        (Kind.STRING, None, None),
        (Kind.BOOLEAN, True, True),
        (Kind.INTEGER, 7, 7),
        (Kind.BIGINT, 2**40, 2**40),
        (Kind.DOUBLE, 1, 1.0),
        (Kind.TIMESTAMP, date(2024, 5, 1), datetime(2024, 5, 1, tzinfo=UTC)),
        (Kind.TIMESTAMP, datetime(2024, 5, 1, 9), datetime(2024, 5, 1, 9, tzinfo=UTC)),  # noqa: DTZ001
        (Kind.TIMESTAMP, "2024-05-01T01:00:00+02:00", datetime(2024, 4, 30, 23, tzinfo=UTC)),
        (Kind.DATE, date(2024, 5, 1), date(2024, 5, 1)),
        (Kind.DATE, "2024-05-01", date(2024, 5, 1)),
    ],
)
def test_a_value_of_the_type_is_converted(kind: Kind, value: object, typed: object) -> None:
    found = typed_value(value, DataType(kind))
    assert (found, type(found)) == (typed, type(typed))


@pytest.mark.parametrize("value", [12, 12.0, "12", "12.0000"])
def test_a_decimal_is_a_number_or_a_text(value: object) -> None:
    assert str(typed_value(value, DataType(Kind.DECIMAL, 18, 4))) == "12.0000"


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Kind.STRING, 1, "put a text in quotes"),
        (Kind.STRING, True, "put a text in quotes"),
        (Kind.INTEGER, "1", "write a value of this type"),
        (Kind.INTEGER, 1.0, "write a value of this type"),
        (Kind.INTEGER, True, "write a value of this type"),
        (Kind.BOOLEAN, 1, "write a value of this type"),
        (Kind.DATE, datetime(2024, 5, 1, tzinfo=UTC), "write a value of this type"),
        (Kind.TIMESTAMP, 20240501, "write a value of this type"),
        (Kind.DATE, "May 1", "write it in ISO 8601, such as 2024-05-01T10:00:00Z"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: Kind, value: object, message: str) -> None:
    with pytest.raises(ValueTypeError) as raised:
        typed_value(value, DataType(kind))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("1,5", "write a number"),
        (10**40, "write a number"),
        (1.23456, "write a number with at most 4 decimals"),
    ],
)
def test_a_decimal_that_the_column_cannot_hold_is_refused(value: object, message: str) -> None:
    with pytest.raises(ValueTypeError) as raised:
        typed_value(value, DataType(Kind.DECIMAL, 18, 4))
    assert str(raised.value) == message


def test_extra_columns_are_expected_as_a_mapping() -> None:
    type_ = DataType(Kind.STRING)
    assert typed_value({"a": "1"}, type_, is_json=True) == {"a": "1"}
    with pytest.raises(ValueTypeError, match=r"^write a mapping, such as \{referrer: mail\}$"):
        typed_value('{"a": "1"}', type_, is_json=True)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (Decimal("100.0000"), "100"), (date(2024, 5, 1), "2024-05-01"), (7, "7"), (1.5, "1.5")],
)
def test_values_are_shown_as_a_case_would_write_them(value: object, text: str) -> None:
    assert shown(value) == text
