"""Sheets of quarantined rows: what is written is read back, also after a spreadsheet has saved it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.errors import ConfigurationError
from dags.corrections.sheet import FILE, RAW, ROW_ID, read_sheet, write_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

COLUMNS = (ROW_ID, FILE, RAW, "age", "name")
IDS = ("0" * 31 + "1", "1234e5678901234567890123456789012"[:32], "a" * 32)
ROWS = [
    {ROW_ID: IDS[0], FILE: "a.csv", RAW: "00123,x", "age": "300", "name": '=HYPERLINK("http://x")'},
    {ROW_ID: IDS[1], FILE: "b/2024-01-02.csv", RAW: 'two\nlines, "q"', "age": "", "name": "'quoted"},
    {ROW_ID: IDS[2], FILE: "c.csv", RAW: "-1;+2;@x", "age": "1e5", "name": "Ann"},
]


def cells(path: Path) -> list[dict[str, str]]:
    return [{ROW_ID: row.row_id, **row.cells} for row in read_sheet(path)]


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.ndjson", "SHEET.CSV"])
def test_a_sheet_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write_sheet(path, COLUMNS, ROWS) == 3
    assert cells(path) == ROWS


@given(
    texts=some.lists(
        some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
        min_size=1,
        max_size=4,
    )
)
def test_every_text_is_read_back_and_none_is_a_formula(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("sheet") / "s.csv"
    rows = [{ROW_ID: f"{number:032x}", "name": text} for number, text in enumerate(texts)]
    write_sheet(path, (ROW_ID, "name"), rows)
    assert cells(path) == rows
    with path.open(encoding="utf-8-sig", newline="") as file:
        written = [row["name"].lstrip() for row in csv.DictReader(file)]
    assert not [text for text in written if text[:1] in set("=+-@|%")]


def saved(path: Path, delimiter: str, line_end: str, order: Sequence[int], *, bom: bool) -> None:
    """Save a sheet as a spreadsheet would: other delimiter, line ends, order of columns; a row deleted."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([[row[at] for at in order] for row in (rows[0], *rows[2:])])
    path.write_bytes((b"\xef\xbb\xbf" if bom else b"") + out.getvalue().encode())


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(("line_end", "bom"), [("\r\n", True), ("\n", False)])
def test_a_sheet_that_went_through_a_spreadsheet_is_taken(
    tmp_path: Path, delimiter: str, line_end: str, *, bom: bool
) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet(path, COLUMNS, ROWS)
    saved(path, delimiter, line_end, (3, 0, 4, 2, 1), bom=bom)
    assert cells(path) == ROWS[1:]


def test_further_columns_and_empty_lines_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(f"note,row_id,age\nx,{IDS[2]},33\n,,\n\n")
    (row,) = read_sheet(path)
    assert (row.line, row.row_id, dict(row.cells)) == (2, IDS[2], {"note": "x", "age": "33"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "row_id,age\n1.234E+31,3\n" + "a" * 32 + ",3\n",
            "1 row ids are not as exported.*line 2: 1.234E\\+31",
        ),
        ("age\n3\n", "no column row_id"),
        ("", "no column row_id.*an empty file"),
        (f"row_id,age\n{IDS[2]},3\n{IDS[2]},4\n", f"two different rows with the id {IDS[2]}"),
    ],
)
def test_a_sheet_that_cannot_be_trusted_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_sheet(path)


def test_a_text_that_a_spreadsheet_would_cut_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    write_sheet(path, (ROW_ID, RAW), [{ROW_ID: IDS[0], RAW: "x" * 40_000}])
    assert cells(path) == [{ROW_ID: IDS[0], RAW: ""}]


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sheet.csv").write_text("mine")
    with pytest.raises(ConfigurationError, match="the file exists"):
        write_sheet(tmp_path / "sheet.csv", COLUMNS, ROWS)
    with pytest.raises(ConfigurationError, match="unknown kind of sheet"):
        write_sheet(tmp_path / "sheet.xlsx", COLUMNS, ROWS)
