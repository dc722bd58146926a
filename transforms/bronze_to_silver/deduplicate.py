"""Keep one row per key, the same one however the rows are spread over files and partitions (spec 4.4).

Most keys never repeat, so their rows are neither sorted nor shuffled. A narrow aggregation over the hashes
of the keys finds the **suspects**, keys that may repeat; a collision only makes a lone row take the longer
way. The suspects are held as a bitmap of bounded size, so that it can be broadcast whatever the input.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from transforms.bronze_to_silver.precedence import (
    EVENT_DATE,
    SOURCE_FILE,
    precedence,
    recency_columns,
    silver_columns,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from contracts.model import Contract

# 2^19 words of 64 bits: at most some 30 MB when broadcast. 3 million suspects then mark 9 % of the other
# rows as suspects too, which costs them a shuffle and nothing else.
_WORD_BITS = 19
_WORD = "_suspect_word"
_BITS = "_suspect_bits"


def suspect_keys(valid: DataFrame, contract: Contract) -> DataFrame:
    """Find the keys that may occur more than once.

    Grain: one row per 64-bit word of a bitmap over the keys' hashes, at most 524,288 rows; a key is a
    suspect when its bit is set. Every repeated key is one; a few others are too. Pass the frame to
    ``deduplicate`` and ``deduplicated_by_file``, persisted, to find the suspects once.

    Args:
        valid: valid rows; only the key's columns are read.
        contract: the dataset's contract, whose primary key is the key.
    """
    digests = valid.select(_digest(contract).alias("digest"))
    repeated = digests.groupBy("digest").agg(sf.count(sf.lit(1)).alias("rows")).where("rows > 1")
    return repeated.groupBy(_word(sf.col("digest")).alias(_WORD)).agg(
        sf.bit_or(sf.expr("shiftleft(1L, cast(digest & 63 as int))")).alias(_BITS)
    )


def deduplicate(valid: DataFrame, contract: Contract, suspects: DataFrame | None = None) -> DataFrame:
    """Keep the latest row of each key.

    Grain of the result: one row per key. Columns: the contract's, ``_extra``, ``_source_file``,
    ``event_date``. The latest row is the one with the greatest timestamps, in the contract's order, null
    least; a tie goes to the greatest ``_source_file``, then to the greatest content, column by column,
    then to the greatest ``_extra``. No ordering of rows.

    Args:
        valid: valid rows; read twice, so hand in staged Parquet rather than a costly plan.
        contract: the dataset's contract.
        suspects: ``suspect_keys`` of the same rows, when the caller has them already.
    """
    columns = silver_columns(contract)
    marked, is_suspect = _mark(valid.select(*columns), contract, suspects)
    lone = marked.where(~is_suspect).select(*columns)
    # event_date follows from the timestamps: last in the struct, it never decides.
    greatest = sf.max(sf.struct(*precedence(contract), sf.col(EVENT_DATE))).alias("winner")
    resolved = marked.where(is_suspect).groupBy(*contract.key).agg(greatest)
    return lone.unionByName(
        resolved.select(*(sf.col("winner").getField(name).alias(name) for name in columns))
    )


def deduplicated_by_file(
    valid: DataFrame, contract: Contract, suspects: DataFrame | None = None
) -> DataFrame:
    """Count the valid rows that lose against a later row of their key, by the file they came from.

    Counted from the losers themselves, not as a difference to what was promoted, so that the accounting
    proves something. It holds for users too: a user's current row is counted to the file of the latest row.

    Grain: one row per ``_source_file`` that lost at least one row. Columns: ``_source_file``, ``rows``
    (bigint). Only the key, the timestamps and the file are read: what is compared after the file cannot
    change the file of the winner.
    """
    recency = recency_columns(contract)
    marked, is_suspect = _mark(valid.select(*contract.key, *recency, SOURCE_FILE), contract, suspects)
    per_file = (
        marked.where(is_suspect)
        .groupBy(*contract.key, SOURCE_FILE)
        .agg(sf.count(sf.lit(1)).alias("rows"), sf.max(sf.struct(*recency)).alias("latest"))
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


def _mark(rows: DataFrame, contract: Contract, suspects: DataFrame | None) -> tuple[DataFrame, Column]:
    """Return the rows beside their word of the bitmap, and the condition that is true for a suspect."""
    found = suspect_keys(rows, contract) if suspects is None else suspects
    digest = _digest(contract)
    marked = rows.withColumn(_WORD, _word(digest)).join(sf.broadcast(found), _WORD, "left")
    bit = sf.getbit(sf.coalesce(sf.col(_BITS), sf.lit(0)), digest.bitwiseAND(sf.lit(63)).cast("int"))
    return marked, bit == 1


def _digest(contract: Contract) -> Column:
    return sf.xxhash64(*contract.key)


def _word(digest: Column) -> Column:
    return sf.shiftrightunsigned(digest, 64 - _WORD_BITS)
