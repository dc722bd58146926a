"""Measures the staged rows: how many of each file were quarantined, which rules they broke."""

from __future__ import annotations

from collections import defaultdict
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from checkpoints.gate.counting import collect_together, counted_rows
from checkpoints.gate.measures import RecordsMeasured, RuleCount, UnknownColumn
from checkpoints.gate.routing import BROKEN_RULES, invalid_rows, rows_that_break_rules, valid_rows
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Row

    from contracts.model import Rule

SAMPLE_CHARACTERS = 200
SOURCE_FILE = "_source_file"
CURRENCY = "_currency_"  # beside a column of money: what was written with the amount
_FILE, _RULE, _MONEY, _EXTRA = "file", "rule", "money", "extra"
_COUNTED = {
    "name": "string",
    "rows": "bigint",
    "currencies": "array<string>",
    "low": "string",
    "high": "string",
}


def measure_records(
    staged: DataFrame, rules: Sequence[Rule], rows_read: Mapping[str, int]
) -> RecordsMeasured:
    """Count the staged rows that break rules, by file and by rule, in one Spark job.

    Of the other rows only currencies and unknown columns are looked at. Nothing but counts, currencies and
    two sample values a rule is collected.

    Args:
        staged: the rows as written: contract columns, ``_extra``, ``_source_file``, ``_currency_<column>``,
            and what ``with_broken_rules`` added; its marks may be partitions that were read back as text.
        rules: the row rules of the contract; those of other domains are passed over.
        rows_read: by file, the rows that were counted when they were read.
    """
    from pyspark.sql import functions as sf

    money = [name for name in staged.columns if name.startswith(CURRENCY)]
    judged = {domain: [rule for rule in rules if rule.domain is domain] for domain in Domain}
    errors, warnings = judged[Domain.RECORDS], judged[Domain.VALID_ROWS]
    parts = [
        (_FILE, invalid_rows(staged).groupBy(sf.col(SOURCE_FILE).alias("name")).agg(counted_rows())),
        (_RULE, _by_rule(rows_that_break_rules(staged), [*errors, *warnings])),
    ]
    if money:
        parts.append((_MONEY, _currencies(valid_rows(staged), money)))
    if "_extra" in staged.columns:
        parts.append((_EXTRA, _unknown_columns(staged)))
    found: dict[str, list[Row]] = defaultdict(list)
    for row in collect_together(parts, _COUNTED):
        found[row["kind"]].append(row)

    quarantined = {row["name"]: row["rows"] for row in found[_FILE]}
    counts = {row["name"]: RuleCount(row["rows"], _samples(row["low"], row["high"])) for row in found[_RULE]}
    unknown = [UnknownColumn(row["name"], row["rows"], row["low"]) for row in found[_EXTRA]]
    return RecordsMeasured(
        rows_read=sum(rows_read.values()),
        rows_quarantined=sum(quarantined.values()),
        broken={rule.name: counts.get(rule.name, RuleCount(0)) for rule in errors},
        warned={rule.name: counts.get(rule.name, RuleCount(0)) for rule in warnings},
        rows_by_file={
            file: (rows_read.get(file, 0), quarantined.get(file, 0)) for file in {**rows_read, **quarantined}
        },
        currencies={
            name.removeprefix(CURRENCY): _sorted(row["currencies"][place] for row in found[_MONEY])
            for place, name in enumerate(money)
        },
        unknown_columns=tuple(sorted(unknown, key=lambda column: column.name)),
    )


def _currencies(valid: DataFrame, money: Sequence[str]) -> DataFrame:
    """Return the currencies that rows name, as written: few, and named by few rows."""
    from pyspark.sql import functions as sf

    named = valid.where(reduce(or_, (sf.col(name).isNotNull() for name in money)))
    return named.select(sf.array(*money).alias("currencies")).distinct()


def _by_rule(breaking: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Count by rule; rows that broke any are few, so that they may be multiplied by the rules they broke."""
    from pyspark.sql import functions as sf

    exploded = breaking.withColumn("_rule", sf.explode(BROKEN_RULES))
    text = sf.lit(None).cast("string")
    for rule in rules:
        text = sf.when(sf.col("_rule") == rule.name, _offending_text(rule, breaking.columns)).otherwise(text)
    by_rule = exploded.groupBy(sf.col("_rule").alias("name"))
    return by_rule.agg(counted_rows(), sf.min(text).alias("low"), sf.max(text).alias("high"))


def _sorted(currencies: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(sorted({currency for currency in currencies if currency is not None}))


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
