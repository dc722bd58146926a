"""Row measurement: counts rule violations by file and rule, and writes invalid rows to quarantine."""

from __future__ import annotations

from functools import partial, reduce
from operator import or_
from typing import TYPE_CHECKING

import pyarrow as pa

from checkpoints.gate.measures import RecordsMeasured, RuleCount
from checkpoints.gate.routing import breaks_any
from checkpoints.gate.violation_counts import RuleViolations, ViolationCounts
from contracts.model import Domain
from contracts.rule_domains import columns_of
from contracts.system_columns import CURRENCY_PREFIX, RAW_TEXT, SOURCE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyspark.sql import Column, DataFrame

    from checkpoints.gate.measures import RowsRead
    from checkpoints.quarantine.rows import QuarantineWriter
    from contracts.model import Rule


_COUNTS_SCHEMA = "kind string, name string, rows bigint, low string, high string"
_BREAKS, _TEXT = "breaks ", "text "  # prefixes of computed columns
_ROWS_PER_TASK = 2_000_000  # to avoid many tiny quarantine files


def measure_rows(
    rows: DataFrame,
    conditions: Mapping[str, Column],
    rules: Sequence[Rule],
    read: RowsRead,
    quarantine: QuarantineWriter,
) -> tuple[RecordsMeasured, Sequence[str]]:
    """Count the rows that break rules, by file and by rule, and write the invalid ones, in one Spark job.

    Only rows that break a rule, or hold a currency, go to Python on the workers. Only counts, currencies and
    two sample values a rule are collected.

    Args:
        rows: contract columns, ``_source_file``, ``_raw``, ``_currency_<column>``.
        conditions: by rule, true for a row that breaks it, and never null.
        rules: the contract's row rules; those of other domains are skipped.
        read: counts made while reading.
        quarantine: writes invalid rows.

    Returns:
        the measures, and the names of the files with invalid rows in ``quarantine.staging``.
    """
    by_domain = {domain: [rule.name for rule in rules if rule.domain is domain] for domain in Domain}
    errors, warnings = by_domain[Domain.RECORDS], by_domain[Domain.VALID_ROWS]
    counts = ViolationCounts()
    for row in _task_counts(rows, conditions, rules, errors, read.rows, quarantine).collect():
        counts.add(*row)
    measured = records_measured(read, counts, errors, warnings, currency_columns(rows.columns))
    return measured, counts.written


def records_measured(
    read: RowsRead,
    counts: ViolationCounts,
    errors: Sequence[str],
    warnings: Sequence[str],
    currencies: Sequence[str],
) -> RecordsMeasured:
    """Return the measures of a dataset's rows.

    Args:
        read: counts made while reading.
        counts: of the rules that the rows break.
        errors: names of the rules that quarantine rows.
        warnings: names of those that only warn.
        currencies: the columns that hold the currency written with an amount.
    """
    # The least and the greatest offending value; one when they are the same, none when all are null.
    by_rule = {
        name: RuleCount(counts.by_rule[name], tuple(dict.fromkeys(counts.samples.get(name, ()))))
        for name in (*errors, *warnings)
    }
    found = {
        column: {currency for name, currency in counts.currencies if name == column} for column in currencies
    }
    return RecordsMeasured(
        rows_read=read.rows,
        rows_quarantined=counts.by_file.total(),
        broken={name: by_rule[name] for name in errors},
        warned={name: by_rule[name] for name in warnings},
        rows_by_file={
            file: (read.by_file.get(file, 0), counts.by_file[file])
            for file in {**read.by_file, **counts.by_file}
        },
        currencies={
            name.removeprefix(CURRENCY_PREFIX): tuple(sorted(written)) for name, written in found.items()
        },
        unknown_columns=read.unknown_columns,
        excluded_by_file=read.excluded_by_file,
        discarded_by_file=read.discarded_by_file,
        corrections=read.corrections,
        rejected=tuple(counts.rejected),
        files_by_rule={name: counts.files_of(name) for name in by_rule if by_rule[name].unexpected},
        offenders={name: tuple(rows) for name, rows in counts.offenders.items()},
    )


