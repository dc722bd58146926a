"""Measures the staged rows: how many were read, from which file, which rules they broke."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checkpoints.gate.counting import collect_together, counted_rows
from checkpoints.gate.measures import RecordsMeasured, RuleCount, UnknownColumn
from checkpoints.gate.routing import BROKEN_RULES, IS_VALID, invalid_rows, valid_rows
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Row

    from contracts.model import Rule

SAMPLE_CHARACTERS = 200
SOURCE_FILE = "_source_file"
CURRENCY = "_currency_"  # beside a column of money: what was written with the amount
_FILE, _RULE, _EXTRA = "file", "rule", "extra"
_COUNTED = {
    "name": "string",
    "rows": "bigint",
    IS_VALID: "boolean",
    "currencies": "array<string>",
    "low": "string",
    "high": "string",
}


def measure_records(staged: DataFrame, rules: Sequence[Rule], rows_observed: int) -> RecordsMeasured:
    """Count the staged rows by file and by broken rule, in one Spark job over a few narrow columns.

    Nothing but counts, currencies and two sample values a rule is collected.

    Args:
        staged: the rows as written: contract columns, ``_extra``, ``_source_file``, ``_currency_<column>``,
            and what ``with_broken_rules`` added; ``_is_valid`` may be a partition that was read back as text.
        rules: the row rules of the contract; those of other domains are passed over.
        rows_observed: how many rows went by while they were written.
    """
    money = [name for name in staged.columns if name.startswith(CURRENCY)]
    judged = {domain: [rule for rule in rules if rule.domain is domain] for domain in Domain}
    errors, warnings = judged[Domain.RECORDS], judged[Domain.VALID_ROWS]
    parts = [(_FILE, _by_file(staged, money)), (_RULE, _by_rule(invalid_rows(staged), errors))]
    if warnings:
        parts.append((_RULE, _by_rule(valid_rows(staged), warnings)))
    if "_extra" in staged.columns:
        parts.append((_EXTRA, _unknown_columns(staged)))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in collect_together(parts, _COUNTED):
        found[row["kind"]].append(row)

    files = _rows_by_file(found[_FILE])
    counts = {row["name"]: RuleCount(row["rows"], _samples(row["low"], row["high"])) for row in found[_RULE]}
    unknown = [UnknownColumn(row["name"], row["rows"], row["low"]) for row in found[_EXTRA]]
    return RecordsMeasured(
        rows_observed=rows_observed,
        rows_read=sum(read for read, _ in files.values()),
        rows_quarantined=sum(quarantined for _, quarantined in files.values()),
        broken={rule.name: counts.get(rule.name, RuleCount(0)) for rule in errors},
        warned={rule.name: counts.get(rule.name, RuleCount(0)) for rule in warnings},
        rows_by_file=files,
        currencies={
            name.removeprefix(CURRENCY): _currencies(found[_FILE], place) for place, name in enumerate(money)
        },
        unknown_columns=tuple(sorted(unknown, key=lambda column: column.name)),
    )


def _rows_by_file(counted: Iterable[Row]) -> Mapping[str, tuple[int, int]]:
    """Return of each file the rows read, and the rows quarantined."""
    files: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for row in counted:
        read, quarantined = files[row["name"]]
        files[row["name"]] = read + row["rows"], quarantined + (0 if row[IS_VALID] else row["rows"])
    return dict(files)


def _currencies(counted: Iterable[Row], place: int) -> tuple[str, ...]:
    """Return the currencies that valid rows have in one column of money, as written."""
    written = {row["currencies"][place] for row in counted if row[IS_VALID]}
    return tuple(sorted(written - {None}))


def _by_file(staged: DataFrame, money: Sequence[str]) -> DataFrame:
    """Count by file, and by currency within it: a file has few, so that this is not much more."""
    from pyspark.sql import functions as sf

    is_valid = sf.col(IS_VALID).cast("boolean").alias(IS_VALID)
    counted = staged.groupBy(sf.col(SOURCE_FILE).alias("name"), is_valid, *money).agg(counted_rows())
    return counted.withColumn("currencies", sf.array(*money))


def _by_rule(routed: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Count by rule; rows that broke any are few, so that they may be multiplied by the rules they broke."""
    from pyspark.sql import functions as sf

    exploded = routed.where(sf.size(BROKEN_RULES) > 0).withColumn("_rule", sf.explode(BROKEN_RULES))
    text = sf.lit(None).cast("string")
    for rule in rules:
        text = sf.when(sf.col("_rule") == rule.name, _offending_text(rule, routed.columns)).otherwise(text)
    by_rule = exploded.groupBy(sf.col("_rule").alias("name"))
    return by_rule.agg(counted_rows(), sf.min(text).alias("low"), sf.max(text).alias("high"))


def _unknown_columns(staged: DataFrame) -> DataFrame:
    from pyspark.sql import functions as sf

    named = staged.where("_extra is not null").select(
        SOURCE_FILE, sf.explode(sf.json_object_keys("_extra")).alias("name")
    )
    return named.groupBy("name").agg(counted_rows(), sf.min(SOURCE_FILE).alias("low"))


def _offending_text(rule: Rule, columns: Sequence[str]) -> Column:
    """Return the text of what the rule looks at: its column, or the columns side by side; bounded."""
    from pyspark.sql import functions as sf

    kwargs = rule.kwargs
    listed = kwargs.get("column_list")
    named = [kwargs.get("column"), kwargs.get("column_A"), kwargs.get("column_B")]
    named += list(listed) if isinstance(listed, (list, tuple)) else []
    present = [str(name) for name in named if name in columns]
    if not present:
        return sf.lit(None).cast("string")
    texts = [sf.col(name).cast("string") for name in present]
    shown = (
        texts[0] if len(texts) == 1 else sf.concat_ws(" / ", *[sf.coalesce(t, sf.lit("null")) for t in texts])
    )
    return sf.substring(shown, 1, SAMPLE_CHARACTERS)


def _samples(low: object, high: object) -> tuple[str, ...]:
    """Return the least and the greatest offending value; one when they are the same, none for nulls."""
    return tuple(dict.fromkeys(str(value) for value in (low, high) if value is not None))
