"""Keep one row per key, the same one however the rows are spread over files and partitions (spec 4.4).

Most keys never repeat, so their rows are neither sorted nor shuffled. A narrow aggregation over the hashes
of the keys finds the **suspects**, keys that may repeat; a collision only makes a lone row take the longer
way. The suspects are held as a bitmap of bounded size, so that it can be broadcast whatever the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from contracts.key_hash import count_and_xor, key_hash
from transforms.bronze_to_silver.precedence import (
    EVENT_DATE,
    SOURCE_FILE,
    precedence,
    recency_columns,
    silver_columns,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Observation

    from contracts.model import Contract

# 2^19 words of 64 bits: at most some 30 MB when broadcast. 3 million suspects then mark 9 % of the other
# rows as suspects too, which costs them a shuffle and nothing else.
_WORD_BITS = 19
_WORD = "_suspect_word"
_BITS = "_suspect_bits"
_HASH = "_key_hash"


@dataclass(frozen=True, slots=True)
class Parted:
    """Valid rows in two parts, by whether anybody may contest their key; both of ``silver_columns``.

    ``lone``: the keys of these rows occur once. ``contested``: all rows of every repeated key, and those of a
    few others. Hold what is read more than once: each part reads all valid rows.
    """

    lone: DataFrame
    contested: DataFrame


def suspect_keys(valid: DataFrame, contract: Contract, keys: Observation | None = None) -> DataFrame:
    """Find the keys that may occur more than once.

    Grain: one row per 64-bit word of a bitmap over the keys' hashes, at most 524,288 rows; a key is a
    suspect when its bit is set. Every repeated key is one; a few others are too. Hand the frame to ``part``,
    persisted, to find the suspects once.

    Args:
        valid: valid rows; only the key's columns are read.
        contract: the dataset's contract, whose primary key is the key.
        keys: hears on the way, when the suspects are computed, of all keys' hashes, each taken once:
            ``distinct``, how many there are, and ``xor``, that of them all. Ask it of some rows, not of none.
    """
    hashes = valid.select(key_hash(contract.key).alias(_HASH))
    times = hashes.groupBy(_HASH).agg(sf.count(sf.lit(1)).alias("rows"))
    if keys is not None:
        times = times.observe(keys, *count_and_xor(sf.col(_HASH)))
    return (
        times.where("rows > 1")
        .groupBy(_word(sf.col(_HASH)).alias(_WORD))
        .agg(sf.bit_or(sf.expr(f"shiftleft(1L, cast({_HASH} & 63 as int))")).alias(_BITS))
    )


def part(valid: DataFrame, contract: Contract, suspects: DataFrame) -> Parted:
    """Part the valid rows by whether their key is a suspect: ``suspect_keys`` found them."""
    columns = silver_columns(contract)
    hash_ = key_hash(contract.key)
    marked = (
        valid.select(*columns).withColumn(_WORD, _word(hash_)).join(sf.broadcast(suspects), _WORD, "left")
    )
    bit = sf.getbit(sf.coalesce(sf.col(_BITS), sf.lit(0)), hash_.bitwiseAND(sf.lit(63)).cast("int"))
    return Parted(marked.where(bit == 0).select(*columns), marked.where(bit == 1).select(*columns))


def deduplicate(parted: Parted, contract: Contract) -> DataFrame:
    """Keep the latest row of each key.

    Grain of the result: one row per key. Columns: the contract's, ``_extra``, ``_source_file``,
    ``event_date``. The latest row is the one with the greatest timestamps, in the contract's order, null
    least; a tie goes to the greatest ``_source_file``, then to the greatest content, column by column,
    then to the greatest ``_extra``. No ordering of rows.
    """
    columns = silver_columns(contract)
    # event_date follows from the timestamps: last in the struct, it never decides.
    greatest = sf.max(sf.struct(*precedence(contract), sf.col(EVENT_DATE))).alias("winner")
    resolved = parted.contested.groupBy(*contract.key).agg(greatest)
    return parted.lone.unionByName(
        resolved.select(*(sf.col("winner").getField(name).alias(name) for name in columns))
    )


def deduplicated_by_file(contested: DataFrame, contract: Contract) -> DataFrame:
    """Count the valid rows that lose against a later row of their key, by the file they came from.

    Counted from the losers themselves, not as a difference to what was promoted, so that the accounting
    proves something. It holds for users too: a user's current row is counted to the file of the latest row.

    Grain: one row per ``_source_file`` that lost at least one row. Columns: ``_source_file``, ``rows``
    (bigint). Only the key, the timestamps and the file are read: what is compared after the file cannot
    change the file of the winner.

    Args:
        contested: all rows of every key that repeats; others may be among them, and lose nothing.
        contract: the dataset's contract.
    """
    recency = recency_columns(contract)
    per_file = contested.groupBy(*contract.key, SOURCE_FILE).agg(
        sf.count(sf.lit(1)).alias("rows"), sf.max(sf.struct(*recency)).alias("latest")
    )
    winner = sf.max(sf.struct("latest", SOURCE_FILE)).over(Window.partitionBy(*contract.key))
    holds_winner = sf.col(SOURCE_FILE) == sf.col("winner").getField(SOURCE_FILE)
    lost = sf.col("rows") - holds_winner.cast("bigint")
    return (
        per_file.withColumn("winner", winner)
        .groupBy(SOURCE_FILE)
        .agg(sf.sum(lost).alias("rows"))
        .where("rows > 0")
    )


def _word(hash_: Column) -> Column:
    return sf.shiftrightunsigned(hash_, 64 - _WORD_BITS)
