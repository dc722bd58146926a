"""Read the first record of a delimited text under one delimiter."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NO_BLANK = re.compile(r"\S")
_TAB_OR_NO_BLANK = re.compile(r"[\S\t]")


@dataclass(frozen=True, slots=True)
class FirstRecord:
    """The fields of the first record as they mean, and where the text goes on after it."""

    fields: tuple[str, ...]
    end: int


def is_blank(text: str, delimiter: str) -> bool:
    """Whether a line or a text holds blanks only; a tab is no blank where it delimits (spec 3)."""
    return not text.strip() and not (delimiter == "\t" and "\t" in text)


def read_first_record(text: str, delimiter: str, quote: str, *, is_whole: bool) -> FirstRecord | None:
    """Return the first record that is no line of blanks; None when the text ends before it does.

    ``is_whole``: the text is all there is, so its end ends the record, also inside quotes.
    """
    content = (_TAB_OR_NO_BLANK if delimiter == "\t" else _NO_BLANK).search(text)
    if content is None:
        return FirstRecord((), len(text)) if is_whole else None
    start = text.rfind("\n", 0, content.start()) + 1
    return _read_fields(text, start, delimiter, quote, is_whole=is_whole)


def _read_fields(text: str, place: int, delimiter: str, quote: str, *, is_whole: bool) -> FirstRecord | None:
    fields: list[str] = []
    while True:
        start = place
        quoted = None
        if quote and text.startswith(quote, start):
            closing = _find_closing(text, start + 1, quote, is_whole=is_whole)
            if closing is None:
                return None
            quoted = text[start + 1 : closing].replace(quote * 2, quote)
            place = min(closing + 1, len(text))
        line_end = text.find("\n", place)
        is_last_line = line_end < 0
        if is_last_line:
            line_end = len(text)
        field_end = text.find(delimiter, place, line_end)
        if field_end < 0:
            if is_last_line and not is_whole:
                return None
            rest = text[place:line_end].removesuffix("\r")
            fields.append(
                quoted if quoted is not None and not rest else text[start:line_end].removesuffix("\r")
            )
            return FirstRecord(tuple(fields), min(line_end + 1, len(text)))
        fields.append(quoted if quoted is not None and field_end == place else text[start:field_end])
        place = field_end + 1


def _find_closing(text: str, place: int, quote: str, *, is_whole: bool) -> int | None:
    """Return where the quote that closes stands; the text's end for one never closed; None: not known yet."""
    while True:
        closing = text.find(quote, place)
        if closing < 0:
            return len(text) if is_whole else None
        if closing + 1 == len(text) and not is_whole:
            return None
        if not text.startswith(quote, closing + 1):
            return closing
        place = closing + 2
