"""Cells of single records, read and changed in the form in which their file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.inventory import FileFacts, FileFormat
from tests.transforms.promises import EVENTS
from transforms.bronze_to_silver.layouts import layout_of
from transforms.bronze_to_silver.record_editing import RecordEditor
from transforms.bronze_to_silver.source_plan import source_plans
from transforms.formats.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from typing import Any


def editor(form: FileFormat = FileFormat.DELIMITED, **facts: Any) -> RecordEditor:
    given = {"delimiter": ",", "header": True, "names": ("event_id", "user_id", "ts", "age", "Message")}
    file = FileFacts("f", 1, "", form, **(given if form is FileFormat.DELIMITED else {}) | facts)
    return RecordEditor(layout_of(file), source_plans(None, EVENTS, [file])[None])


JSON = editor(FileFormat.JSON_LINES, names=("event_id",))


def test_a_records_cells_are_its_texts_by_contract_column() -> None:
    assert editor().cells('1,u,2024-01-01, 34 ,"a, ""b"""') == {
        "event_id": "1",
        "user_id": "u",
        "ts": "2024-01-01",
        "age": " 34 ",
        "message": 'a, "b"',
    }
    assert editor().cells("1,u") is None
    assert JSON.cells('{"Event ID":1,"price":1.50,"age":null,"extra":[1]}') == {
        "event_id": "1",
        "price": "1.50",
        "age": None,
    }
    assert JSON.cells("no JSON") is None


@pytest.mark.parametrize(
    ("facts", "raw", "changed", "expected"),
    [
        ({}, "1,u,t,300,m", {"age": "30"}, "1,u,t,30,m"),
        ({}, "1,u,t,300,m", {"message": 'say "x", or\ny'}, '1,u,t,300,"say ""x"", or\ny"'),
        ({"quote": "", "delimiter": "|"}, "1|u|t|300|m", {"age": ""}, "1|u|t||m"),
        ({"escape": "\\"}, "1,u,t,3,m", {"message": '\\"'}, '1,u,t,3,"\\\\"""'),
        (
            {"names": ("uid", "x", "customer_id", "age", "event_id")},
            "null,x,b,3,1",
            {"user_id": "u"},
            "null,x,u,3,1",
        ),
        ({"names": ("uid", "x", "customer_id", "age", "event_id")}, "a,x,b,3,1", {"user_id": ""}, ",x,,3,1"),
    ],
)
def test_a_delimited_record_is_changed_in_its_dialect(
    facts: dict[str, Any], raw: str, changed: dict[str, str], expected: str
) -> None:
    assert editor(**facts).with_cells(raw, changed) == expected
    cells = editor(**facts).cells(expected)
    assert cells is not None
    assert {column: cells[column] or "" for column in changed} == changed


@pytest.mark.parametrize(
    ("raw", "changed", "expected"),
    [
        ('{"age": 300, "x": [1.0]}', {"age": "30"}, '{"age":30,"x":[1.0]}'),
        ('{"age": 300}', {"age": "thirty"}, '{"age":"thirty"}'),
        ('{"age": "300"}', {"age": "30"}, '{"age":"30"}'),
        ('{"age": 300, "age": 1}', {"age": ""}, '{"age":null,"age":null}'),
        ('{"age": null}', {"message": 'ü"'}, '{"age":null,"message":"ü\\""}'),
        ('{"Event ID": 1}', {"event_id": "2"}, '{"Event ID":2}'),
    ],
)
def test_a_json_record_keeps_its_types_and_takes_new_members(
    raw: str, changed: dict[str, str], expected: str
) -> None:
    assert JSON.with_cells(raw, changed) == expected


@pytest.mark.parametrize(
    ("edited", "raw", "changed", "message"),
    [
        (editor(), "1,u", {"age": "1"}, "cannot be parsed"),
        (editor(), "1,u,t,3,m", {"email": "a@b.c"}, "no column of the file holds email"),
        (editor(quote=""), "1,u,t,3,m", {"message": "a,b"}, "quotes nothing"),
    ],
)
def test_a_record_that_cannot_hold_a_cell_is_refused(
    edited: RecordEditor, raw: str, changed: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        edited.with_cells(raw, changed)


TEXTS = some.text(some.sampled_from("ab ,;|\"'\\\n\r\tü"), max_size=6)


@given(
    fields=some.lists(TEXTS, min_size=2, max_size=5),
    delimiter=some.sampled_from([",", ";", "|", "\t", "||"]),
    quote=some.sampled_from(['"', "'"]),
    escape=some.sampled_from(["", "\\"]),
)
def test_fields_written_as_a_record_are_read_back(
    fields: list[str], delimiter: str, quote: str, escape: str
) -> None:
    dialect = CsvDialect(delimiter, quote, escape)
    record = dialect.record_of(fields)
    assert dialect.fields_of(record) == fields
    assert dialect.fields_of_all([record]) == [fields]
