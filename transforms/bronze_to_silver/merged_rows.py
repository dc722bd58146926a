"""Current rows (SCD type 1) and row versions (SCD type 2) of a dataset whose rows are merged (spec 4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as sf

from contracts.derivation import VALIDITY
from contracts.system_columns import SOURCE_FILE
from transforms.bronze_to_silver.deduplicate import precedence, recency_columns, silver_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, WindowSpec

    from contracts.model import Contract

_BEGINNING = "TIMESTAMP '1900-01-01 00:00:00Z'"  # valid_from of a version without a time


def current_rows(valid: DataFrame, contract: Contract) -> DataFrame:
    """Merge the valid rows of each key into the current one.

    Grain: one row per key. Columns: ``silver_columns``. Each attribute is the latest non-null value, by the
    recency column (of users: updated_at; null is oldest), ties as in ``precedence``; null if there never was
    one. The recency column, ``_extra``, ``_source_file`` and ``event_date`` are those of the latest row, null
    or not. No ordering of rows.
    """
    excluded = {*contract.key, *recency_columns(contract)}
    attributes = [name for name in contract.column_names if name not in excluded]
    columns = silver_columns(contract)
    has_later = sf.lead(sf.lit(True)).over(_by_precedence(contract))
    return (
        valid.select(*columns, *_carried(attributes, contract), has_later.alias("_has_later"))
        .where("_has_later IS NULL")
        .select(*(sf.col(_carried_name(c)).alias(c) if c in attributes else sf.col(c) for c in columns))
    )


def merged_by_file(rows: DataFrame, contract: Contract) -> DataFrame:
    """Count the valid rows that are not the latest of their key, by source file.

    Counted directly, not as the difference to the promoted rows, so that the accounting is a real check.

    Grain: one row per ``_source_file`` with such rows. Columns: ``_source_file``, ``rows`` (bigint). Only
    key, recency column and file are read: columns compared after the file cannot change the latest row's
    file.

    Args:
        rows: all rows of every key with several; other keys are not counted.
        contract: the dataset's contract.
    """
    per_file = rows.groupBy(*contract.key, SOURCE_FILE).agg(
        sf.count(sf.lit(1)).alias("rows"), sf.max(sf.struct(*recency_columns(contract))).alias("latest")
    )
    latest = sf.max(sf.struct("latest", SOURCE_FILE)).over(Window.partitionBy(*contract.key))
    holds_latest = sf.col(SOURCE_FILE) == sf.col("of_key").getField(SOURCE_FILE)
    return (
        per_file.withColumn("of_key", latest)
        .groupBy(SOURCE_FILE)
        .agg(sf.sum(sf.col("rows") - holds_latest.cast("bigint")).alias("rows"))
        .where("rows > 0")
    )


def row_versions(valid: DataFrame, dataset: Contract, history: Contract) -> DataFrame:
    """Return the versions of each key, from all valid rows.

    Grain: key × valid_from. Columns: the history contract's. Attributes carry forward, only the last state of
    an instant counts, and a version begins where the state differs from the one before. valid_from is the
    recency column (1900-01-01 if null); valid_to is the next version's valid_from, null for the current one,
    which alone has is_current. The current version equals the dataset's row in silver. No ordering of rows.

    Args:
        valid: valid rows of the dataset.
        dataset: its contract, whose column order breaks ties.
        history: the contract of the versions; its columns other than key and validity are the state.
    """
    (changed_at,) = recency_columns(dataset)
    key = dataset.key
    attributes = [name for name in history.column_names if name not in (*key, *VALIDITY)]
    state = sf.struct(*(sf.col(_carried_name(name)).alias(name) for name in attributes))

    # The first window's shuffle and sort serve all windows below.
    ordered = _by_precedence(dataset)
    next_instant = sf.lead(sf.struct(changed_at)).over(ordered)  # a struct, as the instant itself may be null
    instants = (
        valid.select(*key, changed_at, *_carried(attributes, dataset), next_instant.alias("_next"))
        .where(
            sf.col("_next").isNull() | ~sf.col("_next").getField(changed_at).eqNullSafe(sf.col(changed_at))
        )
        .select(*key, changed_at, state.alias("_state"))
    )
    in_time = Window.partitionBy(*key).orderBy(sf.col(changed_at).asc_nulls_first())
    versions = instants.withColumn("_before", sf.lag("_state").over(in_time)).where(
        sf.col("_before").isNull() | (sf.col("_before") != sf.col("_state"))
    )
    return (
        versions.withColumn("valid_from", sf.coalesce(sf.col(changed_at), sf.expr(_BEGINNING)))
        .withColumn("valid_to", sf.lead("valid_from").over(in_time))
        .withColumn("is_current", sf.col("valid_to").isNull())
        .select(*key, "_state.*", "valid_from", "valid_to", "is_current")
        .select(*history.column_names)
    )


def _by_precedence(contract: Contract) -> WindowSpec:
    """Return the window over the rows of a key, from the oldest to the latest."""
    order = [column.asc_nulls_first() for column in precedence(contract)]
    return Window.partitionBy(*contract.key).orderBy(*order)


def _carried(attributes: Sequence[str], contract: Contract) -> list[Column]:
    """Return ``_known_<attribute>`` of each attribute: its latest non-null value up to this row."""
    until_now = _by_precedence(contract).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return [sf.last(name, ignorenulls=True).over(until_now).alias(_carried_name(name)) for name in attributes]


def _carried_name(attribute: str) -> str:
    return f"_known_{attribute}"
