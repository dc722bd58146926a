"""Rows as read, cleaned and routed, written once and counted on the way: nothing parses them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.measure_records import CURRENCY
from checkpoints.gate.routing import BROKEN_RULES, IS_VALID
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
    is_broken = sf.size(BROKEN_RULES) > 0
    needed = {name: is_broken for name in routed.columns if _tells_what_is_broken(contract, name)}
    needed["_raw"] = ~sf.col(IS_VALID)
    kept = routed.select(
        *(
            sf.when(needed[name], sf.col(name)).alias(name) if name in needed else sf.col(name)
            for name in routed.columns
        )
    )
    counted = kept.observe(observation, sf.count(sf.lit(1)).alias("rows"))
    write_frame(counted, place.spark_uri, [IS_VALID], contract.varied_columns)
    fields = [field for field in kept.schema.fields if field.name != IS_VALID]
    schema = StructType([*fields, StructField(IS_VALID, StringType())])
    return read_frame(spark, place, schema), observation.get["rows"]


def _tells_what_is_broken(contract: Contract, column: str) -> bool:
    """Whether nobody asks for a column of a row that breaks no rule: it is the rules' alone."""
    asked_for = {IS_VALID, BROKEN_RULES, *(stored.name for stored in contract.silver_columns)}
    return column.startswith("_") and column not in asked_for and not column.startswith(CURRENCY)
