"""Measures the rows as read: how many of each file are rejected, which rules they broke; and rejects them."""

from __future__ import annotations

from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING

from checkpoints.gate.measures import RecordsMeasured, RuleCount
from checkpoints.gate.record_counts import COUNTED, Judged, RecordCounts
from checkpoints.gate.routing import breaks_any
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

    from checkpoints.gate.measures import RowsRead
    from checkpoints.quarantine.rejected import Rejection
    from contracts.model import Rule

SOURCE_FILE = "_source_file"
RAW = "_raw"  # the record as it was written
CURRENCY = "_currency_"  # beside a column of money: what was written with the amount
_BREAKS, _TEXT = "breaks ", "text "
_ROWS_A_TASK = 2_000_000  # so that the quarantine is no heap of tiny files


def measure_records(
    rows: DataFrame,
    conditions: Mapping[str, Column],
    rules: Sequence[Rule],
    read: RowsRead,
    rejection: Rejection,
) -> tuple[RecordsMeasured, Sequence[str]]:
    """Count the rows that break rules, by file and by rule, and write the invalid ones, in one Spark job.

    Only rows that break a rule are looked at closely, and those with a currency that no reader has told: they
    go to Python on the workers, which counts and writes them. Nothing but counts, currencies and two sample
    values a rule is collected.

    Args:
        rows: contract columns, ``_source_file``, ``_raw`` (null where the text was not kept),
            ``_currency_<column>``.
        conditions: by rule, what is true for a row that breaks it, and never null.
        rules: the row rules of the contract; those of other domains are passed over.
        read: what was counted when the rows were read.
        rejection: where and as what invalid rows are written.

    Returns:
        what was measured; and the names of the files in ``rejection.staging`` that hold the invalid rows.
    """
    judged = {domain: [rule.name for rule in rules if rule.domain is domain] for domain in Domain}
    errors, warnings = judged[Domain.RECORDS], judged[Domain.VALID_ROWS]
    counts = RecordCounts()
    for row in _counted(rows, conditions, rules, errors, read.rows, rejection).collect():
        counts.add(*row)
    by_rule = {name: RuleCount(counts.by_rule[name], _samples(counts, name)) for name in conditions}
    found = {
        name: {written for of, written in counts.currencies if of == name}
        for name in money_columns(rows.columns)
    }
    measured = RecordsMeasured(
        rows_read=read.rows,
        rows_quarantined=counts.by_file.total(),
        broken={name: by_rule[name] for name in errors},
        warned={name: by_rule[name] for name in warnings},
        rows_by_file={
            file: (read.by_file.get(file, 0), counts.by_file[file])
            for file in {**read.by_file, **counts.by_file}
        },
        currencies={
            name.removeprefix(CURRENCY): tuple(sorted(written.union(read.currencies.get(name, ()))))
            for name, written in found.items()
        },
        unknown_columns=read.unknown_columns,
        rows_without_raw=counts.without_raw,
    )
    return measured, counts.written


def _counted(
    rows: DataFrame,
    conditions: Mapping[str, Column],
    rules: Sequence[Rule],
    errors: Sequence[str],
    row_count: int,
    rejection: Rejection,
) -> DataFrame:
    """Return the counts of each task's rows, as rows of ``COUNTED``."""
    from pyspark.sql import functions as sf

    money = money_columns(rows.columns)
    named = reduce(or_, (sf.col(name).isNotNull() for name in money), sf.lit(False))
    texts = {rule.name: _offending_text(rule, rows.columns) for rule in rules if rule.name in conditions}
    cores = rows.sparkSession.sparkContext.defaultParallelism
    # What is computed of the few rows is not generated into the loop over all rows: that is soon too long for
    # the JVM to compile well. A step between them that generates no code, as ``coalesce``, keeps them apart.
    remarkable = rows.where(breaks_any(conditions) | (sf.col(RAW).isNotNull() & named)).coalesce(
        max(cores, row_count // _ROWS_A_TASK)
    )
    judged = remarkable.select(
        SOURCE_FILE,
        RAW,
        *money,
        *(condition.alias(f"{_BREAKS}{name}") for name, condition in conditions.items()),
        *(text.alias(f"{_TEXT}{name}") for name, text in texts.items() if text is not None),
    )
    count = partial(_count_and_reject, errors=errors, money=money, rejection=rejection)
    return judged.mapInArrow(count, COUNTED)


def _count_and_reject(
    batches: Iterable[pa.RecordBatch], *, errors: Sequence[str], money: Sequence[str], rejection: Rejection
) -> Iterator[pa.RecordBatch]:
    """Count a task's rows, and write the invalid ones."""
    import pyarrow as pa

    counts = RecordCounts()
    with rejection.files() as files:
        for batch in batches:
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            judged = Judged.of(_named(columns, _BREAKS), errors, batch.num_rows)
            counts.count(judged, columns[SOURCE_FILE], _named(columns, _TEXT), {n: columns[n] for n in money})
            is_invalid = pa.array(~judged.is_valid)
            sources, raws = (columns[name].filter(is_invalid) for name in (SOURCE_FILE, RAW))
            counts.without_raw += raws.null_count
            if len(sources):
                files.add(rejection.rows(sources, raws, judged.broken_rules()))
    counts.written = files.written
    yield counts.batch()


def _named(columns: Mapping[str, pa.Array], prefix: str) -> dict[str, pa.Array]:
    return {name.removeprefix(prefix): column for name, column in columns.items() if name.startswith(prefix)}


def money_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that hold what currency was written with an amount."""
    return [name for name in names if name.startswith(CURRENCY)]


def _offending_text(rule: Rule, columns: Sequence[str]) -> Column | None:
    """Return the text of what the rule looks at: its column, or the columns side by side."""
    from pyspark.sql import functions as sf

    kwargs = rule.kwargs
    listed = kwargs.get("column_list")
    named = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B")]
    named += list(listed) if isinstance(listed, (list, tuple)) else []
    present = [str(name) for name in named if name in columns]
    if not present:
        return None
    texts = [sf.col(name).cast("string") for name in present]
    return (
        texts[0] if len(texts) == 1 else sf.concat_ws(" / ", *[sf.coalesce(t, sf.lit("null")) for t in texts])
    )


def _samples(counts: RecordCounts, rule: str) -> tuple[str, ...]:
    """Return the least and the greatest offending value; one when they are the same, none for nulls."""
    return tuple(dict.fromkeys(counts.samples.get(rule, ())))
