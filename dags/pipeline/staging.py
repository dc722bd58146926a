"""Rows as read, cleaned and routed, written once and counted on the way: nothing parses them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.measure_records import observe_records
from checkpoints.gate.routing import IS_VALID
from dags.pipeline.frames import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from checkpoints.lake.layout import Place
    from contracts.model import Contract, Rule


def stage_rows(
    spark: SparkSession,
    contract: Contract,
    place: Place,
    routed: DataFrame,
    rules: Sequence[Rule],
    warnings: Mapping[str, Column],
) -> tuple[DataFrame, Mapping[str, object]]:
    """Write the rows as read, cleaned and routed once, so that nothing parses them again, and count them.

    Returns:
        The rows as written, ``_is_valid`` as text, and what was observed of them (``observe_records``).
    """
    from pyspark.sql import Observation
    from pyspark.sql import functions as sf
    from pyspark.sql.types import StringType, StructField, StructType

    observation = Observation(f"{contract.name} rows read")
    counted = observe_records(routed, observation, rules, warnings)
    # A valid row needs its raw text no more.
    raw = sf.when(~sf.col(IS_VALID), sf.col("_raw")).alias("_raw")
    kept = counted.select(*[raw if name == "_raw" else sf.col(name) for name in routed.columns])
    write_frame(kept, place, partitioned_by=[IS_VALID])
    fields = [field for field in kept.schema.fields if field.name != IS_VALID]
    schema = StructType([*fields, StructField(IS_VALID, StringType())])
    return read_frame(spark, place, schema), observation.get
