"""Currencies have the exponents of ISO 4217, and amounts in smallest units become amounts (spec 4.0)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from transforms.bronze_to_silver.currencies import (
    CODES,
    MINOR_UNIT_EXPONENTS,
    cleaned_currencies,
    exponent_of,
    exponents_of,
    in_main_unit,
)
from transforms.formats.text_cleaning import DEFAULT_WORDS

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOT_IN_JAVA_17 = {"UYW": 4, "XAD": 2}  # which has neither


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [("USD", 2), ("usd", 2), ("Jpy", 0), ("BHD", 3), ("CLF", 4), ("XAU", None), ("$", None), ("kr", None),
     ("", None), ("US", None), ("\u017fek", None)],
)  # fmt: skip
def test_an_exponent_is_that_of_a_code_in_any_case(currency: str, exponent: int | None) -> None:
    assert exponent_of(currency) == exponent
    assert exponents_of(pa.array([currency, None])).to_pylist() == [exponent, None]


def test_the_exponents_are_those_of_java(spark: SparkSession) -> None:
    java: Any = spark
    currency = java._jvm.java.util.Currency
    known = {
        one.getCurrencyCode(): one.getDefaultFractionDigits() for one in currency.getAvailableCurrencies()
    }
    expected = {code: known[code] for code in CODES & known.keys() if known[code] >= 0}
    assert expected | NOT_IN_JAVA_17 == MINOR_UNIT_EXPONENTS


def test_currencies_are_cleaned_and_null_words_are_none() -> None:
    texts = pa.array([" usd ", "usd", None, "n/a", "", "\ufeffEUR"])
    assert cleaned_currencies(texts, DEFAULT_WORDS).to_pylist() == ["usd", "usd", None, None, None, "EUR"]
    assert cleaned_currencies(texts.slice(1, 2), ("usd",)).to_pylist() == [None, None]


@given(
    some.lists(
        some.tuples(
            some.none() | some.decimals(-(10**14) + 1, 10**14 - 1, places=4),
            some.none() | some.sampled_from(sorted(set(MINOR_UNIT_EXPONENTS.values()))),
        )
    )
)
def test_amounts_are_divided_exactly_and_rounded_half_up(
    cells: list[tuple[Decimal | None, int | None]],
) -> None:
    amounts, exponents = ([cell[place] for cell in cells] for place in (0, 1))
    found = in_main_unit(pa.array(amounts, pa.decimal128(18, 4)), pa.array(exponents, pa.int8()))
    expected = [
        None
        if amount is None or exponent is None
        else amount.scaleb(-exponent).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        for amount, exponent in cells
    ]
    assert found.to_pylist() == expected
    assert found.type == pa.decimal128(18, 4)
