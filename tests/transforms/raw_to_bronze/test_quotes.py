from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.raw_to_bronze.quotes import QuoteScanner

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
]


def scan(text: str, chunk: int, delimiter: str = ",", quote: str = '"') -> bool:
    scanner = QuoteScanner(delimiter, quote)
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
    """The same, character by character."""
    at_field_start, is_inside, place = True, False, 0
    while place < len(text):
        character = text[place]
        if is_inside:
            if character == "\n":
                return True
            if character == quote:
                if text[place + 1 : place + 2] == quote:
                    place += 1
                else:
                    is_inside = False
        elif character == quote and at_field_start:
            is_inside = True
        at_field_start = not is_inside and character in (delimiter, "\n")
        place += 1
    return is_inside


@given(st.text('",\n\ra', max_size=60), st.integers(1, 61))
def test_chunks_and_arrays_of_places_see_what_single_characters_show(text: str, chunk: int) -> None:
    assert scan(text, chunk) is spans_lines(text, ",", '"')


@given(
    st.text("\"',;\t\n«¦x", max_size=40), st.sampled_from(";\t¦"), st.sampled_from("'«"), st.integers(1, 41)
)
def test_any_character_can_quote_and_any_can_delimit(
    text: str, delimiter: str, quote: str, chunk: int
) -> None:
    assert scan(text, chunk, delimiter, quote) is spans_lines(text, delimiter, quote)


def test_without_a_quote_character_nothing_is_quoted() -> None:
    assert scan('"a\nb"', 3, quote="") is False
