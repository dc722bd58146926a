"""Casting a whole column gives the same values as casting each of its texts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.model import Column, Contract, DataType, DateOrder, Kind, Source, Zone
from contracts.system_columns import EXTRA, SOURCE_FILE
from transforms.bronze_to_silver.casting import ColumnReader, RecordReader, memoized
from transforms.bronze_to_silver.column_mapping import TargetColumn
from transforms.bronze_to_silver.conventions import Conventions, resolve_conventions
from transforms.bronze_to_silver.currencies import cleaned_currencies, exponent_of
from transforms.bronze_to_silver.record_columns import (
    CURRENCY,
    FLAW,
    RAW_RECORD,
    is_typed_column,
    text_column,
)
from transforms.bronze_to_silver.unknown_columns import extra_text, extra_texts
from transforms.formats.text_cleaning import DEFAULT_NULL_WORDS, DEFAULT_WORDS, lowered

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = (*DEFAULT_NULL_WORDS, "NaN", "Infinity", "NULL", "-999", "unknown")
MEANT = (
    *(
        "u1",
        "GB",
        "Björn",
        "e\u0301",
        "a b",
        'say "x"',
        "back\\slash",
        "日本",
        "\x07",
        "İ",
        "u\u00ad1",
        "\u200eu1",
    ),
    *(
        "34",
        "34.0",
        "-7",
        "007",
        "1,000",
        "$5",
        "(12.50)",
        "1e2",
        "9" * 20,
        "12,50",
        "1 234",
        "12 usd",
        "kr 5",
    ),
    *(
        "2024-01-02T03:04:05Z",
        "2024-01-02",
        "01/02/2024",
        "1704164645",
        "2024-01-02 03:04:05+05:30",
        "02.01.2024 3.04",
    ),
)
BLANKS = ("", " ", "  ", "\t", "\u00a0", "\n")
TEXTS = some.one_of(
    some.none(),
    some.builds(
        "{}{}{}".format,
        some.sampled_from(BLANKS),
        some.one_of(some.sampled_from(MEANT), some.sampled_from(WORDS)),
        some.sampled_from(BLANKS),
    ),
)
DECIMAL = DataType(Kind.DECIMAL, 18, 4)
TYPES = (
    DataType(Kind.STRING),
    DataType(Kind.INTEGER),
    DECIMAL,
    DataType(Kind.DECIMAL, 38, 4),
    DataType(Kind.DOUBLE),
    DataType(Kind.TIMESTAMP),
)


SOURCES_OWN = {
    "null_words": lowered(("", "-999", "Unknown", "34", "2024-01-02T03:04:05Z")),
    "currency_signs": ("kr", "usd"),
    "formats": {"c": ("dd.MM.yyyy H.mm", "yyyy-dd-MM'T'HH:mm:ss'Z'")},
}


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(
    cells=some.lists(
        some.tuples(
            TEXTS, some.booleans(), some.sampled_from([None, "USD", "jpy", "bhd", "XAU", "$", " eur "])
        ),
        max_size=6,
    ),
    mark=some.sampled_from(".,"),
    own=some.sampled_from([{}, SOURCES_OWN, {**SOURCES_OWN, "minor_units": True}, {"minor_units": True}]),
)
def test_a_column_is_cast_as_each_of_its_texts_alone(
    type_: DataType, cells: list[tuple[str | None, bool, str | None]], mark: str, own: Mapping[str, object]
) -> None:
    conventions = Conventions(DateOrder.MDY, decimal_mark=mark, **own)
    reader = ColumnReader("c", type_, DEFAULT_WORDS, conventions, notes_uncastable=True, is_key=True)
    read_text = memoized(reader.read_text)

    def read(cells: list[tuple[str | None, bool, str | None]]) -> list[Mapping[str, object]]:
        texts, typed, currencies = ([cell[place] for cell in cells] for place in range(3))
        columns = {
            text_column("c"): pa.array(texts, pa.string()),
            is_typed_column("c"): pa.array(typed, pa.bool_()),
            CURRENCY: cleaned_currencies(pa.array(currencies, pa.string()), DEFAULT_WORDS),
        }
        value, notes = reader.read(columns, len(cells), read_text)
        return pa.RecordBatch.from_arrays([value, *notes], ["value", *reader.notes_schema]).to_pylist()

    def read_alone(cell: tuple[str | None, bool, str | None]) -> Mapping[str, object]:
        """Cast one text alone, and check it against ``read_text``."""
        text, is_typed, currency = cell
        (whole,) = read([cell])
        if text is None:
            assert set(whole.values()) == {None}
            return whole
        outcome = reader.read_text(
            text, is_typed, None if currency is None else exponent_of(currency.strip())
        )
        assert [whole["value"]] == pa.array([outcome.value], whole_type).to_pylist()
        assert whole["_uncastable_c"] == outcome.uncastable
        if type_.kind is Kind.DECIMAL:
            apart = None if outcome.value is None or currency is None else currency.strip()
            assert whole["_currency_c"] == (outcome.note or apart)
        return whole

    whole_type = reader.read({}, 0, read_text)[0].type
    assert read(cells) == [read_alone(cell) for cell in cells]


def D(text: str) -> Decimal:  # noqa: N802
    return Decimal(text).quantize(Decimal("0.0001"))


def contract_of(*columns: Column) -> Contract:
    return Contract("transactions", Zone.SILVER, "1.0.0", "", "", "", columns, ())


def amounts(conventions: Conventions, **cells: list[object]) -> list[tuple[object, ...]]:
    """Return value, uncastable text and currency of a column of decimals in a batch of records."""
    column = Column("amount", DECIMAL)
    contract = contract_of(column)
    rows = len(next(iter(cells.values())))
    columns_of = {"text": text_column("amount"), "is_typed": is_typed_column("amount"), "currency": CURRENCY}
    columns = {name: pa.nulls(rows, pa.string()) for name in (EXTRA, SOURCE_FILE, RAW_RECORD, FLAW)}
    columns |= {columns_of[cell]: pa.array(values) for cell, values in cells.items()}
    (batch,) = RecordReader(contract, conventions).read([pa.RecordBatch.from_pydict(columns)])
    names = ("amount", "_uncastable_amount", "_currency_amount")
    return [tuple(row[name] for name in names) for row in batch.to_pylist()]


def test_a_records_currency_applies_where_its_value_names_none() -> None:
    conventions = Conventions(DateOrder.MDY)
    found = amounts(
        conventions, text=["1", "$2", "x", None, "5"], currency=[" usd ", "usd", "usd", "usd", "n/a"]
    )
    assert found == [
        (D("1"), None, "usd"),
        (D("2"), None, "$"),
        (None, "x", None),
        (None, None, None),
        (D("5"), None, None),
    ]


def test_a_literal_currency_is_every_records() -> None:
    conventions = Conventions(DateOrder.MDY, currency="EUR")
    assert amounts(conventions, text=["1", "2 USD"]) == [(D("1"), None, "EUR"), (D("2"), None, "USD")]


def test_amounts_in_smallest_units_are_divided_by_their_currencys_exponent() -> None:
    conventions = Conventions(DateOrder.MDY, minor_units=True)
    texts = ["1250", "980", "1,250", "1250", "EUR 1250", "$1250", "5", "5", "1234567890123456", "0.05"]
    currencies = ["usd", "jpy", "BHD", "UYW", "JPY", "USD", None, "XAU", "USD", "KWD"]
    assert amounts(conventions, text=texts, currency=currencies) == [
        (D("12.5"), None, "usd"),
        (D("980"), None, "jpy"),
        (D("1.25"), None, "BHD"),
        (D("0.125"), None, "UYW"),
        (D("12.5"), None, "EUR"),
        (None, "$1250", None),
        (None, "5", None),
        (None, "5", None),
        (D("12345678901234.56"), None, "USD"),
        (D("0.0001"), None, "KWD"),
    ]


def test_typed_amounts_are_in_smallest_units_too() -> None:
    conventions = Conventions(DateOrder.MDY, decimal_mark=",", currency="eur", minor_units=True)
    found = amounts(conventions, text=["1250.5", "1250,5"], is_typed=[True, False])
    assert found == [(D("12.505"), None, "eur"), (D("12.505"), None, "eur")]


def test_smallest_units_without_any_currency_are_uncastable() -> None:
    conventions = Conventions(DateOrder.MDY, minor_units=True)
    assert amounts(conventions, text=["1", None]) == [(None, "1", None), (None, None, None)]


def test_a_sources_conventions_are_all_its_keys() -> None:
    source = Source(
        "shop", "**", formats={"at": ("dd.MM.yyyy",)}, date_order=DateOrder.DMY, decimal_mark=",",
        timezone="Europe/Berlin", null_words=("Unknown", "-999"), currency_signs=("Rs.",), currency="eur",
        minor_units=True,
    )  # fmt: skip
    contract = contract_of(Column("amount", DECIMAL))
    assert resolve_conventions(contract, source) == Conventions(
        DateOrder.DMY, ",", "Europe/Berlin", frozenset({"", "unknown", "-999"}), ("Rs.",),
        {"at": ("dd.MM.yyyy",)}, "eur", minor_units=True,
    )  # fmt: skip
    assert resolve_conventions(contract, replace(source, currency="Currency")).currency is None
    assert resolve_conventions(contract, None) == Conventions(DateOrder.MDY)


def test_a_sources_null_words_stand_in_place_of_the_columns_but_not_for_typed_values() -> None:
    conventions = Conventions(DateOrder.MDY, null_words=lowered(("", "-999", "7")))
    found = amounts(
        conventions,
        text=["-999", " 7 ", "-999", "n/a", "", "8"],
        is_typed=[False, False, True, False, False, None],
    )
    assert [(value, uncastable) for value, uncastable, _ in found] == [
        (None, None), (None, None), (D("-999"), None), (None, "n/a"), (None, None), (D("8"), None),
    ]  # fmt: skip


def test_a_columns_null_words_may_be_numbers() -> None:
    reader = ColumnReader("c", DataType(Kind.INTEGER), lowered(("", "999")), Conventions(DateOrder.MDY))
    value, _ = reader.read({text_column("c"): pa.array(["999", "0999", " 999", "99"])}, 4, reader.read_text)
    assert value.to_pylist() == [None, 999, None, 99]


def test_formats_come_before_all_other_forms() -> None:
    conventions = Conventions(
        DateOrder.MDY, ".", "Europe/Berlin", formats={"c": ("yyyy-dd-MM'T'HH:mm:ss'Z'", "dd/MM/yyyy")}
    )
    reader = ColumnReader("c", DataType(Kind.TIMESTAMP), DEFAULT_WORDS, conventions, notes_uncastable=True)
    texts = ["2024-02-01T12:00:00Z", "2/1/2024", "02/01/2024", "2024-01-31T12:00:00Z", "n/a", "x"]
    value, (uncastable, date_only) = reader.read(
        {text_column("c"): pa.array(texts)}, len(texts), reader.read_text
    )
    assert pc.strftime(value, "%m-%d %H").to_pylist() == [
        "01-02 11",
        "02-01 00",
        "01-02 00",
        "01-31 12",
        None,
        None,
    ]
    assert uncastable.to_pylist() == [None] * 5 + ["x"]
    assert date_only.to_pylist() == [False, True, True, False, None, False]


def test_a_target_accepts_what_its_column_casts_to_a_value() -> None:
    key = Column("tx_id", DataType(Kind.STRING), primary_key_position=1, null_words=("", "x"))
    assert [TargetColumn.of(key).is_value(text) for text in ("x", "\u200ex", "n/a", "", None)] == [
        False
    ] * 2 + [True] + [False] * 2
    own = TargetColumn.of(key, lowered(("", "n/a")))
    assert [own.is_value(text) for text in ("x", "\u200ex", "N/A", "", None)] == [
        True,
        True,
        False,
        False,
        False,
    ]


@given(some.integers(0, 5), some.sampled_from([DEFAULT_WORDS, lowered(("", "-999", "GB"))]), some.data())
def test_extras_are_written_as_each_rows_alone(
    rows: int, null_words: frozenset[str], data: some.DataObject
) -> None:
    column = some.lists(TEXTS, min_size=rows, max_size=rows)
    names = data.draw(some.lists(some.sampled_from(['a"', "b", "é"]), unique=True))
    unknown = [(name, data.draw(some.lists(column, min_size=1, max_size=2))) for name in names]
    written = extra_texts(
        [(name, [pa.array(texts, pa.string()) for texts in several]) for name, several in unknown],
        rows,
        null_words,
    )
    assert written.to_pylist() == [
        extra_text([(name, [texts[row] for texts in several]) for name, several in unknown], null_words)
        for row in range(rows)
    ]
