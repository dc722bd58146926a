"""Measures the staged rows: how many were read, from which file, which rules they broke."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from checkpoints.gate.measures import RecordsMeasured, RuleCount, UnknownColumn
from checkpoints.gate.routing import FAILED_RULES, IS_VALID
from contracts.model import Domain, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame

    from contracts.model import Rule

SAMPLE_CHARACTERS = 200
SOURCE_FILE = "_source_file"
_CURRENCY = "_currency_"
# One frame of this shape for all that is measured, so that one job brings it.
_SHAPE = "kind string, name string, rows bigint, offenders bigint, low string, high string"


def measure_records(
    staged: DataFrame, rules: Sequence[Rule], warnings: Mapping[str, Column]
) -> RecordsMeasured:
    """Count the staged rows in one Spark job; nothing but counts and two sample values a rule is collected.

    Args:
        staged: the rows as written: contract columns, ``_extra``, ``_source_file``, ``_currency_<column>``,
            ``failed_rules``, ``_is_valid``.
        rules: the row rules of the contract; those of other domains are passed over.
        warnings: the condition of each rule on valid rows, by the rule's name (``routing_conditions``).
    """
    from functools import reduce

    from pyspark.sql import functions as sf

    errors = [r for r in rules if r.domain is Domain.RECORDS and r.severity is Severity.ERROR]
    warned = [r for r in rules if r.name in warnings]
    currencies = [name for name in staged.columns if name.startswith(_CURRENCY)]
    is_valid = sf.col(IS_VALID).cast("boolean")
    valid, invalid = staged.where(is_valid), staged.where(~is_valid)
    parts = [
        _by_file(staged, is_valid),
        _by_rule(invalid, errors),
        _of_valid(valid, warned, warnings, currencies),
    ]
    if "_extra" in staged.columns:
        parts.append(_unknown_columns(staged))
    rows = reduce(lambda left, right: left.unionByName(right), parts).collect()

    files = {row["name"]: (row["rows"], row["offenders"]) for row in rows if row["kind"] == "file"}
    counted = {
        (row["kind"], row["name"]): RuleCount(row["offenders"] or 0, _samples(row["low"], row["high"]))
        for row in rows
        if row["kind"] in ("rule", "warning")
    }
    unknown = [UnknownColumn(row["name"], row["rows"], row["low"]) for row in rows if row["kind"] == "extra"]
    return RecordsMeasured(
        rows_read=sum(read for read, _ in files.values()),
        rows_quarantined=sum(quarantined for _, quarantined in files.values()),
        broken={rule.name: counted.get(("rule", rule.name), RuleCount(0)) for rule in errors},
        warned={rule.name: counted[("warning", rule.name)] for rule in warned},
        rows_by_file=files,
        currencies={
            name.removeprefix(_CURRENCY): tuple(
                sorted(row["low"] for row in rows if row["kind"] == "currency" and row["name"] == name)
            )
            for name in currencies
        },
        unknown_columns=tuple(sorted(unknown, key=lambda column: column.name)),
    )


def _by_file(staged: DataFrame, is_valid: Column) -> DataFrame:
    from pyspark.sql import functions as sf

    counted = staged.groupBy(SOURCE_FILE).agg(
        sf.count(sf.lit(1)).alias("rows"), sf.sum((~is_valid).cast("bigint")).alias("offenders")
    )
    return _shaped(counted, sf.lit("file"), sf.col(SOURCE_FILE))


def _by_rule(invalid: DataFrame, rules: Sequence[Rule]) -> DataFrame:
    """Count by rule; the invalid rows are few, so that they may be multiplied by the rules they broke."""
    from pyspark.sql import functions as sf

    exploded = invalid.withColumn("_rule", sf.explode(FAILED_RULES))
    text = sf.lit(None).cast("string")
    for rule in rules:
        text = sf.when(sf.col("_rule") == rule.name, _offending_text(rule, invalid.columns)).otherwise(text)
    counted = exploded.groupBy("_rule").agg(
        sf.count(sf.lit(1)).alias("offenders"), sf.min(text).alias("low"), sf.max(text).alias("high")
    )
    return _shaped(counted, sf.lit("rule"), sf.col("_rule"))


def _of_valid(
    valid: DataFrame, rules: Sequence[Rule], warnings: Mapping[str, Column], currencies: Sequence[str]
) -> DataFrame:
    """Count the warn rules, and list the currencies, in one aggregation without groups."""
    from pyspark.sql import functions as sf

    aggregates = [sf.count(sf.lit(1)).alias("n")]
    for place, rule in enumerate(rules):
        text = sf.when(warnings[rule.name], _offending_text(rule, valid.columns))
        aggregates += [
            sf.count(sf.when(warnings[rule.name], 1)).alias(f"n{place}"),
            sf.min(text).alias(f"low{place}"),
            sf.max(text).alias(f"high{place}"),
        ]
    aggregates += [sf.collect_set(name).alias(f"c{place}") for place, name in enumerate(currencies)]

    def row(kind: str, name: str, offenders: Column, low: Column, high: Column) -> Column:
        fields = (sf.lit(kind), sf.lit(name), sf.lit(None).cast("bigint"), offenders, low, high)
        names = ("kind", "name", "rows", "offenders", "low", "high")
        return sf.struct(*[field.alias(name) for field, name in zip(fields, names, strict=True)])

    def as_currency(name: str) -> Callable[[Column], Column]:
        return lambda low: row("currency", name, sf.lit(0).cast("bigint"), low, low)

    counted = [
        row("warning", rule.name, sf.col(f"n{i}"), sf.col(f"low{i}"), sf.col(f"high{i}"))
        for i, rule in enumerate(rules)
    ]
    found = [sf.transform(f"c{i}", as_currency(name)) for i, name in enumerate(currencies)]
    every = sf.concat(sf.array(*counted) if counted else sf.array().cast(f"array<struct<{_SHAPE}>>"), *found)
    return (
        valid.agg(*aggregates).select(sf.inline(every))
        if counted or found
        else valid.limit(0).selectExpr(
            *(
                f"cast(null as {kind}) as {name}"
                for name, kind in (part.split() for part in _SHAPE.split(", "))
            )
        )
    )


def _unknown_columns(staged: DataFrame) -> DataFrame:
    from pyspark.sql import functions as sf

    named = staged.where("_extra is not null").select(
        SOURCE_FILE, sf.explode(sf.json_object_keys("_extra")).alias("_name")
    )
    counted = named.groupBy("_name").agg(sf.count(sf.lit(1)).alias("rows"), sf.min(SOURCE_FILE).alias("low"))
    return _shaped(counted, sf.lit("extra"), sf.col("_name"))


def _shaped(frame: DataFrame, kind: Column, name: Column) -> DataFrame:
    from pyspark.sql import functions as sf

    columns = [kind.alias("kind"), name.alias("name")]
    for column, type_ in (("rows", "bigint"), ("offenders", "bigint"), ("low", "string"), ("high", "string")):
        value = sf.col(column) if column in frame.columns else sf.lit(None)
        columns.append(value.cast(type_).alias(column))
    return frame.select(*columns)


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


def _samples(low: str | None, high: str | None) -> tuple[str, ...]:
    """Return the least and the greatest offending value; one when they are the same, none for nulls."""
    return tuple(dict.fromkeys(chain((low,) if low is not None else (), (high,) if high is not None else ())))
