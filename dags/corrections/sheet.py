"""Sheets of quarantined rows that a steward edits: CSV for spreadsheets, or JSON lines (spec 8).

A spreadsheet alters what looks like a number, a date or a formula. So a cell of a CSV sheet that holds a
digit, or begins like a formula, begins with an apostrophe, which is removed when the sheet is read.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

ROW_ID, FILE, RULES, RAW = "row_id", "source_file", "failed_rules", "raw"
LONGEST_CELL = 32_767  # characters that a cell of a spreadsheet holds; the rest is lost
_APOSTROPHE = "'"
_ALTERED = re.compile(r"\A\s*['=+\-@|%]|[0-9\t\r]")
_ROW_ID = re.compile(r"[0-9a-f]{32}")
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row of a sheet. ``cells``: texts by column; a column that the sheet lacks is missing.

    ``line``: of the file, from 1. ``raw`` is one of the cells.
    """

    line: int
    row_id: str
    cells: Mapping[str, str]


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> int:
    """Write rows to a sheet, ``.csv`` or ``.ndjson`` by its name; return their number.

    Args:
        path: of the sheet, which must not exist.
        columns: of the sheet, in order.
        rows: texts by column.

    Raises:
        ConfigurationError: another extension, or the file exists.
    """
    is_json = _is_json(path)
    count = 0
    try:
        with path.open("x", encoding="utf-8" if is_json else "utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            if not is_json:
                writer.writerow(columns)
            for row in rows:
                count += 1
                if is_json:
                    cells = {name: row.get(name) for name in columns}
                    file.write(json.dumps(cells, ensure_ascii=False) + "\n")
                else:
                    writer.writerow([_protected(row.get(name, "")) for name in columns])
    except FileExistsError:
        raise ConfigurationError(
            "the file exists", where=str(path), next_step="remove it, or give another --out"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", where=str(path)) from error
    return count


def read_sheet(path: Path) -> list[SheetRow]:
    """Return the rows of a sheet, also after a spreadsheet has saved it.

    Delimiter, byte-order mark, line ends, order of columns and further columns do not matter, and rows may
    be missing.

    Raises:
        ConfigurationError: not a sheet; or row ids that were altered or occur twice, with their lines.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "not UTF-8", where=str(path), next_step="save the sheet as CSV in UTF-8"
        ) from error
    rows = _read_json(path, text) if _is_json(path) else _read_csv(path, text)
    _check_row_ids(path, rows)
    return rows


def _is_json(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".ndjson", ".jsonl"):
        raise ConfigurationError(
            "unknown kind of sheet", where=str(path), expected=".csv or .ndjson", found=repr(path.suffix)
        )
    return suffix != ".csv"


def _protected(cell: str) -> str:
    """Return a cell that a spreadsheet leaves as it is; empty where it would be cut."""
    if len(cell) > LONGEST_CELL - 1:
        return ""
    return f"{_APOSTROPHE}{cell}" if _ALTERED.search(cell) else cell


def _read_csv(path: Path, text: str) -> list[SheetRow]:
    head = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=head.count)
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = [name.strip().strip('"').lstrip(_APOSTROPHE) for name in next(reader, [])]
    if ROW_ID not in header:
        raise ConfigurationError(
            f"no column {ROW_ID}",
            where=str(path),
            found=", ".join(header[:10]) or "an empty file",
            next_step="begin with the sheet of: lakegate quarantine export",
        )
    rows = []
    line = reader.line_num + 1
    for cells in reader:
        if any(cells):
            texts = {
                name: cell.removeprefix(_APOSTROPHE)
                for name, cell in zip(header, cells, strict=False)
                if name
            }
            rows.append(SheetRow(line, texts.pop(ROW_ID, "").strip(), texts))
        line = reader.line_num + 1
    return rows


def _read_json(path: Path, text: str) -> list[SheetRow]:
    rows = []
    for line, record in enumerate(text.split("\n"), 1):
        if not record.strip():
            continue
        try:
            cells = json.loads(record)
        except ValueError:
            cells = None
        if not isinstance(cells, dict):
            raise ConfigurationError(
                "not a JSON object",
                where=f"{path}, line {line}",
                next_step="write one object a line, as lakegate quarantine export does",
            )
        texts = {name: "" if value is None else _as_text(value) for name, value in cells.items()}
        rows.append(SheetRow(line, texts.pop(ROW_ID, ""), texts))
    return rows


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check_row_ids(path: Path, rows: Sequence[SheetRow]) -> None:
    altered = [row for row in rows if not _ROW_ID.fullmatch(row.row_id)]
    if altered:
        listed = ", ".join(f"line {row.line}: {row.row_id or 'empty'}" for row in altered[:10])
        raise ConfigurationError(
            f"{len(altered):,} row ids are not as exported, 32 hexadecimal digits",
            where=str(path),
            found=listed,
            next_step="restore the column row_id, for example by a new export",
        )
    seen: dict[str, SheetRow] = {}
    for row in rows:
        other = seen.setdefault(row.row_id, row)
        if other.cells != row.cells:
            raise ConfigurationError(
                f"two different rows with the id {row.row_id}",
                where=f"{path}, lines {other.line} and {row.line}",
                next_step="keep one of them",
            )
