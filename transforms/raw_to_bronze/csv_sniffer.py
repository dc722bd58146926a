"""CSV sniffer: delimiter, line end, header, columns, and whether records span lines (spec 3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.column_names import strip_name
from contracts.inventory import DEFAULT_QUOTE, FileFormat
from transforms.formats.csv_dialect import CsvDialect
from transforms.formats.text_cleaning import BYTE_ORDER_MARK
from transforms.raw_to_bronze.column_coverage import ColumnCoverage, describe_names, shorten
from transforms.raw_to_bronze.csv_quotes import QuoteScanner
from transforms.raw_to_bronze.csv_record import LONGEST_RECORD, RowDetector, read_record
from transforms.raw_to_bronze.text_decoder import TextLayout

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.csv_record import CsvRecord

DELIMITERS = (",", "\t", ";", "|")  # in the order that settles ties
_DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
_FIRST_STEP = 4 * 1024
# No column name holds these: a line end of any kind, or one that was written as two characters.
_LINE_SEPARATOR = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|\\[nr]")
_STRAY_LINE_FEED = (
    f"lines end in CR in the first {LONGEST_RECORD} characters, but a line feed stands outside quotes later"
)


class CsvSniffer:
    """Sniffs a delimited text chunk by chunk.

    Memory: the first record (at most 16 Mi characters) and a chunk. A text whose lines end in CR alone is
    buffered up to 16 Mi characters, until that is certain.
    """

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._contract = contract
        self._source = source
        self._coverage = ColumnCoverage(contract, source)
        quote = DEFAULT_QUOTE if source is None or source.quote is None else source.quote
        escape = (source.escape if source else None) or ""
        likely = tuple(delimiter for delimiter in DELIMITERS if delimiter not in (quote, escape))
        delimiters = (source.delimiter,) if source and source.delimiter else likely
        self._candidates = [_Candidate(delimiter, quote, escape) for delimiter in delimiters]
        self._given_names = tuple(map(strip_name, source.column_names)) if source else ()
        self._head = ""
        self._next_try = _FIRST_STEP
        self._choice: _Choice | None = None
        self._rows: RowDetector | None = None  # None: there are rows for certain
        self._mismatch = ""

    def return_scanners(self) -> list[QuoteScanner]:
        """Return a scanner for each likely dialect whose lines end in CR alone."""
        return [candidate.return_scanner() for candidate in self._candidates]

    def set_line_end(self, line_end: str) -> None:
        """Set how lines end, before the first chunk: the text is the rest of one in which that is known."""
        for candidate in self._candidates:
            candidate.line_end = line_end

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self._choice is not None:
            self._choice.first.scanner.feed(text)
            if self._rows is not None:
                self._rows.feed(text)
        elif not self._mismatch:
            self._head += text
            if len(self._head) >= self._next_try:
                self._next_try = min(2 * len(self._head), LONGEST_RECORD + 1)
                self._try_head(is_whole=False)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        if self._choice is None and not self._mismatch:
            self._try_head(is_whole=True)
        choice = self._choice
        if choice is None:
            return TextLayout(FileFormat.DELIMITED, mismatch=self._mismatch)
        scanner = choice.first.scanner
        is_multiline = scanner.finish()
        if scanner.has_line_feed_outside:
            return TextLayout(FileFormat.DELIMITED, mismatch=_STRAY_LINE_FEED)
        return TextLayout(
            FileFormat.DELIMITED,
            dialect=choice.first.dialect,
            header=choice.is_header,
            multiline=is_multiline,
            names=choice.names,
            replaced_names=choice.replaced_names,
            rows=None if self._rows is None or self._rows.finish() else 0,
        )

    def _try_head(self, *, is_whole: bool) -> None:
        """Set the choice or the mismatch, if the text so far allows it."""
        head = self._head
        is_too_long = len(head) > LONGEST_RECORD
        if head.lstrip(" \t\r\n" + BYTE_ORDER_MARK)[:1] in ("{", "["):
            self._mismatch = "delimited text that begins with a brace or bracket"
        else:
            tried = [
                candidate.read_first(
                    head[:LONGEST_RECORD],
                    is_final=is_whole or is_too_long,
                    is_whole=is_whole and not is_too_long,
                )
                for candidate in self._candidates
            ]
            found = {first.dialect.delimiter: first for first in tried if first is not None}
            if len(found) == len(self._candidates) or (found and is_too_long):
                self._choose(found)
            elif is_too_long:
                self._mismatch = "no columns found: the first record does not end"
        if self._choice is None:
            if self._mismatch:
                self._head = ""
            return
        self._head = ""
        first = self._choice.first
        first.scanner.feed(head[first.scanned :])
        if self._choice.is_header:
            self._rows = RowDetector(first.dialect, first.record.names)
            self._rows.feed(head[first.record.end :])

    def _choose(self, found: Mapping[str, _FirstRecord]) -> None:
        """Choose the delimiter, and set the choice or the mismatch."""
        if not any(first.record.fields for first in found.values()):
            self._mismatch = "no columns found: there is no record"
            return
        width = len(self._given_names or self._contract.columns)
        known = {d: sum(map(self._coverage.is_known, first.record.names)) for d, first in found.items()}
        fits = {d: len(first.record.fields) == width for d, first in found.items()}
        if self._given_names:  # another number of fields cannot be right
            best = max(found, key=lambda d: (fits[d], known[d]))
        else:  # of equals, the first
            best = max(found, key=lambda d: (known[d], fits[d] and not any(known.values())))
        problem = self._choose_columns(found[best], known[best])
        if problem:
            self._mismatch = f"{problem}; {self._describe_tried(found)}"

    def _choose_columns(self, first: _FirstRecord, known: int) -> str:
        """Set the choice; or return why the first record gives no columns."""
        names = first.record.names
        is_header = self._source.header if self._source else None
        if self._given_names:
            if len(names) != len(self._given_names):
                return (
                    f"columnNames lists {len(self._given_names)}, and the first record has "
                    f"{_count_fields(names)}"
                )
            if missing := self._coverage.missing(self._given_names):
                return f"columnNames has no source for {', '.join(missing)}"
            replaced = names if is_header else ()
            self._choice = _Choice(first, bool(is_header), self._given_names, replaced)
            return ""
        missing = self._coverage.missing(names)
        if is_header is None:
            is_header = known > 0 and (not missing or 2 * known >= len(names))
        if is_header:
            if broken := next(filter(holds_line_end, names), None):
                return f"data taken for a header: the name {shorten(broken)} holds a line's end"
            if missing:
                return f"the header has no source for {', '.join(missing)}"
            self._choice = _Choice(first, is_header=True, names=names)
            return ""
        width = len(self._contract.columns)
        if len(names) != width:
            return (
                f"no header, and the first record has {_count_fields(names)} "
                f"where the contract has {width} columns"
            )
        self._choice = _Choice(first, is_header=False, names=self._contract.column_names)
        return ""

    def _describe_tried(self, found: Mapping[str, _FirstRecord]) -> str:
        """Return the result of each delimiter, and the nearest names for missing columns, bounded."""
        tried = [
            f"{_DELIMITER_NAMES.get(d, repr(d))} {_count_fields(first.record.fields)}"
            f" ({describe_names(list(filter(self._coverage.is_known, first.record.names)))})"
            for d, first in found.items()
        ]
        widest = max(found.values(), key=lambda first: len(first.record.fields))
        pairs = self._coverage.nearest(widest.record.names)
        nearest = ", ".join(f"{shorten(name)} for {column}" for column, name in pairs)
        return f"tried {', '.join(tried)}" + (f"; nearest names: {nearest}" if nearest else "")


@dataclass(frozen=True, slots=True)
class _FirstRecord:
    """A text's first record under one dialect. ``scanner`` has been fed ``scanned`` characters."""

    dialect: CsvDialect
    record: CsvRecord
    scanner: QuoteScanner
    scanned: int


