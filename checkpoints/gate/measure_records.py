"""Measures the staged rows: how many were read, from which file, which rules they broke."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from checkpoints.gate.measures import RecordsMeasured, RuleCount, UnknownColumn
from checkpoints.gate.routing import FAILED_RULES, IS_VALID
from contracts.model import Domain, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Observation

    from contracts.model import Rule

SAMPLE_CHARACTERS = 200
SOURCE_FILE = "_source_file"
_CURRENCY = "_currency_"
_ROWS = "rows"


def observe_records(
    routed: DataFrame, observation: Observation, rules: Sequence[Rule], warnings: Mapping[str, Column]
) -> DataFrame:
    """Let routed rows be counted while they are written, so that no job reads them for it.

    Args:
        routed: the rows: contract columns, ``_currency_<column>``, ``_is_valid``.
        observation: hears of the counts.
        rules: the row rules of the contract; those without a warning are passed over.
        warnings: the condition of each rule on valid rows, by the rule's name (``routing_conditions``).

    Returns:
        the same rows.
    """
    from pyspark.sql import functions as sf

    is_valid = sf.col(IS_VALID)
    counted = [sf.count(sf.lit(1)).alias(_ROWS)]
    marks: dict[str, Column] = {}
    texts: dict[str, Column] = {}
    for rule in rules:
        if rule.name in warnings:
            warned, text = _warned(rule.name), _offending(rule.name)
            marks[warned] = is_valid & warnings[rule.name]
            texts[text] = sf.when(sf.col(f"`{warned}`"), _offending_text(rule, routed.columns))
            counted += [
                sf.count(sf.when(sf.col(f"`{warned}`"), 1)).alias(warned),
                sf.min(f"`{text}`").alias(_least(rule.name)),
                sf.max(f"`{text}`").alias(_greatest(rule.name)),
            ]
    counted += [
        sf.collect_set(sf.when(is_valid, sf.col(name))).alias(name)
        for name in routed.columns
        if name.startswith(_CURRENCY)
    ]
    # What is observed is computed without generated code: let that do no more than look at columns.
    marked = routed.withColumns(marks).withColumns(texts) if marks else routed
    return marked.observe(observation, *counted).select(*routed.columns)


def measure_records(
    staged: DataFrame, rules: Sequence[Rule], observed: Mapping[str, object]
) -> RecordsMeasured:
    """Count the staged rows by file and by broken rule, in one Spark job over a few narrow columns.

    Nothing but counts and two sample values a rule is collected.

    Args:
        staged: the rows as written: contract columns, ``_extra``, ``_source_file``, ``failed_rules``,
            ``_is_valid``.
        rules: the row rules of the contract; those of other domains are passed over.
        observed: what came of ``observe_records`` when the rows were written.
    """
    from pyspark.sql import functions as sf

    errors = [r for r in rules if r.domain is Domain.RECORDS and r.severity is Severity.ERROR]
    is_valid = sf.col(IS_VALID).cast("boolean")
    parts = [_by_file(staged, is_valid), _by_rule(staged.where(~is_valid), errors)]
    if "_extra" in staged.columns:
        parts.append(_unknown_columns(staged))
    rows = reduce(lambda left, right: left.unionByName(right), parts).collect()

    files = {row["name"]: (row["rows"], row["offenders"]) for row in rows if row["kind"] == "file"}
    broken = {
        row["name"]: RuleCount(row["offenders"] or 0, _samples(row["low"], row["high"]))
        for row in rows
        if row["kind"] == "rule"
    }
    unknown = [UnknownColumn(row["name"], row["rows"], row["low"]) for row in rows if row["kind"] == "extra"]
    return RecordsMeasured(
        rows_observed=_count(observed[_ROWS]),
        rows_read=sum(read for read, _ in files.values()),
        rows_quarantined=sum(quarantined for _, quarantined in files.values()),
        broken={rule.name: broken.get(rule.name, RuleCount(0)) for rule in errors},
        warned={
            rule.name: RuleCount(
                _count(observed[_warned(rule.name)]),
                _samples(observed[_least(rule.name)], observed[_greatest(rule.name)]),
            )
            for rule in rules
            if _warned(rule.name) in observed
        },
        rows_by_file=files,
        currencies={
            name.removeprefix(_CURRENCY): tuple(sorted(map(str, found)))
            for name, found in observed.items()
            if name.startswith(_CURRENCY) and isinstance(found, list)
        },
        unknown_columns=tuple(sorted(unknown, key=lambda column: column.name)),
    )


def _warned(rule: str) -> str:
    return f"warned {rule}"


def _offending(rule: str) -> str:
    return f"offending {rule}"


def _least(rule: str) -> str:
    return f"least {rule}"


def _greatest(rule: str) -> str:
    return f"greatest {rule}"


def _count(observed: object) -> int:
    if not isinstance(observed, int):
        raise TypeError(f"expected a count, observed {observed!r}")
    return observed


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


def _samples(low: object, high: object) -> tuple[str, ...]:
    """Return the least and the greatest offending value; one when they are the same, none for nulls."""
    return tuple(dict.fromkeys(str(value) for value in (low, high) if value is not None))
