from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.formats.csv_dialect import CsvDialect
from transforms.raw_to_bronze.csv_quotes import QuoteScanner

TEXTS = [
    ("no quote", "a,b\nc,d\n", False),
    ("quoted fields", '"a","b"\n"c","d"\n', False),
    ("a line break in quotes", 'a,"b\nc"\n', True),
    ("a carriage return alone in quotes", 'a,"b\rc"\n', False),
    ("a quote never closed", 'a,"b', True),
    ("a quote that ends the text", 'a,"b"', False),
    ("a doubled quote that ends the text", 'a,"b""', True),
    ("a pair in quotes", 'a,"b""c"\nd\n', False),
    ("a pair in quotes, then a line break", 'a,"b""\n"\n', True),
    ("empty quotes", '"",""\n', False),
    ("a quote inside a field opens nothing", 'a,b"c\nd,e"f\n', False),
    ("a quote after a blank opens nothing", 'a, "b\nc"\n', False),
    ("text after a closing quote", '"a"b,c\nd,"e"\n', False),
    ("a quote after text after a closing quote", '"a"b"c\n"d"\n', False),
    ("an inch sign before a quoted break", '5" pipe,"a\nb"\n', True),
    ("a quote after a carriage return opens nothing", 'a\r"b\nc"\n', False),
    ("a quote at the start", '"', True),
    ("nothing", "", False),
    ("other scripts", 'é,"日\n本"\n', True),
    ("a mark before a quote at a line's beginning", 'a\n\ufeff"b\nc"\n', True),
    ("a mark before a quote elsewhere", 'a,\ufeff"b\nc"\n', False),
]


def scan(text: str, chunk: int, delimiter: str = ",", quote: str = '"') -> bool:
    scanner = QuoteScanner(CsvDialect(delimiter, quote))
    for start in range(0, len(text), chunk):
        scanner.feed(text[start : start + chunk])
    return scanner.finish()


@pytest.mark.parametrize("chunk", [1, 2, 3, 1000])
@pytest.mark.parametrize(("text", "expected"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_a_record_spans_lines_only_by_a_quote_that_opens_a_field(
    text: str, chunk: int, *, expected: bool
) -> None:
    assert scan(text, chunk) is expected


def spans_lines(text: str, delimiter: str, quote: str) -> bool:
    """Whether a quoted field holds a line feed, or is never closed; character by character."""
    return follow(text, CsvDialect(delimiter, quote))[0]


def follow(text: str, dialect: CsvDialect) -> tuple[bool, bool]:
    """Whether a line's end stands inside quotes (or a quote is never closed), and a line feed outside."""
    breaks = ("\n",) if dialect.line_end == "\n" else ("\n", "\r")
    at_record, at_field, is_inside, is_multiline, has_outside = True, True, False, False, False
    place = 0
    while place < len(text):
        step = 1
        if is_inside:
            is_multiline = is_multiline or text[place] == dialect.line_end
            if dialect.escape and text[place] == dialect.escape:
                is_multiline = is_multiline or text[place + 1 : place + 2] == dialect.line_end
                step = 2
            elif text.startswith(dialect.quote * 2, place):
                step = 2
            elif text[place] == dialect.quote:
                is_inside = False
            at_record = at_field = False
        elif at_field and text[place] == dialect.quote:
            is_inside = True
        elif at_record and text[place] == "\ufeff":
            pass
        elif text[place] in breaks:
            has_outside = has_outside or text[place] == "\n"
            at_record = at_field = True
        elif text.startswith(dialect.delimiter, place):
            at_record, at_field, step = False, True, len(dialect.delimiter)
        else:
            at_record = at_field = False
        place += step
    return is_multiline or is_inside, has_outside


@given(
    st.text('"\\,|\n\ra\ufeff', max_size=60),
    st.sampled_from([",", "||", "|,|", "\t"]),
    st.sampled_from(["", "\\"]),
    st.sampled_from(["\n", "\r"]),
    st.integers(1, 61),
)
def test_any_dialect_is_scanned_as_character_by_character(
    text: str, delimiter: str, escape: str, line_end: str, chunk: int
) -> None:
    dialect = CsvDialect(delimiter, '"', escape, line_end)
    is_multiline, has_outside = follow(text, dialect)
    scanner = QuoteScanner(dialect)
    for start in range(0, len(text), chunk):
        scanner.feed(text[start : start + chunk])
    if line_end == "\n":
        assert scanner.finish() is is_multiline
    else:
        assert scanner.has_line_feed_outside is has_outside
        assert has_outside or scanner.finish() is is_multiline


@given(
    st.text("\"',;\t\n«¦x", max_size=40), st.sampled_from(";\t¦"), st.sampled_from("'«"), st.integers(1, 41)
)
def test_any_character_can_quote_and_any_can_delimit(
    text: str, delimiter: str, quote: str, chunk: int
) -> None:
    assert scan(text, chunk, delimiter, quote) is spans_lines(text, delimiter, quote)


def test_without_a_quote_character_nothing_is_quoted() -> None:
    assert scan('"a\nb"', 3, quote="") is False
