"""Rows as read, cleaned and routed, written once and counted on the way: nothing parses them again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.measure_records import CURRENCY
from checkpoints.gate.routing import BREAKS_RULES, BROKEN_RULES, IS_VALID
from dags.pipeline.frames import read_frame, write_frame

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from checkpoints.lake.layout import Place
    from contracts.model import Contract


def stage_rows(spark: SparkSession, contract: Contract, place: Place, routed: DataFrame) -> DataFrame:
    """Write the rows as read, cleaned and routed once, so that nothing parses them again.

    Rows that break rules lie apart, so that whoever asks for them reads no other. Returns the rows as
    written, ``_is_valid`` and ``_breaks_rules`` as text.
    """
    from pyspark.sql import functions as sf
    from pyspark.sql.types import StringType, StructField, StructType

    marks = (IS_VALID, BREAKS_RULES)
    needed = {name: sf.col(BREAKS_RULES) for name in routed.columns if _tells_what_is_broken(contract, name)}
    needed["_raw"] = ~sf.col(IS_VALID)
    kept = routed.select(
        *(
            sf.when(needed[name], sf.col(name)).alias(name) if name in needed else sf.col(name)
            for name in routed.columns
        )
    )
    write_frame(kept, place.spark_uri, marks, contract.varied_columns)
    fields = [field for field in kept.schema.fields if field.name not in marks]
    schema = StructType([*fields, *(StructField(mark, StringType()) for mark in marks)])
    return read_frame(spark, place, schema)


def _tells_what_is_broken(contract: Contract, column: str) -> bool:
    """Whether nobody asks for a column of a row that breaks no rule: it is the rules' alone."""
    asked_for = {IS_VALID, BREAKS_RULES, BROKEN_RULES, *(stored.name for stored in contract.silver_columns)}
    return column.startswith("_") and column not in asked_for and not column.startswith(CURRENCY)
