"""The hash of a row's key, by which rows are told apart without moving the keys themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column


def key_hash(key: Sequence[str]) -> Column:
    """Return a bigint, never null: equal keys have equal ones; unequal keys share one in 2^64 cases or so."""
    from pyspark.sql import functions as sf

    return sf.xxhash64(*key)


def count_and_xor(hashes: Column) -> tuple[Column, Column]:
    """Return the aggregates ``distinct`` and ``xor`` of keys' hashes, each key once: they tell the set."""
    from pyspark.sql import functions as sf

    return sf.count(sf.lit(1)).alias("distinct"), sf.bit_xor(hashes).alias("xor")
