"""Rows as read, cleaned and routed, written once and counted on the way: nothing parses them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.routing import IS_VALID
from dags.pipeline.frames import read_frame, write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.lake.layout import Place
    from contracts.model import Contract


def stage_rows(
    spark: SparkSession, contract: Contract, place: Place, routed: DataFrame
) -> tuple[DataFrame, int]:
    """Write the rows as read, cleaned and routed once, so that nothing parses them again.

    Returns:
        The rows as written, ``_is_valid`` as text, and how many went by: those that were read.
    """
    from pyspark.sql import Observation
    from pyspark.sql import functions as sf
    from pyspark.sql.types import StringType, StructField, StructType

    observation = Observation(f"{contract.name} rows read")
    counted = routed.observe(observation, sf.count(sf.lit(1)).alias("rows"))
    # A valid row needs its raw text no more.
    raw = sf.when(~sf.col(IS_VALID), sf.col("_raw")).alias("_raw")
    kept = counted.select(*[raw if name == "_raw" else sf.col(name) for name in routed.columns])
    write_frame(kept, place, partitioned_by=[IS_VALID])
    fields = [field for field in kept.schema.fields if field.name != IS_VALID]
    schema = StructType([*fields, StructField(IS_VALID, StringType())])
    return read_frame(spark, place, schema), observation.get["rows"]
