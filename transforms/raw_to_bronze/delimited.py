"""Tell how a delimited text is laid out: delimiter, header, columns, and records that span lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.inventory import DEFAULT_QUOTE, FileFormat
from transforms.raw_to_bronze.quotes import QuoteScanner
from transforms.raw_to_bronze.records import FirstRecord, is_blank, read_first_record
from transforms.raw_to_bronze.source_names import SourceNames
from transforms.raw_to_bronze.told import Told

if TYPE_CHECKING:
    from contracts.model import Contract, Source

DELIMITERS = (",", "\t", ";", "|")  # in the order in which ties are settled
_LONGEST_RECORD = 16 * 1024 * 1024  # characters held to see the first record's end
_FIRST_LOOK = 4 * 1024


@dataclass(frozen=True, slots=True)
class _Layout:
    delimiter: str
    record: FirstRecord
    is_header: bool
    mismatch: str = ""


class DelimitedText:
    """Takes a text chunk by chunk. Memory: the first record (at most 16 Mi characters) and one chunk."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._contract = contract
        self._source = source
        self._names = SourceNames(contract, source)
        self._quote = DEFAULT_QUOTE if source is None or source.quote is None else source.quote
        likely = tuple(delimiter for delimiter in DELIMITERS if delimiter != self._quote)
        self._delimiters = (source.delimiter,) if source and source.delimiter else likely
        self._head = ""
        self._next_look = _FIRST_LOOK
        self._layout: _Layout | None = None
        self._scanner: QuoteScanner | None = None
        self._has_rows = False

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self._layout is not None:
            self._follow(text)
            return
        self._head += text
        if len(self._head) >= self._next_look:
            self._next_look = min(2 * len(self._head), _LONGEST_RECORD + 1)
            self._look(is_whole=False)

    def finish(self) -> Told:
        """Say what the text is."""
        if self._layout is None:
            self._look(is_whole=True)
        layout = self._layout or _mismatch("the columns cannot be told: there is no record")
        if layout.mismatch:
            return Told(FileFormat.DELIMITED, mismatch=layout.mismatch)
        return Told(
            FileFormat.DELIMITED,
            delimiter=layout.delimiter,
            quote=self._quote,
            header=layout.is_header,
            multiline=self._scanner is not None and self._scanner.finish(),
            names=layout.record.fields if layout.is_header else (),
            rows=None if self._has_rows else 0,
        )

    def _look(self, *, is_whole: bool) -> None:
        held = self._head
        is_too_long = len(held) > _LONGEST_RECORD
        if held.lstrip(" \t\r\n")[:1] in ("{", "["):
            self._layout = _mismatch("delimited text that begins with a brace or bracket")
        else:
            records = self._read_first_records(held[:_LONGEST_RECORD], is_whole=is_whole and not is_too_long)
            if len(records) == len(self._delimiters) or (records and is_too_long):
                self._layout = self._choose(records)
            elif is_too_long:
                self._layout = _mismatch("the columns cannot be told: the first record does not end")
        if self._layout is None:
            return
        self._head = ""
        if not self._layout.mismatch:
            self._scanner = QuoteScanner(self._layout.delimiter, self._quote)
            self._has_rows = not self._layout.is_header
            self._scanner.feed(held[: self._layout.record.end])
            self._follow(held[self._layout.record.end :])

    def _follow(self, text: str) -> None:
        if self._layout is None or self._scanner is None:
            return
        if not self._has_rows:
            self._has_rows = not is_blank(text, self._layout.delimiter)
        self._scanner.feed(text)

    def _read_first_records(self, head: str, *, is_whole: bool) -> dict[str, FirstRecord]:
        """Return the first record under each delimiter under which it ends in the head."""
        records = {d: read_first_record(head, d, self._quote, is_whole=is_whole) for d in self._delimiters}
        return {delimiter: record for delimiter, record in records.items() if record is not None}

    def _choose(self, records: dict[str, FirstRecord]) -> _Layout:
        known = {d: sum(map(self._names.is_known, r.fields)) for d, r in records.items()}
        best = max(records, key=lambda delimiter: known[delimiter])  # the first of equals
        if not known[best]:
            width = len(self._contract.columns)
            best = next((d for d, r in records.items() if len(r.fields) == width), best)
        return self._judge(best, records[best], known[best])

    def _judge(self, delimiter: str, record: FirstRecord, known: int) -> _Layout:
        lacking = self._names.lacking(record.fields)
        is_header = self._source.header if self._source else None
        if is_header is None:
            is_header = known > 0 and (not lacking or 2 * known >= len(record.fields))
        if is_header:
            problem = f"the header has no source for {', '.join(lacking)}" if lacking else ""
            return _Layout(delimiter, record, is_header=True, mismatch=problem)
        width = len(self._contract.columns)
        if len(record.fields) == width:
            return _Layout(delimiter, record, is_header=False)
        return _mismatch(
            f"no header, and the first record has {len(record.fields)} "
            f"{'field' if len(record.fields) == 1 else 'fields'} where the contract has {width} columns"
        )


def _mismatch(problem: str) -> _Layout:
    return _Layout("", FirstRecord((), 0), is_header=False, mismatch=problem)
