"""Table measurement: rows, key uniqueness, nulls, dates and column types of written candidates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial, reduce
from operator import xor
from typing import TYPE_CHECKING

from checkpoints.gate.measures import DistinctKeys, RowsWritten, RuleCount, TableMeasured
from contracts.spark import count_and_xor, key_hash
from contracts.system_columns import EVENT_DATE, SOURCE_FILE, UNDATED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from pyspark.sql import Column, DataFrame, Observation, Row

    from contracts.model import Contract


_TOTAL, _REPEATED = "total", "repeated"
_COUNTS = {
    "table": "int",
    "file": "string",
    "rows": "bigint",
    "xor": "bigint",
    "nulls": "array<bigint>",
    "too_long": "bigint",
    "undated": "bigint",
    "first": "int",
    "last": "int",
}


@dataclass(frozen=True, slots=True)
class WrittenTable:
    """A candidate as written.

    ``frame``: its rows as read back. ``keys``: returns the expected keys, each once, counted from the table's
    input; None when unknown. ``counted``: all measured numbers, where they were counted during the write.
    """

    frame: DataFrame
    contract: Contract
    keys: Callable[[], DistinctKeys] | None = None
    counted: RowsWritten | None = None


def measure_tables(tables: Sequence[WrittenTable]) -> list[TableMeasured]:
    """Measure written tables in one Spark job; returns one result per table, in order.

    A table that was counted during its write is not read. Of any other table, only required columns (the key
    among them), ``event_date``, ``_source_file`` and, if it is computed, texts of limited length are read.
    Uniqueness without a shuffle: the number of rows and the xor of their key hashes must match the expected
    keys. Tables whose keys are unknown are grouped by key hash. Only a table with a repeated hash, or with
    other keys than expected, is grouped by the keys themselves, in a further job.
    """
    unread = [number for number, table in enumerate(tables) if table.counted is None]
    unproved = [n for n in unread if _key(tables[n]) and tables[n].keys is None]
    parts = [(_TOTAL, _totals(number, tables[number])) for number in unread]
    if unproved:
        parts.append((_REPEATED, _repeated([_hashes(number, tables[number]) for number in unproved])))
    totals: dict[int, list[Row]] = defaultdict(list)
    repeated = set()
    for row in _collect(parts) if parts else ():
        if row["kind"] == _TOTAL:
            totals[row["table"]].append(row)
        else:
            repeated.add(row["table"])
    return [
        _measured(table, totals[number], has_repeated=number in repeated)
        if table.counted is None
        else _as_written(table.counted)
        for number, table in enumerate(tables)
    ]


def measure_groups(table: WrittenTable, group: str, names: Iterable[str]) -> dict[str, TableMeasured]:
    """Measure the groups of rows of a table, each as if it were a table of its own, in two Spark jobs.

    Args:
        table: its key is unique within a group.
        group: the column that names the group of a row; it is not a column of the contract.
        names: of the groups; there may be groups without rows.

    Returns:
        the measures by group.
    """
    from pyspark.sql import functions as sf

    totals: dict[str, list[Row]] = defaultdict(list)
    for row in _shaped(_totals(0, table, group), group).collect():
        totals[row[group]].append(row)
    hashes = table.frame.select(group, key_hash(_key(table)).alias("hash"))
    repeated = {row[group] for row in hashes.groupBy(group, "hash").count().where("count > 1").collect()}
    return {
        name: _measured(
            replace(table, frame=table.frame.where(sf.col(group) == name)) if name in repeated else table,
            totals[name],
            has_repeated=name in repeated,
        )
        for name in names
    }


def observe_counts(
    frame: DataFrame, contract: Contract
) -> tuple[DataFrame, Callable[[], RowsWritten] | None]:
    """Attach a row-count observation to the write when it makes a second scan unnecessary.

    Returns:
        the frame to write, with the same rows; and a function that returns the counts after the write of at
        least one row. None if the plan does not prove that keys are unique, or if the table has dates or
        source files, which are counted from the written files.
    """
    from pyspark.sql import Observation

    if {EVENT_DATE, SOURCE_FILE} & {*frame.columns} or not is_unique_by_plan(frame, contract.key):
        return frame, None
    observation = Observation()
    counts = (
        *count_and_xor(key_hash(contract.key)),
        _null_counts(contract, frame.columns),
        _too_long_count(contract, frame.columns),
    )
    required = _required(contract, frame.columns)
    return frame.observe(observation, *counts), partial(_observed_rows, observation, required)


def _observed_rows(observation: Observation, required: Sequence[str]) -> RowsWritten:
    found = observation.get
    nulls = dict(zip(required, found["nulls"], strict=True))
    return RowsWritten(observed_keys(observation), nulls, found["too_long"])


def observed_keys(observation: Observation) -> DistinctKeys:
    """Return the keys of an observation of ``count_and_xor``; it must have seen at least one row."""
    found = observation.get
    return DistinctKeys(found["distinct"], found["xor"])


def confirmed_counts(observed: Callable[[], RowsWritten], file_rows: int) -> RowsWritten | None:
    """Return the observed counts if they match the rows in the written files; None otherwise."""
    counted = observed() if file_rows else None
    return counted if counted is not None and counted.keys.distinct == file_rows else None


def is_unique_by_plan(frame: DataFrame, key: Sequence[str]) -> bool:
    """Return whether Spark's optimizer infers that keys are unique, such as after grouping by the key.

    False does not mean that a key repeats. Spark infers distinct keys since 3.3
    (``org.apache.spark.sql.catalyst.plans.logical.DistinctKeyVisitor``).
    """
    found = frame._jdf.queryExecution().optimizedPlan().distinctKeys().toSeq()
    sets = [found.apply(position).toSeq() for position in range(found.size())]
    return any({one.apply(position).name() for position in range(one.size())} <= set(key) for one in sets)


def _as_written(counted: RowsWritten) -> TableMeasured:
    """Return the measures of a table that was counted during its write."""
    return TableMeasured(
        rows=counted.keys.distinct,
        duplicate_rows=0,
        duplicate_samples=(),
        nulls=counted.nulls,
        date_span_days=0,
        undated_rows=0,
        rows_by_file={},
        keys=counted.keys,
        too_long_values=counted.too_long_values,
    )


def _measured(table: WrittenTable, totals: Sequence[Row], *, has_repeated: bool) -> TableMeasured:
    """Return the measures of a table from its totals, which are by file if it has source files."""
    key = _key(table)
    rows = sum(row["rows"] for row in totals)
    keys = DistinctKeys(rows, reduce(xor, (row["xor"] or 0 for row in totals), 0)) if key else None
    is_unproved = has_repeated or (rows > 0 and table.keys is not None and table.keys() != keys)
    duplicates = _duplicates(table.frame, key) if is_unproved else RuleCount(0)
    days = [row[end] for row in totals for end in ("first", "last") if row[end] is not None]
    return TableMeasured(
        rows=rows,
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        nulls={
            column: sum(row["nulls"][number] or 0 for row in totals)
            for number, column in enumerate(_required(table.contract, table.frame.columns))
        },
        date_span_days=max(days) - min(days) if days else 0,
        undated_rows=sum(row["undated"] or 0 for row in totals),
        rows_by_file={row["file"]: row["rows"] for row in totals}
        if SOURCE_FILE in table.frame.columns
        else {},
        keys=None if duplicates.unexpected else keys,
        too_long_values=sum(row["too_long"] or 0 for row in totals),
    )


def _collect(parts: Sequence[tuple[str, DataFrame]]) -> list[Row]:
    """Collect frames of counts in one job: ``kind`` and the columns of ``_COUNTS``, null where missing."""
    from pyspark.sql import functions as sf

    return _union(
        [_shaped(counts.withColumn("kind", sf.lit(kind)), "kind") for kind, counts in parts]
    ).collect()


def _shaped(counts: DataFrame, label: str) -> DataFrame:
    """Return one column of a frame of counts and those of ``_COUNTS``, null where missing."""
    from pyspark.sql import functions as sf

    columns = (
        (sf.col(name) if name in counts.columns else sf.lit(None)).cast(type_).alias(name)
        for name, type_ in _COUNTS.items()
    )
    return counts.select(label, *columns)


def _union(frames: Sequence[DataFrame]) -> DataFrame:
    return reduce(lambda one, other: one.union(other), frames)


def _totals(number: int, table: WrittenTable, *groups: str) -> DataFrame:
    """Count a table without a shuffle of its rows: by groups, and by file if it has source files."""
    from pyspark.sql import functions as sf

    columns, key = table.frame.columns, _key(table)
    counts = [_row_count(), _null_counts(table.contract, columns), _too_long_count(table.contract, columns)]
    if key:
        counts.append(sf.bit_xor(key_hash(key)).alias("xor"))
    if EVENT_DATE in columns:
        date = sf.col(EVENT_DATE)
        dated = sf.when(date != sf.lit(UNDATED).cast("date"), sf.unix_date(date))
        counts += [
            sf.count(sf.when(dated.isNull(), 1)).alias("undated"),
            sf.min(dated).alias("first"),
            sf.max(dated).alias("last"),
        ]
    by_file = [sf.col(SOURCE_FILE).alias("file")] if SOURCE_FILE in columns else []
    return table.frame.groupBy(*groups, *by_file).agg(*counts).withColumn("table", sf.lit(number))


def _row_count() -> Column:
    """Return the number of rows, as ``rows``."""
    from pyspark.sql import functions as sf

    return sf.count(sf.lit(1)).alias("rows")


def _required(contract: Contract, columns: Collection[str]) -> list[str]:
    """Return the required columns that are present."""
    return [column.name for column in contract.columns if column.required and column.name in columns]


def _null_counts(contract: Contract, columns: Collection[str]) -> Column:
    """Return the number of nulls in each required column that is present, as an array ``nulls``."""
    from pyspark.sql import functions as sf

    counts = [sf.count_if(sf.col(name).isNull()) for name in _required(contract, columns)]
    return sf.array(*counts).cast("array<bigint>").alias("nulls")


def _too_long_count(contract: Contract, columns: Collection[str]) -> Column:
    """Return the number of values of a computed table that are longer than their varchar, as ``too_long``.

    Always 0 for a dataset that is read from files, whose rows are judged one by one.
    """
    from pyspark.sql import functions as sf

    limits = {} if contract.is_read_from_files else contract.length_limits
    too_long = (
        sf.coalesce((sf.octet_length(name) > most).cast("bigint"), sf.lit(0))
        for name, most in limits.items()
        if name in columns
    )
    return sf.sum(sum(too_long, sf.lit(0).cast("bigint"))).alias("too_long")


def _hashes(number: int, table: WrittenTable) -> DataFrame:
    from pyspark.sql import functions as sf

    return table.frame.select(sf.lit(number).alias("table"), key_hash(_key(table)).alias("hash"))


def _repeated(hashes: Sequence[DataFrame]) -> DataFrame:
    """Return the numbers of the tables in which a hash is repeated."""
    groups = _union(hashes).groupBy("table", "hash").agg(_row_count())
    return groups.where("rows > 1").select("table").distinct()


def _key(table: WrittenTable) -> list[str]:
    return [name for name in table.contract.key if name in table.frame.columns]


def _duplicates(frame: DataFrame, key: Sequence[str]) -> RuleCount:
    """Count the rows that share their key with another row, with the least and the greatest such key."""
    from pyspark.sql import functions as sf

    text = sf.concat_ws(" / ", *[sf.col(name).cast("string") for name in key])
    shared = frame.groupBy(*key).agg(_row_count()).where("rows > 1")
    found = shared.agg(sf.sum("rows").alias("rows"), sf.min(text).alias("low"), sf.max(text).alias("high"))
    rows, low, high = found.collect()[0]
    return RuleCount(rows or 0, tuple(dict.fromkeys(one for one in (low, high) if one is not None)))
