"""Table measurement: rows, key uniqueness, nulls, dates and column types of written candidates."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial, reduce
from operator import xor
from typing import TYPE_CHECKING

from checkpoints.gate.measures import DistinctKeys, RowsWritten, RuleCount, TableMeasured
from contracts.days import as_number
from contracts.measures import ROWS, day_column, judged_columns
from contracts.spark import count_and_xor, key_hash
from contracts.system_columns import EVENT_DATE, SOURCE_FILE, UNDATED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Observation, Row

    from contracts.days import ValuesByDay
    from contracts.model import Contract


_TOTAL, _REPEATED = "total", "repeated"
# A row of totals without a day is of a file, or of a table without files; one with a day is of that day.
_COUNTS = {
    "table": "int",
    "file": "string",
    "rows": "bigint",
    "xor": "bigint",
    "nulls": "array<bigint>",
    "too_long": "bigint",
    "latest": "bigint",  # microseconds since 1970
    "day": "int",  # since 1970
    "values": "array<string>",  # of the day
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    among them), ``event_date`` and the timestamp behind it, ``_source_file``, the columns that are judged by
    day and, if it is computed, texts of limited length are read.
    Uniqueness without a shuffle: the number of rows and the xor of their key hashes must match the expected
    keys. Tables whose keys are unknown are grouped by key hash. Only a table with a repeated hash, or with
    other keys than expected, is grouped by the keys themselves, in a further job.
    """
    unread = [number for number, table in enumerate(tables) if table.counted is None]
    unproved = [n for n in unread if _key(tables[n]) and tables[n].keys is None]
    parts = [(_TOTAL, _totals(number, tables[number])) for number in unread]
    parts += [(_TOTAL, _days(n, tables[n])) for n in unread if judged_columns(tables[n].contract)]
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
    from pyspark.sql import functions as sf

    if {EVENT_DATE, SOURCE_FILE} & {*frame.columns} or not is_unique_by_plan(frame, contract.key):
        return frame, None
    observation = Observation()
    counts = [
        *count_and_xor(key_hash(contract.key)),
        _null_counts(contract, frame.columns),
        _too_long_count(contract, frame.columns),
    ]
    if judged_columns(contract):
        counts.append(sf.collect_list(sf.struct(*_values_of_day(contract))).alias("days"))
    required = _required(contract, frame.columns)
    return frame.observe(observation, *counts), partial(_observed_rows, observation, contract, required)


def _observed_rows(observation: Observation, contract: Contract, required: Sequence[str]) -> RowsWritten:
    found = observation.get
    nulls = dict(zip(required, found["nulls"], strict=True))
    days = [row for row in found.get("days", ()) if row["day"] is not None]
    return RowsWritten(
        observed_keys(observation), nulls, found["too_long"], _by_day(judged_columns(contract), days)
    )


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
        by_day=counted.by_day,
    )


def _by_day(names: Sequence[str], rows: Sequence[Row]) -> Mapping[str, ValuesByDay]:
    """Return what was measured by day; nothing for a table without days."""
    days = [(_EPOCH.date() + timedelta(days=row["day"]), row["values"]) for row in rows]
    return {
        name: {day: as_number(values[n]) for day, values in days if values[n] is not None}
        for n, name in enumerate(names)
    }


