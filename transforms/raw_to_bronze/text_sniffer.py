"""Sniffers for texts of any format, chosen by the claim of a file's name and by its source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from transforms.formats.json_values import JSON_WHITESPACE
from transforms.raw_to_bronze.csv_sniffer import CsvSniffer
from transforms.raw_to_bronze.file_names import Claim
from transforms.raw_to_bronze.json_sniffer import (
    JsonLinesSniffer,
    JsonObjectsSniffer,
    JsonSniffer,
    RecordPathSniffer,
)

if TYPE_CHECKING:
    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.text_decoder import TextLayout, TextSniffer

_LONGEST_LINE = 16 * 1024 * 1024  # characters that are buffered to find a line feed


def sniffer_for(claim: Claim, contract: Contract, source: Source | None) -> TextSniffer:
    """Return the sniffer for a claim, with the source's record path and extra lines taken into account."""
    delimited = CsvSniffer(contract, source)
    sniffer: TextSniffer = _claimed_sniffer(claim, contract, source, delimited)
    if source is not None and source.record_path:
        sniffer = RecordPathSniffer(source.record_path)
    if source is not None and (source.skip_lines or source.footer_lines):
        sniffer = LineTrimmer(sniffer, source.skip_lines, source.footer_lines, delimited)
    return sniffer


def _claimed_sniffer(
    claim: Claim, contract: Contract, source: Source | None, delimited: CsvSniffer
) -> TextSniffer:
    match claim:
        case Claim.JSON_LINES:
            return JsonLinesSniffer(contract, source)
        case Claim.JSON:
            return JsonSniffer(contract, source)
        case Claim.TEXT:
            return PlainTextSniffer(contract, source, delimited)
        case Claim.ANY_TEXT:
            return AnyTextSniffer(contract, source, delimited)
        case _:
            return delimited


class PlainTextSniffer:
    """``.txt``: concatenated JSON, else JSON lines if one of the first lines is an object, else delimited."""

    def __init__(self, contract: Contract, source: Source | None, delimited: CsvSniffer) -> None:
        self._records = JsonObjectsSniffer(contract, source, in_first_column=True)
        self._delimited = delimited

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._records.feed(text)
        if not self._records.has_object:
            self._delimited.feed(text)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        return self._records.finish() or self._delimited.finish()


class AnyTextSniffer:
    """A ``.gz`` around another name: as ``.json`` if it begins with ``[`` or ``{``, else as ``.txt``."""

    def __init__(self, contract: Contract, source: Source | None, delimited: CsvSniffer) -> None:
        self._first = ""
        self._json = JsonSniffer(contract, source)
        self._plain = PlainTextSniffer(contract, source, delimited)

    def feed(self, text: str) -> None:
        """Take the next chunk; leading whitespace goes to both."""
        is_undecided = not self._first
        self._first = self._first or text.lstrip(JSON_WHITESPACE)[:1]
        is_json = self._first in ("[", "{")
        if is_undecided or is_json:
            self._json.feed(text)
        if is_undecided or not is_json:
            self._plain.feed(text)

    def finish(self) -> TextLayout:
        """Return the text's layout."""
        return (self._json if self._first in ("[", "{") else self._plain).finish()


class LineTrimmer:
    """Feeds a text to a sniffer without a source's ``skipLines`` and ``footerLines``.

    A line ends in LF (with CR before it or not); or in CR alone where the text has no LF, or where under one
    of the likely dialects a CR and no LF stands outside quotes. A quote that a dropped line opens and does
    not close leaves neither outside. Which lines are dropped does not depend on quotes, and blank lines
    count. Memory: the footer's lines; a text whose lines may end in CR up to 16 Mi characters.
    """

    def __init__(
        self, sniffer: TextSniffer, skip_lines: int, footer_lines: int, delimited: CsvSniffer | None = None
    ) -> None:
        """Take the lines to drop.

        Args:
            sniffer: receives the rest of the text.
            skip_lines: lines to drop at the beginning.
            footer_lines: lines to drop at the end.
            delimited: the sniffer within ``sniffer`` that receives delimited text; None: a line feed ends a
                line within quotes too.
        """
        self._sniffer = sniffer
        self._delimited = delimited
        self._scanners = delimited.return_scanners() if delimited else []
        self._lines_to_skip = skip_lines
        self._footer_lines = footer_lines
        self._line_end = ""  # empty: still unknown
        self._buffer = ""
        self._has_stray_line_feed = False

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        self._buffer += text
        if not self._line_end:
            if self._has_line_feed(text):
                self._set_line_end("\n")
            elif len(self._buffer) > _LONGEST_LINE:
                self._set_line_end(self._likely_line_end())
        elif self._line_end == "\r":
            self._has_stray_line_feed = self._has_line_feed(text) or self._has_stray_line_feed
        if self._line_end:
            self._pass_on()

    def finish(self) -> TextLayout:
        """Return the trimmed text's layout."""
        if not self._line_end:
            self._set_line_end(self._likely_line_end())
        self._skip()
        if not self._lines_to_skip:
            body_end = len(self._buffer)
            if self._footer_lines and body_end:
                without_end = body_end - self._buffer.endswith(self._line_end)
                body_end = self._end_without_lines(without_end, self._footer_lines)
            self._sniffer.feed(self._buffer[:body_end])
        layout = self._sniffer.finish()
        if self._has_stray_line_feed:
            problem = f"lines end in CR in the first {_LONGEST_LINE} characters, but a line feed comes later"
            return replace(layout, mismatch=problem, corruption="")
        return layout

    def _likely_line_end(self) -> str:
        """Return the line end of a text in which no line feed stands outside quotes under every dialect."""
        is_return = "\n" not in self._buffer or any(
            scanner.has_return_outside and not scanner.has_line_feed_outside for scanner in self._scanners
        )
        return "\r" if is_return else "\n"

    def _set_line_end(self, line_end: str) -> None:
        self._line_end = line_end
        if self._delimited is not None:
            self._delimited.set_line_end(line_end)

    def _has_line_feed(self, text: str) -> bool:
        """Whether a line feed was found that ends a line under every dialect."""
        if not self._scanners:
            return "\n" in text
        for scanner in self._scanners:
            scanner.feed(text)
        return all(scanner.has_line_feed_outside for scanner in self._scanners)

    def _pass_on(self) -> None:
        self._skip()
        if not self._lines_to_skip:
            # The text after the last line end may become a line, so it is kept beside the footer's lines.
            end = (
                self._end_without_lines(len(self._buffer), self._footer_lines + 1)
                if self._footer_lines
                else None
            )
            self._sniffer.feed(self._buffer[:end])
            self._buffer = "" if end is None else self._buffer[end:]

    def _skip(self) -> None:
        place = 0
        while self._lines_to_skip:
            line_end = self._buffer.find(self._line_end, place)
            if line_end < 0:
                break
            place = line_end + 1
            self._lines_to_skip -= 1
        self._buffer = self._buffer[place:]

    def _end_without_lines(self, end: int, lines: int) -> int:
        """Return where the buffered text up to a place ends without its last lines."""
        for _ in range(lines):
            end = self._buffer.rfind(self._line_end, 0, end)
            if end < 0:
                return 0
        return end + 1
