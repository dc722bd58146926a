"""Records that are taken apart together come out as each of them would on its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.inventory import FileFormat
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.choice import assign
from transforms.bronze_to_silver.cutting import Cutter
from transforms.bronze_to_silver.delimited_fields import Dialect
from transforms.bronze_to_silver.delimited_form import DelimitedForm
from transforms.bronze_to_silver.json_form import JsonForm
from transforms.bronze_to_silver.placement import Places
from transforms.bronze_to_silver.records import FLAW, KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from transforms.bronze_to_silver.cutting import Form

PROMISED = ("event_id", "message")
FEEDS = {
    "as promised": PROMISED,
    "columns that nobody knows": ("Shoe Size", "event_id", "shoe_size", "message", "b"),
    "a column from two sources": ("event_id", "message", "MESSAGE"),
    "one column": ("event_id",),
}


class OneByOneForm(DelimitedForm):
    """Takes every record apart on its own."""

    def plain(self, records: pa.StringArray) -> None:
        """Know no plain way."""


def texts(records: Sequence[str]) -> pa.RecordBatch:
    """Return records of one file as Spark hands them over."""
    columns = [pa.array(of, pa.string()) for of in (["f"] * len(records), records)]
    return pa.RecordBatch.from_arrays(columns, [KEY, TEXT])


class OneByOneJson(JsonForm):
    """Takes every object apart on its own."""

    def plain(self, records: pa.StringArray) -> None:
        """Know no plain way."""


def cut(form: Form, names: Sequence[str], records: Sequence[str]) -> list[tuple[object, ...]]:
    """Return the rows of records, in order of what was written."""
    cutter = Cutter(form, Places(EVENTS, assign(names, EVENTS, None)), {})
    rows = [row for of in cutter.cut([texts(records)]) for row in of.to_pylist()]
    return sorted((tuple(row.values()) for row in rows), key=repr)


@given(data=st.data())
@pytest.mark.parametrize("names", FEEDS.values(), ids=FEEDS)
@pytest.mark.parametrize("delimiter", [",", "\t", "§", " "])
@pytest.mark.parametrize("quote", ['"', ""])
def test_plain_records_are_cut_as_each_on_its_own(
    names: tuple[str, ...], delimiter: str, quote: str, data: st.DataObject
) -> None:
    form = DelimitedForm(Dialect(delimiter, quote), names, data.draw(st.sampled_from([names, ()])), False)
    characters = ["a", "é", " ", "\u00a0", "\t", "\r", '"', delimiter, "日", "\ufeff"]
    some = st.text(st.sampled_from(characters), max_size=9)
    good = st.lists(st.sampled_from(["", "x", " n/a", "日本"]), min_size=len(names), max_size=len(names))
    written = some | good.map(delimiter.join) | st.just(delimiter.join(names))
    records = data.draw(st.lists(written, max_size=12))
    one_by_one = OneByOneForm(form.dialect, names, form.header, False)
    assert cut(form, names, records) == cut(one_by_one, names, records)


@given(data=st.data())
@pytest.mark.parametrize("names", FEEDS.values(), ids=FEEDS)
def test_plain_objects_are_cut_as_each_on_its_own(names: tuple[str, ...], data: st.DataObject) -> None:
    values = (
        st.none() | st.text(st.sampled_from('aé" \\'), max_size=3) | st.just(1.5) | st.just([True, {"a": 1}])
    )
    good = st.lists(values, min_size=len(names), max_size=len(names))
    written = good.map(lambda held: json.dumps(dict(zip(names, held, strict=True))))
    records = data.draw(st.lists(written | st.sampled_from(["", "x", "{}", '{"event_id":1}']), max_size=12))
    form, one_by_one = (of(FileFormat.JSON_LINES) for of in (JsonForm, OneByOneJson))
    assert cut(form, names, records) == cut(one_by_one, names, records)


def test_a_record_is_plain_that_is_well_quoted_and_no_header() -> None:
    form = DelimitedForm(Dialect(",", '"'), PROMISED, PROMISED, is_whole=False)
    rows = ["1,a", '2,"b, ""c"""', ",", '5" pipe,c', "event_id,x"]
    others = ["event_id,message", '"event_id",message', "3", "4,d,e", '6,"d"e', '7,"', "8,\r"]
    plain = form.plain(pa.array([*others[:2], *rows, *others[2:]]))
    assert plain is not None
    assert plain.is_among.to_pylist() == [False] * 2 + [True] * len(rows) + [False] * 5
    ids, messages = (column.to_pylist() for column in plain.columns)
    assert ids == ["1", "2", "", '5" pipe', "event_id"]
    assert messages == ["a", 'b, "c"', "", "c", "x"]


@pytest.mark.parametrize(("delimiter", "quote"), [("§", '"'), (",", "“")])
def test_a_dialect_that_arrow_does_not_know_is_read_record_by_record(delimiter: str, quote: str) -> None:
    form = DelimitedForm(Dialect(delimiter, quote), PROMISED, (), is_whole=False)
    records = [f"1{delimiter}a", f"2{delimiter}{quote}b{quote}", delimiter]
    assert form.plain(pa.array(records)) is None
    one_by_one = OneByOneForm(form.dialect, PROMISED, (), is_whole=False)
    assert cut(form, PROMISED, records) == cut(one_by_one, PROMISED, records)


def test_where_nothing_is_quoted_a_quote_is_plain() -> None:
    form = DelimitedForm(Dialect("|", ""), PROMISED, (), is_whole=False)
    plain = form.plain(pa.array(['1|"a"', "2|b|c"]))
    assert plain is not None
    assert [column.to_pylist() for column in plain.columns] == [["1"], ['"a"']]


def test_no_record_is_lost_and_the_flawed_ones_say_why() -> None:
    form = DelimitedForm(Dialect(",", '"'), PROMISED, PROMISED, is_whole=False)
    cutter = Cutter(form, Places(EVENTS, assign(PROMISED, EVENTS, None)), {})
    flaws = {
        raw: flaw
        for of in cutter.cut([texts(["1,a", "2", '3,"b', "4,c"])])
        for raw, flaw in zip(of.column(1).to_pylist(), of.column(FLAW).to_pylist(), strict=True)
    }
    assert flaws == {"1,a": None, "4,c": None, "2": "1 fields, expected 2", '3,"b': "broken quoting"}
