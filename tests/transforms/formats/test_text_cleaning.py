"""Cleaned text: NFC, no control characters, trimmed; null words are null (spec 4.2)."""

from __future__ import annotations

import random
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import Column, DataType, Kind
from transforms.formats.text_cleaning import (
    BLANKS,
    DEFAULT_NULL_WORDS,
    clean_text,
    is_key_column,
    is_null_word,
    lowered,
    null_words_of,
)

CLEANED = (
    ("a plain text is itself", "Anna Meier", "Anna Meier"),
    ("spaces around it go", "  Anna  Meier ", "Anna  Meier"),
    ("nothing but blanks is empty", " \t\u3000 ", ""),
    ("tabs and line breaks around it go", "\t\r\nAnna\n", "Anna"),
    ("tabs and line breaks inside it stay", "Anna\tMeier\r\nBerlin", "Anna\tMeier\r\nBerlin"),
    ("every Unicode blank around it goes", BLANKS + "Anna" + BLANKS, "Anna"),
    ("a blank inside it stays what it is", "Anna\u00a0Meier", "Anna\u00a0Meier"),
    ("a zero-width space around it goes", "\u200bAnna \u200b", "Anna"),
    ("a byte order mark around it goes", "\ufeff Anna\ufeff", "Anna"),
    ("a word joiner around it goes", "\u2060Anna\u2060", "Anna"),
    ("a zero-width space inside it stays", "An\u200bna", "An\u200bna"),
    ("another format character stays", "\u200eAnna\u00ad", "\u200eAnna\u00ad"),
    ("an unpaired surrogate becomes a replacement character", "An\ud800na\udfff", "An\ufffdna\ufffd"),
    ("control characters go", "A\x00n\x07n\x1ba\x7f", "Anna"),
    ("control characters beyond ASCII go", "An\x85n\x9fa", "Anna"),
    ("vertical tab, form feed and separators are control characters", "\x0bAn\x0cn\x1ca\x1f", "Anna"),
    ("a control character hides no blank", "\x00 Anna \x01", "Anna"),
    ("letters and accents are composed", "Zoe\u0308 A\u030angstro\u0308m", "Zoë Ångström"),
    ("a control character keeps no accent from its letter", "e\x01\u0301", "é"),
    ("compatibility characters stay", "ﬁ Ⅳ ①", "ﬁ Ⅳ ①"),
    ("a singleton becomes its canonical letter", "\u212b \u2126", "Å Ω"),
    ("characters beyond the first plane stay", "😀𝒳", "😀𝒳"),
)

NULLED = (
    *((f"{word!r} is null", word, None) for word in DEFAULT_NULL_WORDS),
    *((f"{word!r} is null in any case", word.title(), None) for word in DEFAULT_NULL_WORDS),
    *((f"{word!r} is null in capitals", word.upper(), None) for word in DEFAULT_NULL_WORDS),
    ("a word within a text is a text", "none of it", "none of it"),
    ("two question marks are a text", "??", "??"),
    ("three dashes are a text", "---", "---"),
    ("\\N is what databases write, \\NULL is a text", "\\NULL", "\\NULL"),
    ("zero is a text", "0", "0"),
)


@pytest.mark.parametrize(("title", "text", "expected"), CLEANED)
def test_text_is_cleaned(title: str, text: str, expected: str) -> None:
    assert clean_text(text) == expected, title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("u\u00ad1", "u1"),
        ("\u200eu1\u202c", "u1"),
        ("u\u200b1\ufeff", "u1"),
        ("e\u200d\u0301", "é"),
        (" \u2066 u1", "u1"),
        ("u 1", "u 1"),
    ],
)
def test_a_key_loses_every_format_character(text: str, expected: str) -> None:
    assert clean_text(text, is_key=True) == expected


def test_the_format_characters_are_unicodes() -> None:
    known = [chr(point) for point in range(sys.maxunicode) if unicodedata.category(chr(point)) == "Cf"]
    assert [character for character in known if clean_text(f"a{character}b", is_key=True) != "ab"] == []


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("tx_id", DataType(Kind.STRING), primary_key_position=1), True),
        (Column("user_id", DataType(Kind.STRING)), True),
        (Column("name", DataType(Kind.STRING)), False),
    ],
)
def test_the_primary_key_and_user_id_are_cleaned_as_keys(column: Column, *, expected: bool) -> None:
    assert is_key_column(column) == expected


@pytest.mark.parametrize(("title", "text", "expected"), NULLED)
def test_null_words_are_null(title: str, text: str, expected: str | None) -> None:
    assert is_null_word(text) == (expected is None), title


@pytest.mark.parametrize(
    ("text", "is_null"), [("unknown", True), ("ÄRGER", True), ("", True), ("Na", False), ("null", False)]
)
def test_a_contracts_null_words_replace_the_shipped_ones(text: str, *, is_null: bool) -> None:
    assert is_null_word(text, lowered(("", "UNKNOWN", "Ärger"))) == is_null
    assert not is_null_word(text, ())


@pytest.mark.parametrize(
    ("own", "expected"), [(None, DEFAULT_NULL_WORDS), ((), ()), (("", "error"), ("", "error"))]
)
def test_a_column_without_null_words_has_the_shipped_ones(
    own: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    assert null_words_of(Column("city", DataType(Kind.STRING), null_words=own)) == expected


@settings(max_examples=300, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_any_text_is_cleaned_as_unicode_says(seed: int) -> None:
    text = _any_text(random.Random(seed))
    assert clean_text(text) == _cleaned(text)
    without_format = "".join(c for c in text if unicodedata.category(c) != "Cf")
    assert clean_text(text, is_key=True) == _cleaned(without_format)


def _any_text(luck: random.Random) -> str:
    alphabets = [
        "abc XYZ~",
        BLANKS,
        "".join(map(chr, range(0xA0))),
        "e\u0301\u0308\u0323ao\u212b\uac00\u11a8",
        "\U0001f600\ufeff\u200b\u2060\u00ad",
    ]
    return "".join(luck.choice(luck.choice(alphabets)) for _ in range(luck.randint(0, 8)))


def _cleaned(text: str) -> str:
    kept = "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n\r")
    composed = unicodedata.normalize("NFC", kept)
    is_kept = [not (c.isspace() or c in "\ufeff\u200b\u2060") for c in composed]  # U+001C..1F are gone by now
    first = next((place for place, kept in enumerate(is_kept) if kept), len(composed))
    last = next((place for place, kept in enumerate(reversed(is_kept)) if kept), 0)
    return composed[first : len(composed) - last]
