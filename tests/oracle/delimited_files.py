"""Section 3 on delimited text: which delimiter, which header, which columns, and the records below them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.oracle.contract import Contract
from tests.oracle.delimited import BOM, Dialect, delimited_lines, line_end_of, without_outer_lines
from tests.oracle.names import contract_column, normalise, strip_name
from tests.oracle.records import Cell, Record
from tests.oracle.sources import Source, has_column

_DELIMITERS = (",", "\t", ";", "|")
_LINE_SEPARATORS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
_WRITTEN_OUT = ("\\n", "\\r")


class Rejected(Exception):  # noqa: N818  a verdict on a file, not an error of ours
    """The file goes to quarantine/files."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Layout:
    """What is learned of delimited text once: how it is cut, and the stripped names of its columns.

    `header` is the first record as it stands there, where that is no row; `first` and `last` count the
    physical lines at both ends that are no records.
    """

    dialect: Dialect
    names: tuple[str, ...]
    header: tuple[str, ...] | None
    first: int = 0
    last: int = 0


def layout_of(text: str, contract: Contract, source: Source) -> Layout:
    """Raises Rejected where the columns cannot be told."""
    layouts = [_layout(text, delimiter, source) for delimiter in _candidates(source)]
    firsts = [_first_fields(text, layout) for layout in layouts]
    if any(_body(text, layout).lstrip().startswith(("{", "[")) for layout in layouts):
        raise Rejected("content_mismatch", "JSON under a delimited name")
    at = _best(firsts, contract, source)
    layout, first = layouts[at], firsts[at]
    if source.column_names:
        return _with_given_names(layout, first, contract, source)
    if first is None:
        raise Rejected("content_mismatch", "no record is left")
    if _is_header(first, contract, source):
        _refuse_data(first)
        require_sources(first, contract, source)
        names = tuple(strip_name(name) for name in first)
        return Layout(layout.dialect, names, first, layout.first, layout.last)
    if len(first) != len(contract.columns):
        raise Rejected("content_mismatch", f"{len(first)} columns that have no names")
    names = tuple(column.name for column in contract.columns)
    return Layout(layout.dialect, names, None, layout.first, layout.last)


def _candidates(source: Source) -> tuple[str, ...]:
    return _DELIMITERS if source.delimiter is None else (source.delimiter,)


def _layout(text: str, delimiter: str, source: Source) -> Layout:
    dialect = Dialect(delimiter, source.quote, source.escape)
    line_end = line_end_of(text, dialect)
    dialect = Dialect(delimiter, source.quote, source.escape, line_end)
    return Layout(dialect, (), None, source.skip_lines, source.footer_lines)


def _body(text: str, layout: Layout) -> str:
    text = without_outer_lines(text, layout.dialect.line_end, layout.first, layout.last)
    return text.lstrip(BOM)


def _first_fields(text: str, layout: Layout) -> tuple[str, ...] | None:
    first = next(delimited_lines(_body(text, layout), layout.dialect), None)
    return None if first is None else first.fields


def _best(firsts: Sequence[tuple[str, ...] | None], contract: Contract, source: Source) -> int:
    """The first of those under which most names map, else that gives the expected number of columns."""
    found = [() if first is None else first for first in firsts]
    mapped = [sum(_is_known(name, contract, source) for name in names) for names in found]
    if max(mapped) > 0 and not source.column_names:
        return mapped.index(max(mapped))
    width = len(source.column_names) or len(contract.columns)
    widths = [len(names) for names in found]
    return widths.index(width) if width in widths else 0


def _with_given_names(
    layout: Layout, first: tuple[str, ...] | None, contract: Contract, source: Source
) -> Layout:
    names = tuple(strip_name(name) for name in source.column_names)
    if first is not None and len(first) != len(names):
        raise Rejected("content_mismatch", f"{len(first)} columns, columnNames has {len(names)}")
    require_sources(names, contract, source)
    return Layout(layout.dialect, names, first if source.header else None, layout.first, layout.last)


def _is_known(name: str, contract: Contract, source: Source) -> bool:
    return contract_column(contract, name) is not None or strip_name(name) in source.used


def _is_header(names: Sequence[str], contract: Contract, source: Source) -> bool:
    if source.header is not None:
        return source.header
    return not columns_without_a_source(names, contract, source) or (
        2 * sum(_is_known(name, contract, source) for name in names) >= len(names)
    )


def _refuse_data(header: Sequence[str]) -> None:
    """Raises Rejected for a header that is data: a name over several lines."""
    for name in map(strip_name, header):
        if any(mark in name for mark in (*_LINE_SEPARATORS, *_WRITTEN_OUT)):
            raise Rejected("content_mismatch", f"the name {name!r} goes over several lines")


def columns_without_a_source(names: Sequence[str], contract: Contract, source: Source) -> list[str]:
    """The required columns that no name maps to, and no expression computes."""
    stripped = {strip_name(name) for name in names}
    listed = {column for column, spec in source.columns.items() if has_column(stripped, spec)}
    by_name = {contract_column(contract, name) for name in names} - source.listed
    found = listed | set(source.computed) | by_name
    return [c.name for c in contract.columns if c.is_required and c.name not in found]


def require_sources(names: Sequence[str], contract: Contract, source: Source) -> None:
    """Raises Rejected that names the first required column without a source."""
    missing = columns_without_a_source(names, contract, source)
    if missing:
        raise Rejected("content_mismatch", f"no source for the required column {missing[0]}")


def table_records(text: str, layout: Layout) -> Iterator[Record]:
    """The records below the header; one with the names of the header again is none."""
    header = None if layout.header is None else [normalise(name) for name in layout.header]
    for number, line in enumerate(delimited_lines(_body(text, layout), layout.dialect)):
        if header is not None and number == 0:
            continue
        if line.is_broken or len(line.fields) != len(layout.names):
            yield Record(line.raw, None)
        elif header is None or [normalise(field) for field in line.fields] != header:
            yield Record(line.raw, tuple(zip(layout.names, map(Cell, line.fields), strict=True)))
