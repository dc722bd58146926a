"""Rows that two sets of contracts route differently, counted by rule and file."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import TYPE_CHECKING

from checkpoints.quarantine.rows import rows_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame, SparkSession

    from checkpoints.storage.place import Place

_BASE, _WORKING = "base", "working"


class Direction(StrEnum):
    """How the routing of a row changes."""

    QUARANTINED = "newly_quarantined"
    LET_THROUGH = "newly_let_through"
    OTHER_RULES = "other_rules"  # quarantined by both, and by different rules


@dataclass(frozen=True, slots=True)
class Sample:
    """A row that is routed differently. ``raw``: its text, which is not to be shown."""

    file: str
    raw: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """The rows of one direction that break one rule.

    Newly quarantined rows break it under the working contracts, rows newly let through under the base; of
    rows quarantined by other rules, it is one that only one of the two has. ``samples``: first and last by
    file and text.
    """

    rule: str
    rows: int
    files: Mapping[str, int]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class RowChanges:
    """The rows of a dataset that are routed differently. A row counts under each rule that it breaks."""

    rows: Mapping[Direction, int]
    rules: Mapping[Direction, tuple[RuleChange, ...]]


def count_row_changes(spark: SparkSession, base: Place | None, working: Place) -> RowChanges:
    """Compare the quarantined rows of two runs over the same files.

    Rows are matched by file and text. Of equal records, as many count as the one side has more than the
    other.

    Args:
        spark: reads and compares the rows.
        base: folder of the rows that the base quarantines; None: none.
        working: folder of those that the working contracts quarantine.
    """
    from pyspark.sql import functions as sf

    changed = _changed_rows(spark, base, working)
    by_rule = changed.select("*", sf.explode_outer(_judging_rules()).alias("rule")).groupBy(
        "direction", "rule", "source_file"
    )
    sample = sf.struct("source_file", "raw")
    found = by_rule.agg(
        sf.sum("changed").alias("rows"), sf.min(sample).alias("low"), sf.max(sample).alias("high")
    ).collect()
    totals = changed.groupBy("direction").agg(sf.sum("changed").alias("rows")).collect()
    files: dict[tuple[Direction, str], dict[str, int]] = defaultdict(dict)
    samples: dict[tuple[Direction, str], list[Sample]] = defaultdict(list)
    for row in found:
        key = Direction(row["direction"]), row["rule"] or ""
        files[key][row["source_file"]] = row["rows"]
        samples[key] += [Sample(*row["low"]), Sample(*row["high"])]
    rules: dict[Direction, list[RuleChange]] = defaultdict(list)
    for key in sorted(files):
        direction, rule = key
        ordered = sorted(samples[key], key=lambda one: (one.file, one.raw))
        ends = tuple(dict.fromkeys((ordered[0], ordered[-1])))
        of_file = dict(sorted(files[key].items()))
        rules[direction].append(RuleChange(rule, sum(of_file.values()), of_file, ends))
    return RowChanges(
        {Direction(row["direction"]): row["rows"] for row in totals},
        {direction: tuple(of_direction) for direction, of_direction in rules.items()},
    )


def _changed_rows(spark: SparkSession, base: Place | None, working: Place) -> DataFrame:
    """Return the rows with a change of routing.

    Columns: ``source_file``, ``raw``, ``direction``, ``changed`` (number of equal records), and the rules by
    which each side quarantines them, null where it does not.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as sf

    sides = [_side(spark, _WORKING, working), *([_side(spark, _BASE, base)] if base is not None else [])]
    of_side = {side: sf.col("side") == side for side in (_BASE, _WORKING)}
    rows = (
        reduce(DataFrame.unionByName, sides)
        .groupBy("source_file", "raw")
        .agg(
            *(sf.count_if(is_side).alias(f"{side}_rows") for side, is_side in of_side.items()),
            *(
                sf.max(sf.when(is_side, sf.col("failed_rules"))).alias(f"{side}_rules")
                for side, is_side in of_side.items()
            ),
        )
    )
    more = sf.col(f"{_WORKING}_rows") - sf.col(f"{_BASE}_rows")
    direction = (
        sf.when(more > 0, sf.lit(Direction.QUARANTINED.value))
        .when(more < 0, sf.lit(Direction.LET_THROUGH.value))
        .when(sf.col(f"{_BASE}_rules") != sf.col(f"{_WORKING}_rules"), sf.lit(Direction.OTHER_RULES.value))
    )
    changed = sf.when(more == 0, sf.col(f"{_WORKING}_rows")).otherwise(sf.abs(more))
    return rows.select("*", direction.alias("direction"), changed.alias("changed")).where(
        sf.col("direction").isNotNull()
    )


def _side(spark: SparkSession, side: str, place: Place) -> DataFrame:
    from pyspark.sql import functions as sf
    from pyspark.sql.pandas.types import from_arrow_schema

    uris = [place.storage.spark_uri(info.path) for info in place.list() if info.path.endswith(".parquet")]
    schema = from_arrow_schema(rows_schema())
    rows = spark.read.schema(schema).parquet(*uris) if uris else spark.createDataFrame([], schema)
    return rows.select("source_file", "raw", "failed_rules", sf.lit(side).alias("side"))


def _judging_rules() -> Column:
    """Return the rules that a changed row counts under."""
    from pyspark.sql import functions as sf

    base, working = sf.col(f"{_BASE}_rules"), sf.col(f"{_WORKING}_rules")
    differing = sf.array_union(sf.array_except(base, working), sf.array_except(working, base))
    return (
        sf.when(sf.col("direction") == Direction.QUARANTINED.value, working)
        .when(sf.col("direction") == Direction.LET_THROUGH.value, base)
        .otherwise(differing)
    )
