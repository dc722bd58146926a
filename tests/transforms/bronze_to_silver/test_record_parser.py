"""Records parsed as whole columns equal records parsed one by one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory import FileFormat
from contracts.system_columns import SOURCE_FILE
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.column_mapping import ColumnMapper
from transforms.bronze_to_silver.csv_records import CsvRecordFormat
from transforms.bronze_to_silver.json_records import JsonRecordFormat
from transforms.bronze_to_silver.record_columns import FLAW, TEXT
from transforms.bronze_to_silver.record_parser import RecordParser
from transforms.bronze_to_silver.source_columns import SourceSpecs
from transforms.formats.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transforms.bronze_to_silver.record_parser import RecordFormat

PROMISED = ("event_id", "message")
FEEDS = {
    "as promised": PROMISED,
    "unknown columns": ("Shoe Size", "event_id", "shoe_size", "message", "b"),
    "a column from two sources": ("event_id", "message", "MESSAGE"),
    "one column": ("event_id",),
}


class OneByOneCsv(CsvRecordFormat):
    """Parses every record on its own."""

    def parse_plain(self, records: pa.StringArray) -> None:
        """Support no plain records."""


def texts(records: Sequence[str]) -> pa.RecordBatch:
    """Return records of one file as Spark hands them over."""
    columns = [pa.array(of, pa.string()) for of in (["f"] * len(records), records)]
    return pa.RecordBatch.from_arrays(columns, [SOURCE_FILE, TEXT])


class OneByOneJson(JsonRecordFormat):
    """Parses every object on its own."""

    def parse_plain(self, records: pa.StringArray) -> None:
        """Support no plain records."""


def parsed(form: RecordFormat, records: Sequence[str]) -> list[tuple[object, ...]]:
    """Return the rows of records, sorted."""
    parser = RecordParser(form, ColumnMapper(EVENTS, SourceSpecs()), {})
    rows = [row for batch in parser.parse([texts(records)]) for row in batch.to_pylist()]
    return sorted((tuple(row.values()) for row in rows), key=repr)


@given(data=st.data())
@pytest.mark.parametrize("names", FEEDS.values(), ids=FEEDS)
@pytest.mark.parametrize("delimiter", [",", "\t", "§", " "])
@pytest.mark.parametrize("quote", ['"', ""])
def test_plain_records_are_parsed_as_each_on_its_own(
    names: tuple[str, ...], delimiter: str, quote: str, data: st.DataObject
) -> None:
    form = CsvRecordFormat(
        CsvDialect(delimiter, quote), names, data.draw(st.sampled_from([names, ()])), False
    )
    characters = ["a", "é", " ", "\u00a0", "\t", "\r", '"', delimiter, "日", "\ufeff"]
    some = st.text(st.sampled_from(characters), max_size=9)
    good = st.lists(st.sampled_from(["", "x", " n/a", "日本"]), min_size=len(names), max_size=len(names))
    written = some | good.map(delimiter.join) | st.just(delimiter.join(names))
    records = data.draw(st.lists(written, max_size=12))
    one_by_one = OneByOneCsv(form.dialect, names, form.header, False)
    assert parsed(form, records) == parsed(one_by_one, records)


@given(data=st.data())
@pytest.mark.parametrize("names", FEEDS.values(), ids=FEEDS)
def test_plain_objects_are_parsed_as_each_on_its_own(names: tuple[str, ...], data: st.DataObject) -> None:
    values = (
        st.none() | st.text(st.sampled_from('aé" \\'), max_size=3) | st.just(1.5) | st.just([True, {"a": 1}])
    )
    good = st.lists(values, min_size=len(names), max_size=len(names))
    written = good.map(lambda held: json.dumps(dict(zip(names, held, strict=True))))
    records = data.draw(st.lists(written | st.sampled_from(["", "x", "{}", '{"event_id":1}']), max_size=12))
    form, one_by_one = (of(FileFormat.JSON_LINES) for of in (JsonRecordFormat, OneByOneJson))
    assert parsed(form, records) == parsed(one_by_one, records)


def test_a_well_quoted_record_that_is_no_header_is_plain() -> None:
    form = CsvRecordFormat(CsvDialect(",", '"'), PROMISED, PROMISED)
    rows = ["1,a", '2,"b, ""c"""', ",", '5" pipe,c', "event_id,x"]
    others = ["event_id,message", '"event_id",message', "3", "4,d,e", '6,"d"e', '7,"', "8,\r"]
    plain = form.parse_plain(pa.array([*others[:2], *rows, *others[2:]]))
    assert plain is not None
    assert plain.is_among.to_pylist() == [False] * 2 + [True] * len(rows) + [False] * 5
    ids, messages = (column.to_pylist() for column in plain.columns)
    assert ids == ["1", "2", "", '5" pipe', "event_id"]
    assert messages == ["a", 'b, "c"', "", "c", "x"]


@pytest.mark.parametrize(("delimiter", "quote"), [("§", '"'), (",", "“")])
def test_a_dialect_that_arrow_cannot_read_is_read_record_by_record(delimiter: str, quote: str) -> None:
    form = CsvRecordFormat(CsvDialect(delimiter, quote), PROMISED, ())
    records = [f"1{delimiter}a", f"2{delimiter}{quote}b{quote}", delimiter]
    assert form.parse_plain(pa.array(records)) is None
    one_by_one = OneByOneCsv(form.dialect, PROMISED, ())
    assert parsed(form, records) == parsed(one_by_one, records)


def test_where_nothing_is_quoted_a_quote_is_plain() -> None:
    form = CsvRecordFormat(CsvDialect("|", ""), PROMISED, ())
    plain = form.parse_plain(pa.array(['1|"a"', "2|b|c"]))
    assert plain is not None
    assert [column.to_pylist() for column in plain.columns] == [["1"], ['"a"']]


def test_no_record_is_lost_and_each_flaw_is_named() -> None:
    form = CsvRecordFormat(CsvDialect(",", '"'), PROMISED, PROMISED)
    parser = RecordParser(form, ColumnMapper(EVENTS, SourceSpecs()), {})
    flaws = {
        raw: flaw
        for batch in parser.parse([texts(["1,a", "2", '3,"b', "4,c"])])
        for raw, flaw in zip(batch.column(1).to_pylist(), batch.column(FLAW).to_pylist(), strict=True)
    }
    assert flaws == {"1,a": None, "4,c": None, "2": "1 fields, expected 2", '3,"b': "broken quoting"}
