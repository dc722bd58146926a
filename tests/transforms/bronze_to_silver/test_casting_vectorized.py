"""Values in the plainest form are cast as the grammars read them."""

from __future__ import annotations

import random
from itertools import compress
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from contracts.model import DataType, Kind
from tests.transforms.bronze_to_silver.evaluated import assert_same, mutated, read_number
from transforms.bronze_to_silver.casting_vectorized import PlainReader
from transforms.bronze_to_silver.timestamps import read_timestamp
from transforms.formats.text_cleaning import DEFAULT_NULL_WORDS, DEFAULT_WORDS, clean_text, is_null_word

if TYPE_CHECKING:
    from collections.abc import Sequence

STRING, TIMESTAMP = DataType(Kind.STRING), DataType(Kind.TIMESTAMP)
INT, BIGINT, DOUBLE = DataType(Kind.INTEGER), DataType(Kind.BIGINT), DataType(Kind.DOUBLE)
DECIMAL, SMALL = DataType(Kind.DECIMAL, 18, 4), DataType(Kind.DECIMAL, 5, 0)

PLAIN = (
    (STRING, ("u0215245", "GB", "Björn Novák", "a b", "x", "5", "clicked \"buy\"", "Łódź", "na-")),
    (INT, ("0", "68", "-7", "007", "999999999")),
    (BIGINT, ("0", "-999999999999999999")),
    (DOUBLE, ("0", "-0", "36.60", "-0.000", "123456789012345.123456789012345")),
    (DECIMAL, ("0", "841.39", "-0.0001", "12345678901234.9999", "007.5")),
    (SMALL, ("0", "-99999")),
    (
        TIMESTAMP,
        ("2024-01-03T13:23:38Z", "2024-02-29 00:00:00.5Z",
         "2000-02-29T23:59:59.999999Z", "1000-12-31T10:00:00Z"),
    ),
)  # fmt: skip
ROUGH = (
    (STRING, ("", " a", "a ", "a\tb", "a\u00a0b", "a\u00adb", "e\u0301", "İ", "日本", "\x7f",
              *DEFAULT_NULL_WORDS, "NULL")),
    (INT, ("", "+1", "1.0", "1,000", "9999999999", "٣", " 1", "1e2", "-")),
    (BIGINT, ("1234567890123456789",)),
    (DOUBLE, ("NaN", "1e5", ".5", "5.", "$1", "1234567890123456")),
    (DECIMAL, ("1.23456", "123456789012345", "(1)", "1,0", "USD 1")),
    (SMALL, ("1.0", "123456")),
    (
        TIMESTAMP,
        ("2024-01-03", "2024-01-03T13:23Z", "2023-02-29T00:00:00Z",
         "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z",
         "2024-01-03T24:00:00Z", "2024-01-03T00:00:60Z", "2024-01-03T00:00:00+00:00", "2024-01-03T00:00:00",
         "0999-01-01T00:00:00Z", "2024-01-03T00:00:00.1234567Z", "2024-01-03t00:00:00Z"),
    ),
)  # fmt: skip


def read(type: DataType, texts: Sequence[str | None]) -> list[object]:  # noqa: A002
    return PlainReader(type, DEFAULT_WORDS).read(pa.array(texts, pa.string())).to_pylist()


@pytest.mark.parametrize(("type", "texts"), PLAIN)
def test_the_plainest_form_needs_no_other_reader(type: DataType, texts: tuple[str, ...]) -> None:  # noqa: A002
    assert None not in read(type, texts)


@pytest.mark.parametrize(("type", "texts"), ROUGH)
def test_any_other_form_is_left_to_the_grammars(type: DataType, texts: tuple[str, ...]) -> None:  # noqa: A002
    assert read(type, (*texts, None)) == [None] * (len(texts) + 1)


SOME = ["Ann Lee", None, " x", "Łódź", "x ", "", "日本 日本 日本", "a\tb", "x\x7f", "é", None, "ok"]


@pytest.mark.parametrize("texts", [SOME, SOME[:2], ["日本語"] * 3, ["", ""], [None], [], ["ok", "as is"]])
@pytest.mark.parametrize("before", [0, 1, 3])
def test_a_text_is_plain_wherever_it_stands_in_an_array(texts: list[str | None], before: int) -> None:
    reader = PlainReader(STRING)
    alone = [reader.read(pa.array([text], pa.string()))[0].as_py() for text in texts]
    within = pa.array([*["é b"] * before, *texts, "end "], pa.string()).slice(before, len(texts))
    assert reader.read(within).to_pylist() == alone


def test_where_a_comma_marks_decimals_only_whole_numbers_are_plain() -> None:
    reader = PlainReader(DECIMAL, has_point=False)
    assert reader.read(pa.array(["1", "1.234", "1,5"])).is_null().to_pylist() == [False, True, True]


def test_a_null_word_is_no_plain_number() -> None:
    reader = PlainReader(INT, ("", "n/a", "-999", "0"))
    assert reader.read(pa.array(["-999", "0", "00", "7", None])).to_pylist() == [None, None, 0, 7, None]


def grammar(text: str, data_type: DataType) -> object:
    cleaned = clean_text(text)
    if is_null_word(cleaned):
        return None
    if data_type.kind is Kind.STRING:
        return cleaned
    if data_type.kind is Kind.TIMESTAMP:
        moment = read_timestamp(cleaned)
        return None if moment is None else moment.micros
    number = read_number(cleaned, data_type)
    return None if number is None else number.value


@pytest.mark.parametrize("data_type", [STRING, TIMESTAMP, INT, BIGINT, DOUBLE, DECIMAL, SMALL])
def test_a_value_in_its_plainest_form_is_what_the_grammar_reads(data_type: DataType) -> None:
    luck = random.Random(7)
    seeds = [text for of, texts in (*PLAIN, *ROUGH) for text in texts if of == data_type]
    texts = [*seeds, *(mutated(luck.choice(seeds), luck) for _ in range(20_000))]
    plain = PlainReader(data_type, DEFAULT_WORDS).read(pa.array(texts, pa.string()))
    found = (plain.cast(pa.int64()) if data_type.kind is Kind.TIMESTAMP else plain).to_pylist()
    is_plain = [value is not None for value in found]
    assert sum(is_plain) > len(seeds)
    expected = [grammar(text, data_type) for text in texts]
    assert_same(*(list(compress(values, is_plain)) for values in (texts, found, expected)))
