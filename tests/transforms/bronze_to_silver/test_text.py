"""Text is composed, free of control characters, trimmed of every blank; null words are null (spec 4.2)."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as F  # noqa: N812

from contracts.model import Column, DataType, Kind
from tests.transforms.bronze_to_silver.evaluated import assert_same, evaluate
from transforms.bronze_to_silver.text import (
    BLANKS,
    DEFAULT_NULL_WORDS,
    clean_text,
    null_if_word,
    null_words_of,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CLEANED = (
    ("a plain text is itself", "Anna Meier", "Anna Meier"),
    ("spaces around it go", "  Anna  Meier ", "Anna  Meier"),
    ("nothing but blanks is empty", " \t\u3000 ", ""),
    ("tabs and line breaks around it go", "\t\r\nAnna\n", "Anna"),
    ("tabs and line breaks inside it stay", "Anna\tMeier\r\nBerlin", "Anna\tMeier\r\nBerlin"),
    ("every Unicode blank around it goes", BLANKS + "Anna" + BLANKS, "Anna"),
    ("a blank inside it stays what it is", "Anna\u00a0Meier", "Anna\u00a0Meier"),
    ("a zero-width space is no blank", "\u200bAnna", "\u200bAnna"),
    ("a byte order mark is no blank", "\ufeffAnna", "\ufeffAnna"),
    ("control characters go", "A\x00n\x07n\x1ba\x7f", "Anna"),
    ("control characters beyond ASCII go", "An\x85n\x9fa", "Anna"),
    ("vertical tab, form feed and separators are control characters", "\x0bAn\x0cn\x1ca\x1f", "Anna"),
    ("a control character hides no blank", "\x00 Anna \x01", "Anna"),
    ("letters and accents are composed", "Zoe\u0308 A\u030angstro\u0308m", "Zoë Ångström"),
    ("a control character keeps no accent from its letter", "e\x01\u0301", "é"),
    ("compatibility characters stay", "ﬁ Ⅳ ①", "ﬁ Ⅳ ①"),
    ("a singleton becomes its canonical letter", "\u212b \u2126", "Å Ω"),
    ("characters beyond the first plane stay", "😀𝒳", "😀𝒳"),
    ("null stays null", None, None),
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
    ("null stays null", None, None),
)


def test_text_is_cleaned(spark: SparkSession) -> None:
    texts = [text for _, text, _ in CLEANED]
    found = evaluate(spark, texts, {"cleaned": clean_text(F.col("text"))})
    assert_same([title for title, _, _ in CLEANED], found, [(expected,) for *_, expected in CLEANED])


def test_bytes_that_are_no_utf8_become_replacement_characters(spark: SparkSession) -> None:
    surrogate, stray = bytes.fromhex("41EDA08042"), bytes.fromhex("41FF42")
    rows = spark.createDataFrame([(0, surrogate), (1, stray)], "position int, raw binary")
    cleaned = rows.orderBy("position").select(clean_text(F.col("raw").cast("string"))).collect()
    assert [row[0] for row in cleaned] == ["A\ufffdB", "A\ufffdB"]


def test_a_record_known_as_plain_gives_the_same_text(spark: SparkSession) -> None:
    texts = ["  Anna ", "a b", "", " ", None, "~!", "Zoe\u0308\u3000"]
    is_plain = ~F.col("text").rlike("[^ -~]")
    columns = {"told": clean_text(F.col("text"), is_plain), "untold": clean_text(F.col("text"))}
    unknown = {"unknown": clean_text(F.col("text"), F.lit(None).cast("boolean"))}
    found = evaluate(spark, texts, columns | unknown)
    expected = ["Anna", "a b", "", "", None, "~!", "Zoë"]
    assert_same(texts, found, [(text,) * 3 for text in expected])


def test_null_words_are_null(spark: SparkSession) -> None:
    texts = [text for _, text, _ in NULLED]
    found = evaluate(spark, texts, {"nulled": null_if_word(F.col("text"))})
    assert_same([title for title, _, _ in NULLED], found, [(expected,) for *_, expected in NULLED])


def test_a_contracts_null_words_replace_the_shipped_ones(spark: SparkSession) -> None:
    words = ("", "UNKNOWN", "Ärger")
    texts = ["unknown", "ÄRGER", "", "Na", "null", None]
    columns = {"some": null_if_word(F.col("text"), words), "none": null_if_word(F.col("text"), ())}
    found = evaluate(spark, texts, columns)
    assert_same(texts, found, [(None, t) if t not in ("Na", "null") else (t, t) for t in texts])


@pytest.mark.parametrize(
    ("own", "expected"), [(None, DEFAULT_NULL_WORDS), ((), ()), (("", "error"), ("", "error"))]
)
def test_a_column_without_null_words_has_the_shipped_ones(
    own: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    assert null_words_of(Column("city", DataType(Kind.STRING), null_words=own)) == expected


@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32))
def test_any_text_is_cleaned_as_unicode_says(spark: SparkSession, seed: int) -> None:
    luck = random.Random(seed)
    texts = [_any_text(luck) for _ in range(300)]
    found = evaluate(spark, texts, {"cleaned": clean_text(F.col("text"))})
    assert_same(texts, found, [(_cleaned(text),) for text in texts])


def _any_text(luck: random.Random) -> str:
    alphabets = [
        "abc XYZ~",
        BLANKS,
        "".join(map(chr, range(0xA0))),
        "e\u0301\u0308\u0323ao\u212b\uac00\u11a8",
        "\U0001f600\ufeff",
    ]
    return "".join(luck.choice(luck.choice(alphabets)) for _ in range(luck.randint(0, 8)))


def _cleaned(text: str) -> str:
    kept = "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n\r")
    return unicodedata.normalize(
        "NFC", kept
    ).strip()  # Python strips White_Space, and U+001C..1F, gone by now
