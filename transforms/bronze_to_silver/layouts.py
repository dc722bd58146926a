"""How the files of BRONZE are laid out, and in which format their records are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.inventory import FileFormat
from transforms.bronze_to_silver.csv_records import CsvRecordFormat
from transforms.bronze_to_silver.json_records import JsonRecordFormat
from transforms.bronze_to_silver.text_files import NO_EDGES, Edges
from transforms.formats.csv_dialect import CsvDialect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.inventory import FileFacts
    from transforms.bronze_to_silver.record_parser import RecordFormat


@dataclass(frozen=True, slots=True)
class FileLayout:
    """How a file is read. Files of one layout are read together, whatever their compression and encoding.

    ``names``: the columns of delimited text by position. ``header``: the names in its headers, if any.
    ``edges``: the lines of text that are not records. ``record_path``: keys that lead to the array of
    records. ``is_corrected``: whether corrections change any of its records.
    """

    source: str | None
    format: FileFormat
    dialect: CsvDialect | None = None
    names: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    schema: str = ""
    edges: Edges = NO_EDGES
    record_path: tuple[str, ...] = ()
    is_corrected: bool = False


def layout_of(facts: FileFacts) -> FileLayout:
    """Return how a file without corrections is read.

    Raises:
        ValueError: the facts are incomplete.
    """
    is_delimited = facts.format is FileFormat.DELIMITED
    if facts.format is None or (is_delimited and not (facts.delimiter and facts.names)):
        raise ValueError(
            f"file {facts.key}: expected the format (and delimiter and columns) of a valid file, found "
            f"{facts.format}; run raw_to_bronze again"
        )
    if facts.format is FileFormat.PARQUET:
        return FileLayout(facts.source, facts.format, schema=facts.schema or "")
    edges = Edges(facts.skip_lines, facts.footer_lines)
    if is_delimited:
        dialect = CsvDialect(facts.delimiter or ",", facts.quote, facts.escape)
        header = (facts.replaced_names or facts.names) if facts.header else ()
        return FileLayout(facts.source, facts.format, dialect, facts.names, header, edges=edges)
    # All JSON formats are parsed alike once the records are split.
    return FileLayout(facts.source, FileFormat.JSON_LINES, edges=edges, record_path=facts.record_path)


def record_format(layout: FileLayout, facts: FileFacts) -> RecordFormat:
    """Return how a text file of a layout writes its records."""
    if layout.dialect is None:
        return JsonRecordFormat(facts.format or layout.format, layout.record_path)
    names = _unique_names(layout.names)
    return CsvRecordFormat(layout.dialect, names, layout.header, facts.multiline, facts.line_end)


def single_format(layout: FileLayout) -> RecordFormat:
    """Return how records are written that are given one by one; a row of Parquet is a JSON object."""
    if layout.dialect is None:
        return JsonRecordFormat(FileFormat.JSON_LINES)
    return CsvRecordFormat(layout.dialect, _unique_names(layout.names), layout.header)


def _unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Append blanks to repeated names, which does not change their stripped form."""
    unique: list[str] = []
    for name in names:
        distinct = name
        while distinct in unique:
            distinct += " "
        unique.append(distinct)
    return tuple(unique)
