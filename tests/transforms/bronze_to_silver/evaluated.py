"""Columns over many texts, evaluated in one Spark job; and texts that are nearly right."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import Column, SparkSession

# What a mutation inserts: the grammars' own characters, near misses, blanks of several kinds.
NEAR_MISSES = "0123456789.,:;-+/eETZtz()$€ \t\u00a0\u2003\u2212٣½ABUSDCab'_"


def evaluate(
    spark: SparkSession, texts: Sequence[str | None], columns: Mapping[str, Column]
) -> list[tuple[object, ...]]:
    """Return the columns' values, a tuple a text, in the texts' order; the columns read a column ``text``."""
    rows = spark.createDataFrame(list(enumerate(texts)), "position int, text string")
    named = [column.alias(name) for name, column in columns.items()]
    found = {row[0]: tuple(row[1:]) for row in rows.select("position", *named).collect()}
    return [found[position] for position in range(len(texts))]


def mutated(text: str, luck: random.Random) -> str:
    """Return ``text`` with up to three characters left out, doubled, exchanged or put in."""
    characters = list(text)
    for _ in range(luck.randint(1, 3)):
        place = luck.randrange(len(characters) + 1)
        replacement = luck.choice(["", luck.choice(NEAR_MISSES), *characters[place : place + 1] * 2])
        characters[place : place + luck.randint(0, 1)] = replacement
    return "".join(characters)


def assert_same(texts: Iterable[str | None], found: Sequence[object], expected: Sequence[object]) -> None:
    """Compare value by value, and name every text whose value differs."""
    differing = [
        f"{text!r:.120}: found {here!r:.80}, expected {there!r:.80}"
        for text, here, there in zip(texts, found, expected, strict=True)
        if here != there
    ]
    assert not differing, "\n" + "\n".join(differing)