def currency_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that hold the currency written with an amount."""
    return [name for name in names if name.startswith(CURRENCY_PREFIX)]


def _task_counts(
    rows: DataFrame,
    conditions: Mapping[str, Column],
    rules: Sequence[Rule],
    errors: Sequence[str],
    row_count: int,
    quarantine: QuarantineWriter,
) -> DataFrame:
    """Return the counts of each task's rows (``_COUNTS_SCHEMA``)."""
    from pyspark.sql import functions as sf

    currencies = currency_columns(rows.columns)
    has_currency = reduce(or_, (sf.col(name).isNotNull() for name in currencies), sf.lit(False))
    texts = {rule.name: offending_text(rule, rows.columns) for rule in rules if rule.name in conditions}
    cores = rows.sparkSession.sparkContext.defaultParallelism
    # ``coalesce`` generates no code, so it keeps the columns computed for the few selected rows out of the
    # generated loop over all rows, which would otherwise grow too long for the JVM to compile well.
    selected = rows.where(breaks_any(conditions) | has_currency).coalesce(
        max(cores, row_count // _ROWS_PER_TASK)
    )
    is_invalid = breaks_any({name: conditions[name] for name in errors})
    columns = selected.select(
        SOURCE_FILE,
        sf.when(is_invalid, sf.col(RAW_TEXT)).alias(RAW_TEXT),
        *currencies,
        *(condition.alias(f"{_BREAKS}{name}") for name, condition in conditions.items()),
        *(text.alias(f"{_TEXT}{name}") for name, text in texts.items() if text is not None),
    )
    count = partial(_count_and_quarantine, errors=errors, currencies=currencies, quarantine=quarantine)
    return columns.mapInArrow(count, _COUNTS_SCHEMA)


def offending_text(rule: Rule, columns: Sequence[str]) -> Column | None:
    """Return the text of the values that a rule judges, several columns side by side; None without columns.

    Args:
        rule: a row rule.
        columns: of the rows.
    """
    from pyspark.sql import functions as sf

    present = [str(name) for name in columns_of(rule.kwargs) if name in columns]
    if not present:
        return None
    texts = [sf.col(name).cast("string") for name in present]
    return (
        texts[0] if len(texts) == 1 else sf.concat_ws(" / ", *[sf.coalesce(t, sf.lit("null")) for t in texts])
    )


def _count_and_quarantine(
    batches: Iterable[pa.RecordBatch],
    *,
    errors: Sequence[str],
    currencies: Sequence[str],
    quarantine: QuarantineWriter,
) -> Iterator[pa.RecordBatch]:
    """Count a task's rows, and write the invalid ones."""
    counts = ViolationCounts()
    with quarantine.files() as files:
        for batch in batches:
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            violations = RuleViolations.of(_with_prefix(columns, _BREAKS), errors, batch.num_rows)
            texts = _with_prefix(columns, _TEXT)
            counts.count(
                violations, columns[SOURCE_FILE], texts, {name: columns[name] for name in currencies}
            )
            is_invalid = pa.array(~violations.is_valid)
            sources, raws = (columns[name].filter(is_invalid) for name in (SOURCE_FILE, RAW_TEXT))
            if len(sources):
                rows = quarantine.rows(sources, raws, violations.broken_rules())
                files.add(rows)
                counts.add_rejected(rows)
                invalid_texts = {name: text.filter(is_invalid) for name, text in texts.items()}
                counts.add_offenders(rows, violations, invalid_texts)
    counts.written = files.written
    yield counts.batch()


def _with_prefix(columns: Mapping[str, pa.Array], prefix: str) -> dict[str, pa.Array]:
    return {name.removeprefix(prefix): column for name, column in columns.items() if name.startswith(prefix)}
