"""Parsing of CSV records: the same fields for one record or many."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats.csv_dialect import MOST_FIELDS, CsvDialect

RECORDS = st.lists(st.text(st.sampled_from("ab,;\"' \r\t\né"), min_size=1, max_size=12), max_size=8)
FIELDS = st.text(st.sampled_from("a,;\"'\t\n\r é\ufeff\0"), max_size=5)
DIALECTS = st.builds(CsvDialect, st.sampled_from(",;\t"), st.sampled_from(["", '"', "'"]))


@given(records=RECORDS, dialect=DIALECTS)
def test_many_records_at_once_have_the_fields_that_each_has_alone(
    records: list[str], dialect: CsvDialect
) -> None:
    assert dialect.fields_of_all(records) == [dialect.fields_of(record) for record in records]


@given(
    rows=st.lists(st.lists(FIELDS, min_size=3, max_size=3) | st.lists(FIELDS), max_size=6), dialect=DIALECTS
)
def test_columns_hold_the_fields_of_each_record(rows: list[list[str]], dialect: CsvDialect) -> None:
    written = [dialect.delimiter.join(fields) for fields in rows]
    written += [quoted(dialect, fields) for fields in rows]
    records = pa.array(written, pa.string())
    have_three = dialect.have_fields(records, 3)
    columns = dialect.columns_of(records.filter(have_three), 3)
    alone = [dialect.fields_of(record) for record in records.filter(have_three).to_pylist()]
    assert [list(fields) for fields in zip(*(column.to_pylist() for column in columns), strict=True)] == alone


def quoted(dialect: CsvDialect, fields: list[str]) -> str:
    """Return a record with all of its fields quoted."""
    quote = dialect.quote
    return dialect.delimiter.join(f"{quote}{field.replace(quote, quote * 2)}{quote}" for field in fields)


@pytest.mark.parametrize("fields", [["", "", ""], ["a,b", 'a"b', "a\nb"], ["\ufeffa", "", " "]])
def test_well_quoted_records_are_parsed_into_columns(fields: list[str]) -> None:
    dialect = CsvDialect(",", '"')
    records = pa.array([quoted(dialect, fields)], pa.string())
    assert dialect.have_fields(records, 3).to_pylist() == [True]
    assert [column.to_pylist() for column in dialect.columns_of(records, 3)] == [[field] for field in fields]


def test_one_pattern_matches_up_to_most_fields() -> None:
    dialect = CsvDialect(",", '"')
    records = pa.array([",".join(['"x"', "y"] * (MOST_FIELDS // 2))], pa.string())
    assert dialect.have_fields(records, MOST_FIELDS).to_pylist() == [True]
    assert dialect.have_fields(records, MOST_FIELDS - 1).to_pylist() == [False]


@given(text=st.text(st.sampled_from('ab,"\n'), max_size=30))
def test_no_character_of_a_text_is_lost_between_its_records(text: str) -> None:
    assert "\n".join(CsvDialect(",", '"').records_of(text)) == text.removesuffix("\n")


def test_a_field_beyond_the_limit_of_pythons_csv_is_read() -> None:
    long = "x" * 200_000
    assert CsvDialect(",", '"').fields_of_all([f'"{long}",y']) == [[long, "y"]]
