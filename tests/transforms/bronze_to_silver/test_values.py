"""A column read as a whole holds what each of its texts means by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as some

from contracts.model import DataType, DateOrder, Kind
from transforms.bronze_to_silver.extra import extra_text, extra_texts
from transforms.bronze_to_silver.records import text_of
from transforms.bronze_to_silver.text import DEFAULT_NULL_WORDS, DEFAULT_WORDS
from transforms.bronze_to_silver.values import ColumnReader, Conventions, remembering

if TYPE_CHECKING:
    from collections.abc import Mapping

WORDS = (*DEFAULT_NULL_WORDS, "NaN", "Infinity", "NULL")
MEANT = (
    *("u1", "GB", "Björn", "e\u0301", "a b", 'say "x"', "back\\slash", "日本", "\x07", "İ"),
    *("34", "34.0", "-7", "007", "1,000", "$5", "(12.50)", "1e2", "9" * 20, "12,50"),
    *("2024-01-02T03:04:05Z", "2024-01-02", "01/02/2024", "1704164645", "2024-01-02 03:04:05+05:30"),
)
BLANKS = ("", " ", "  ", "\t", "\u00a0", "\n")
TEXTS = some.one_of(
    some.none(),
    some.builds(
        "{}{}{}".format,
        some.sampled_from(BLANKS),
        some.one_of(some.sampled_from(MEANT), some.sampled_from(WORDS)),
        some.sampled_from(BLANKS),
    ),
)
TYPES = (
    DataType(Kind.STRING),
    DataType(Kind.INTEGER),
    DataType(Kind.DECIMAL, 18, 4),
    DataType(Kind.DOUBLE),
    DataType(Kind.TIMESTAMP),
)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@given(texts=some.lists(TEXTS, max_size=6), mark=some.sampled_from(".,"))
def test_a_column_means_what_its_texts_mean_alone(
    type_: DataType, texts: list[str | None], mark: str
) -> None:
    by = Conventions(DateOrder.MDY, decimal_mark=mark)
    reader = ColumnReader("c", type_, DEFAULT_WORDS, by, tells_uncastable=True)
    read_odd = remembering(reader.read_odd)

    def read(texts: list[str | None]) -> list[Mapping[str, object]]:
        value, told = reader.read({text_of("c"): pa.array(texts, pa.string())}, len(texts), read_odd)
        names = ["value", *reader.schema]
        return pa.RecordBatch.from_arrays([value, *told], names).to_pylist()

    def read_alone(text: str | None) -> Mapping[str, object]:
        """What a text alone is read as, which is what the grammars say."""
        outcome = reader.read_odd(text, mark) if text is not None else None
        (whole,) = read([text])
        value = pa.array([outcome and outcome.value], whole_type).to_pylist()
        assert [whole["value"]] == value
        assert whole["_uncastable_c"] == (outcome and outcome.uncastable)
        return whole

    whole_type = reader.read({}, 0, read_odd)[0].type
    assert read(texts) == [read_alone(text) for text in texts]


@given(some.integers(0, 5), some.data())
def test_extras_are_written_as_each_rows_alone(rows: int, data: some.DataObject) -> None:
    column = some.lists(TEXTS, min_size=rows, max_size=rows)
    names = data.draw(some.lists(some.sampled_from(['a"', "b", "é"]), unique=True))
    unknown = [(name, data.draw(some.lists(column, min_size=1, max_size=2))) for name in names]
    written = extra_texts(
        [(name, [pa.array(texts, pa.string()) for texts in several]) for name, several in unknown], rows
    )
    assert written.to_pylist() == [
        extra_text([(name, [texts[row] for texts in several]) for name, several in unknown])
        for row in range(rows)
    ]
