"""Columns over many texts, evaluated in one Spark job; numbers parsed to a type; nearly right texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from transforms.bronze_to_silver.numbers import parse_number

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping, Sequence
    from decimal import Decimal

    from pyspark.sql import Column, SparkSession

    from contracts.model import DataType

# What a mutation inserts: the grammars' own characters, near misses, blanks of several kinds.
NEAR_MISSES = "0123456789.,:;-+/eETZtz()$€ \t\u00a0\u2003\u202f\u2019\u2212٣½ABUSDCPMabpm'_"


def evaluate(
    spark: SparkSession, texts: Sequence[str | None], columns: Mapping[str, Column]
) -> list[tuple[object, ...]]:
    """Return the columns' values, a tuple a text, in the texts' order; the columns read a column ``text``."""
    rows = spark.createDataFrame(list(enumerate(texts)), "position int, text string")
    named = [column.alias(name) for name, column in columns.items()]
    found = {row[0]: tuple(row[1:]) for row in rows.select("position", *named).collect()}
    return [found[position] for position in range(len(texts))]


class Number(NamedTuple):
    """A number in a contract's type, and its currency as written, if any."""

    value: int | float | Decimal
    currency: str | None


def read_number(
    cleaned: str, data_type: DataType, decimal_mark: str = ".", currency_signs: tuple[str, ...] = ()
) -> Number | None:
    """Return the number that a text writes; None where it writes none that fits the type."""
    parsed = parse_number(cleaned, decimal_mark, currency_signs)
    value = None if parsed is None else parsed.to_type(data_type)
    return None if parsed is None or value is None else Number(value, parsed.currency)


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
