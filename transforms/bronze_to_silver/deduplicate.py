"""Deduplicate rows by key, independently of their spread over files and partitions (spec 4.4).

Most keys never repeat, so their rows are neither sorted nor shuffled. An aggregation over the hashes of the
keys finds those that may repeat; a hash collision only sends a unique row the slower way. They are kept as a
bitmap of bounded size, which can be broadcast whatever the input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from contracts.model import Kind
from contracts.spark import count_and_xor, key_hash
from contracts.system_columns import EVENT_DATE, EXTRA, SOURCE_FILE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Observation

    from contracts.model import Contract

# 2^19 words of 64 bits: at most some 30 MB when broadcast. 3 million repeated keys then mark 9 % of the other
# rows too, which costs those a shuffle and nothing else.
_WORD_BITS = 19
_WORD = "_bitmap_word"
_BITS = "_bitmap_bits"
_HASH = "_key_hash"
_RANK = "_rank"
_CONFLICTS = "_conflicts"


def silver_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns of SILVER: the contract's, ``_extra``, ``_source_file``, ``event_date``."""
    return (*contract.column_names, EXTRA, SOURCE_FILE, EVENT_DATE)


def recency_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns that decide which row is the latest, most significant first.

    Where the contract names none, its first timestamp column.
    """
    timestamps = (column.name for column in contract.columns if column.type.kind is Kind.TIMESTAMP)
    return contract.recency or tuple(timestamps)[:1]


def precedence(contract: Contract) -> list[Column]:
    """Return the columns by which rows of a key are compared; the greatest row is kept.

    Recency, ``_source_file``, the other contract columns in order, ``_extra``. Ascending, null least; strings
    by code point, as Spark compares UTF-8 bytes. Doubles come last once more as text, because 0.0 equals
    -0.0 and the row kept would depend on the partitioning.
    """
    recency = recency_columns(contract)
    rest = (name for name in contract.column_names if name not in recency)
    doubles = (column.name for column in contract.columns if column.type.kind is Kind.DOUBLE)
    return [
        *(sf.col(name) for name in (*recency, SOURCE_FILE, *rest, EXTRA)),
        *(sf.col(name).cast("string").alias(f"_text_{name}") for name in doubles),
    ]


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Valid rows split by whether their key may repeat, with ``silver_columns``.

    ``unique``: rows whose key occurs once. ``maybe_repeated``: all rows of repeated keys, and of a few
    others. Each frame reads all valid rows: persist what is read more than once.
    """

    unique: DataFrame
    maybe_repeated: DataFrame


def maybe_repeated_keys(
    valid: DataFrame, contract: Contract, observation: Observation | None = None
) -> DataFrame:
    """Return a bitmap of the keys that may occur more than once: all repeated ones, and a few others.

    Grain: one row per 64-bit word of a bitmap over the keys' hashes, at most 524,288 rows. Persist it for
    ``split_by_key_repetition``.

    Args:
        valid: valid rows; only the key's columns are read.
        contract: the dataset's contract, whose primary key is the key.
        observation: receives, when the result is computed, ``distinct`` (number of distinct key hashes) and
            ``xor`` (over them). It needs at least one row.
    """
    hashes = valid.select(key_hash(contract.key).alias(_HASH))
    times = hashes.groupBy(_HASH).agg(sf.count(sf.lit(1)).alias("rows"))
    if observation is not None:
        times = times.observe(observation, *count_and_xor(sf.col(_HASH)))
    return (
        times.where("rows > 1")
        .groupBy(_word(sf.col(_HASH)).alias(_WORD))
        .agg(sf.bit_or(sf.expr(f"shiftleft(1L, cast({_HASH} & 63 as int))")).alias(_BITS))
    )


def split_by_key_repetition(valid: DataFrame, contract: Contract, repeated: DataFrame) -> SplitRows:
    """Split valid rows by whether their key may repeat, given the bitmap of ``maybe_repeated_keys``."""
    columns = silver_columns(contract)
    hash_ = key_hash(contract.key)
    marked = (
        valid.select(*columns).withColumn(_WORD, _word(hash_)).join(sf.broadcast(repeated), _WORD, "left")
    )
    bit = sf.getbit(sf.coalesce(sf.col(_BITS), sf.lit(0)), hash_.bitwiseAND(sf.lit(63)).cast("int"))
    return SplitRows(marked.where(bit == 0).select(*columns), marked.where(bit == 1).select(*columns))


def rank(rows: DataFrame, contract: Contract) -> DataFrame:
    """Rank the rows of each key, the latest first, and compare each with the latest.

    Grain: as ``rows``. Columns: silver's; ``_rank`` (int): 1 for the row to keep, the greatest by
    ``precedence``; ``_conflicts`` (boolean): whether the contract's columns or ``_extra`` differ from the row
    to keep (null equals null). Persist the frame: both functions below read it.

    Args:
        rows: all rows of every repeated key; further keys do no harm.
        contract: the dataset's contract.
    """
    latest_first = Window.partitionBy(*contract.key).orderBy(
        *(column.desc_nulls_last() for column in precedence(contract))
    )
    content = sf.struct(*contract.column_names, EXTRA)
    kept = sf.first(content).over(latest_first.rowsBetween(Window.unboundedPreceding, Window.currentRow))
    return rows.select(
        *silver_columns(contract),
        sf.row_number().over(latest_first).alias(_RANK),
        (~content.eqNullSafe(kept)).alias(_CONFLICTS),
    )


def deduplicate(unique: DataFrame, ranked: DataFrame, contract: Contract) -> DataFrame:
    """Return the latest row of each key.

    Grain: one row per key. Columns: ``silver_columns``. No ordering of rows.

    Args:
        unique: rows whose key occurs once.
        ranked: all others, as returned by ``rank``.
        contract: the dataset's contract.
    """
    return unique.unionByName(ranked.where(f"{_RANK} = 1").select(*silver_columns(contract)))


def losers_by_file(ranked: DataFrame) -> DataFrame:
    """Count the valid rows dropped for a later row of their key, by source file.

    Counted directly, not as the difference to the promoted rows, so that the accounting is a real check.

    Grain: one row per ``_source_file`` with dropped rows. Columns: ``_source_file``; ``rows`` (bigint);
    ``conflicting`` (bigint), those of them that differ from the row kept.
    """
    return (
        ranked.where(f"{_RANK} > 1")
        .groupBy(SOURCE_FILE)
        .agg(sf.count(sf.lit(1)).alias("rows"), sf.count_if(_CONFLICTS).alias("conflicting"))
    )


def _word(hash_: Column) -> Column:
    return sf.shiftrightunsigned(hash_, 64 - _WORD_BITS)