@dataclass(frozen=True, slots=True)
class _Choice:
    """The chosen dialect and its columns. ``replaced_names``: of a header whose names the source replaces."""

    first: _FirstRecord
    is_header: bool
    names: tuple[str, ...]
    replaced_names: tuple[str, ...] = ()


class _Candidate:
    r"""One delimiter. Lines end in CR alone where no line feed stands outside quotes (spec 3).

    That is certain once a line feed is found there, or at the text's end; after ``LONGEST_RECORD`` characters
    it is assumed, and the scanner goes on to detect one.
    """

    def __init__(self, delimiter: str, quote: str, escape: str) -> None:
        self.line_end = ""  # known from outside; empty: to find
        self._lf_dialect = CsvDialect(delimiter, quote, escape)
        self._cr_dialect = CsvDialect(delimiter, quote, escape, "\r")
        self._scanner = QuoteScanner(self._cr_dialect)
        self._scanned = 0
        self._step = 0  # the first scan ends at the first line feed, which decides for most texts

    def return_scanner(self) -> QuoteScanner:
        """Return a new scanner of a text whose lines end in CR alone."""
        return QuoteScanner(self._cr_dialect)

    def read_first(self, head: str, *, is_final: bool, is_whole: bool) -> _FirstRecord | None:
        """Return the first record; None if it does not end in the head, or the line end is still unknown.

        Args:
            head: the text's beginning, at least as long as in the calls before.
            is_final: no longer head will come.
            is_whole: the head is the whole text.
        """
        if not self.line_end:
            self._find_line_feed(head)
            if not self._scanner.has_line_feed_outside and not is_final:
                return None
        dialect, scanner, scanned = self._lf_dialect, QuoteScanner(self._lf_dialect), 0
        is_return_likely = not self._scanner.has_line_feed_outside and "\r" in head
        if self.line_end == "\r" or (is_return_likely and not self.line_end):
            dialect, scanner, scanned = self._cr_dialect, self._scanner, self._scanned
        record = read_record(head, dialect, is_whole=is_whole)
        return None if record is None else _FirstRecord(dialect, record, scanner, scanned)

    def _find_line_feed(self, head: str) -> None:
        while self._scanned < len(head) and not self._scanner.has_line_feed_outside:
            line_feed = head.find("\n", min(self._scanned + self._step, len(head)))
            end = len(head) if line_feed < 0 else line_feed + 1
            self._scanner.feed(head[self._scanned : end])
            self._scanned = end
            self._step = max(_FIRST_STEP, 2 * self._step)


def holds_line_end(name: str) -> bool:
    r"""Whether a stripped name holds a line separator of any kind, or one written as two characters.

    >>> [holds_line_end(name) for name in ("status", "status\u2028", r"status\nLN1")]
    [False, True, True]
    """
    return _LINE_SEPARATOR.search(name) is not None


def _count_fields(fields: tuple[str, ...]) -> str:
    return f"{len(fields)} {'field' if len(fields) == 1 else 'fields'}"
