"""``number`` and ``moment`` of an expression read texts as a column of a source does (spec 4.0)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from contracts.model import DateOrder
from transforms.bronze_to_silver.conventions import Conventions
from transforms.bronze_to_silver.expression_functions import moments_of, numbers_of
from transforms.bronze_to_silver.java_patterns import PatternError
from transforms.formats.text_cleaning import lowered

BY = Conventions(
    DateOrder.DMY,
    decimal_mark=",",
    timezone="Europe/Berlin",
    null_words=lowered(("", "k.A.")),
    currency_signs=("kr",),
    currency="JPY",
    minor_units=True,
)


def test_numbers_are_read_by_the_sources_conventions() -> None:
    texts = pa.array(
        ["3", " 1.234,5 ", "kr 2", "k.a.", "", None, "NaN", "abc", "12.50", "0,00005", "1e19", "1e20", "n/a"]
    )
    numbers, is_unreadable = numbers_of(texts, BY)
    assert numbers.type == pa.decimal128(24, 4)
    read = ["3", "1234.5", "2", None, None, None, None, None, None, "0.0001", "1e19", None, None]
    assert numbers.to_pylist() == [
        None if text is None else Decimal(text).quantize(Decimal("0.0001")) for text in read
    ]
    unreadable = {"abc", "12.50", "1e20", "n/a"}
    assert is_unreadable.to_pylist() == [text in unreadable for text in texts.to_pylist()]


def test_moments_are_read_by_the_sources_conventions() -> None:
    texts = pa.array(["31-01-2024 9:05", "2024-01-31T10:00:00Z", "31.01.2024", "k.A.", None, "01/31/2024"])
    moments, is_unreadable = moments_of(texts, BY)
    assert moments.type == pa.timestamp("us", tz="UTC")
    assert moments.to_pylist() == [
        datetime(2024, 1, 31, 8, 5, tzinfo=UTC),
        datetime(2024, 1, 31, 10, tzinfo=UTC),
        datetime(2024, 1, 31, tzinfo=UTC),
        None,
        None,
        None,
    ]
    assert is_unreadable.to_pylist() == [False, False, False, False, False, True]


def test_moments_in_a_pattern_are_read_in_no_other_form() -> None:
    texts = pa.array(["20240131 11h", " 20240131 11h", "31.01.2024", "k.A.", "", None])
    moments, is_unreadable = moments_of(texts, BY, "yyyyMMdd HH'h'")
    assert moments.to_pylist() == [datetime(2024, 1, 31, 10, tzinfo=UTC)] * 2 + [None] * 4
    assert is_unreadable.to_pylist() == [False, False, True, False, False, False]


def test_a_pattern_that_is_not_supported_is_refused() -> None:
    with pytest.raises(PatternError, match="letter Y"):
        moments_of(pa.array(["x"]), BY, "YYYY-MM-dd")


@pytest.mark.parametrize(
    "read", [numbers_of, moments_of, lambda texts, by: moments_of(texts, by, "yyyy-MM-dd")]
)
def test_an_array_without_texts_is_read_too(read: object) -> None:
    for texts in (pa.array([], pa.string()), pa.nulls(2, pa.string())):
        values, is_unreadable = read(texts, BY)
        assert values.is_valid().to_pylist() == [False] * len(texts)
        assert is_unreadable.to_pylist() == [False] * len(texts)