def _measured(table: WrittenTable, totals: Sequence[Row], *, has_repeated: bool) -> TableMeasured:
    """Return the measures of a table from its totals: by file if it has source files, and by day."""
    key = _key(table)
    names = (ROWS,) if EVENT_DATE in table.frame.columns else judged_columns(table.contract)
    by_day = _by_day(names, [row for row in totals if row["day"] is not None])
    totals = [row for row in totals if row["day"] is None]
    rows = sum(row["rows"] for row in totals)
    keys = DistinctKeys(rows, reduce(xor, (row["xor"] or 0 for row in totals), 0)) if key else None
    is_unproved = has_repeated or (rows > 0 and table.keys is not None and table.keys() != keys)
    duplicates = _duplicates(table.frame, key) if is_unproved else RuleCount(0)
    rows_by_day = dict(by_day.get(ROWS, {}))
    undated = rows_by_day.pop(date.fromisoformat(UNDATED), 0)
    latest = max((row["latest"] for row in totals if row["latest"] is not None), default=None)
    return TableMeasured(
        rows=rows,
        duplicate_rows=duplicates.unexpected,
        duplicate_samples=duplicates.samples,
        nulls={
            column: sum(row["nulls"][number] or 0 for row in totals)
            for number, column in enumerate(_required(table.contract, table.frame.columns))
        },
        date_span_days=(max(rows_by_day) - min(rows_by_day)).days if rows_by_day else 0,
        undated_rows=int(undated),
        rows_by_file={row["file"]: row["rows"] for row in totals}
        if SOURCE_FILE in table.frame.columns
        else {},
        keys=None if duplicates.unexpected else keys,
        too_long_values=sum(row["too_long"] or 0 for row in totals),
        by_day={**by_day, ROWS: rows_by_day} if ROWS in by_day else by_day,
        latest=None if latest is None else _EPOCH + timedelta(microseconds=latest),
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
    """Count a table without a shuffle of its rows: by groups, and by file if it has source files.

    A table with ``event_date`` is counted by it too, in rows of their own.
    """
    from pyspark.sql import functions as sf

    columns = table.frame.columns
    rows = table.frame.withColumn("file", sf.col(SOURCE_FILE)) if SOURCE_FILE in columns else table.frame
    by_file = [*groups, *(["file"] if SOURCE_FILE in columns else [])]
    counts, sums = _counts(table)
    if EVENT_DATE in columns:
        # The rows are counted once, by file and day; that small table is then summed up by each.
        undated = sf.lit(UNDATED).cast("date")
        rows = rows.withColumn("day", sf.unix_date(sf.coalesce(EVENT_DATE, undated)))
        counted = rows.groupBy(*by_file, "day").agg(*counts)
        sets = [by_file, [*groups, "day"]]
        totals = counted.groupingSets(sets, *by_file, "day").agg(*sums)
        totals = totals.withColumn("values", sf.array(sf.col("rows").cast("string")))
    else:
        totals = rows.groupBy(*by_file).agg(*counts)
    required = _required(table.contract, columns)
    nulls = sf.array(*(sf.col(_null_count(n)) for n in range(len(required)))).cast("array<bigint>")
    return totals.withColumn("nulls", nulls).withColumn("table", sf.lit(number))


def _counts(table: WrittenTable) -> tuple[list[Column], list[Column]]:
    """Return what is counted of rows, and how counts of parts are summed up; of the same names."""
    from pyspark.sql import functions as sf

    contract, columns, key = table.contract, table.frame.columns, _key(table)
    counts, summed = [_row_count(), _too_long_count(contract, columns)], ["rows", "too_long"]
    for n, name in enumerate(_required(contract, columns)):
        counts.append(sf.count_if(sf.col(name).isNull()).alias(_null_count(n)))
        summed.append(_null_count(n))
    sums = [sf.sum(name).alias(name) for name in summed]
    if key:
        counts.append(sf.bit_xor(key_hash(key)).alias("xor"))
        sums.append(sf.bit_xor("xor").alias("xor"))
    dating = contract.dating_column
    if contract.is_read_from_files and dating is not None and dating.name in columns:
        counts.append(sf.max(sf.unix_micros(dating.name)).alias("latest"))
        sums.append(sf.max("latest").alias("latest"))
    return counts, sums


def _null_count(number: int) -> str:
    """Return the column that counts the nulls of a required column, by its position among these."""
    return f"null_{number}"


def _days(number: int, table: WrittenTable) -> DataFrame:
    """Return the numbers that are judged by day, of a table with one row a day."""
    from pyspark.sql import functions as sf

    days = table.frame.select(sf.lit(number).alias("table"), *_values_of_day(table.contract))
    return days.where("day is not null")


def _values_of_day(contract: Contract) -> tuple[Column, Column]:
    """Return the day of a row, as ``day``, and the numbers that are judged by it, as ``values``."""
    from pyspark.sql import functions as sf

    values = [sf.col(name).cast("string") for name in judged_columns(contract)]
    return sf.unix_date(day_column(contract) or "").alias("day"), sf.array(*values).alias("values")


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
