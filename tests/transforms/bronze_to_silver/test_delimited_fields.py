"""A delimited record is taken apart in one way, however many are taken at once."""

from __future__ import annotations

import doctest

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.bronze_to_silver import delimited_fields
from transforms.bronze_to_silver.delimited_fields import MOST_FIELDS, Dialect

RECORDS = st.lists(st.text(st.sampled_from("ab,;\"' \r\t\né"), min_size=1, max_size=12), max_size=8)
FIELDS = st.text(st.sampled_from("a,;\"'\t\n\r é\ufeff\0"), max_size=5)
DIALECTS = st.builds(Dialect, st.sampled_from(",;\t"), st.sampled_from(["", '"', "'"]))


@given(records=RECORDS, dialect=DIALECTS)
def test_many_records_at_once_have_the_fields_that_each_has_alone(
    records: list[str], dialect: Dialect
) -> None:
    assert dialect.fields_of_all(records) == [dialect.fields_of(record) for record in records]


@given(
    rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3) | st.lists(FIELDS), max_size=6), dialect=DIALECTS
)
def test_columns_hold_the_fields_that_each_record_has_alone(rows: list[list[str]], dialect: Dialect) -> None:
    written = [dialect.delimiter.join(fields) for fields in rows]
    written += [quoted(dialect, fields) for fields in rows]
    records = pa.array(written, pa.string())
    have_three = dialect.have_fields(records, 3)
    told = dialect.columns_of(records.filter(have_three), 3)
    alone = [dialect.fields_of(record) for record in records.filter(have_three).to_pylist()]
    assert [list(fields) for fields in zip(*(column.to_pylist() for column in told), strict=True)] == alone


def quoted(dialect: Dialect, fields: list[str]) -> str:
    """Return a record with all of its fields quoted."""
    quote = dialect.quote
    return dialect.delimiter.join(f"{quote}{field.replace(quote, quote * 2)}{quote}" for field in fields)


@pytest.mark.parametrize("fields", [["", "", ""], ["a,b", 'a"b', "a\nb"], ["\ufeffa", "", " "]])
def test_what_is_quoted_well_is_told_column_by_column(fields: list[str]) -> None:
    dialect = Dialect(",", '"')
    records = pa.array([quoted(dialect, fields)], pa.string())
    assert dialect.have_fields(records, 3).to_pylist() == [True]
    assert [column.to_pylist() for column in dialect.columns_of(records, 3)] == [[field] for field in fields]


def test_as_many_fields_as_are_promised_are_told_by_one_pattern() -> None:
    dialect = Dialect(",", '"')
    records = pa.array([",".join(['"x"', "y"] * (MOST_FIELDS // 2))], pa.string())
    assert dialect.have_fields(records, MOST_FIELDS).to_pylist() == [True]
    assert dialect.have_fields(records, MOST_FIELDS - 1).to_pylist() == [False]


@given(text=st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_no_character_of_a_text_is_lost_between_its_records(text: str) -> None:
    assert "\n".join(Dialect(",", '"').records_of(text)) == text.removesuffix("\n")


def test_a_field_longer_than_csv_takes_is_a_field() -> None:
    long = "x" * 200_000
    assert Dialect(",", '"').fields_of_all([f'"{long}",y']) == [[long, "y"]]


def test_the_examples_hold() -> None:
    assert doctest.testmod(delimited_fields).failed == 0
