"""Read Parquet files as records, every column in its text form (spec 4.1)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, cast

from pyspark.errors import PySparkException
from pyspark.sql import Window
from pyspark.sql import functions as sf
from pyspark.sql import types as st

from contracts.column_names import strip_name
from contracts.system_columns import POSITION, SOURCE_FILE
from transforms.bronze_to_silver.files import quoted, read_rows, read_schema
from transforms.bronze_to_silver.parquet_text import row_text, typed_cell
from transforms.bronze_to_silver.record_columns import FLAW, RAW_RECORD
from transforms.bronze_to_silver.records import Cell
from transforms.bronze_to_silver.unknown_columns import extra_text
from transforms.formats.text_cleaning import BLANKS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from transforms.bronze_to_silver.column_mapping import ColumnMapper, TargetColumn
    from transforms.bronze_to_silver.files import BronzeFile

_ROW = "lakegate row"


def parquet_records(
    spark: SparkSession, files: Sequence[BronzeFile], fill_down: Collection[str] = ()
) -> tuple[DataFrame, Mapping[str, Cell]]:
    """Return the rows of Parquet files of one schema, and the cell of each source column by its name.

    Columns: SOURCE_FILE, RAW_RECORD (the row as a JSON object without nulls), FLAW (always null), POSITION
    (which Spark reads only if it is used), and internal ones.

    Args:
        spark: reads the files.
        files: of one Arrow schema.
        fill_down: stripped names of columns whose empty cells take the value of the row before in their file.
    """
    rows = read_rows(spark, files, _ROW, POSITION)
    type = cast("st.StructType", rows.schema[_ROW].dataType)  # noqa: A001
    row = sf.col(_ROW)
    filled = {field.name: field for field in type.fields if strip_name(field.name) in fill_down}
    frame = rows.select(
        SOURCE_FILE,
        row_text(row, type).alias(RAW_RECORD),
        sf.lit(None).cast("string").alias(FLAW),
        POSITION,
        _ROW,
        *(_filled(row.getField(name), field).alias(_filled_name(name)) for name, field in filled.items()),
    )
    arrow_schema = files[0].facts.schema or ""
    return frame, {
        field.name: _cell(
            quoted(_filled_name(field.name)) if field.name in filled else row.getField(field.name),
            field,
            arrow_schema,
        )
        for field in type.fields
    }


def _filled(value: Column, field: st.StructField) -> Column:
    """Return the last non-empty value of a column up to each row of its file."""
    until_now = Window.partitionBy(SOURCE_FILE).orderBy(POSITION).rowsBetween(Window.unboundedPreceding, 0)
    is_text = isinstance(field.dataType, st.StringType)
    nonempty = sf.when(sf.trim(value, sf.lit(BLANKS)) != "", value) if is_text else value
    return sf.last(nonempty, ignorenulls=True).over(until_now)


def _filled_name(name: str) -> str:
    return f"lakegate filled {name}"


def split_by_parquet_schema(spark: SparkSession, files: Sequence[BronzeFile]) -> list[Sequence[BronzeFile]]:
    """Split files of one Arrow schema whose Spark schemas differ.

    Nanosecond timestamps do: Spark reads the old INT96 as a timestamp, TIMESTAMP(NANOS) as a number.
    """
    if "timestamp[ns" not in (files[0].facts.schema or "") or len(files) == 1:
        return [files]
    try:
        read_schema(spark, files)
    except PySparkException as error:
        if "MERGE" not in (error.getCondition() or ""):
            raise
    else:
        return [files]
    by_schema: dict[str, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_schema[read_schema(spark, [file]).json()].append(file)
    return list(by_schema.values())


def _cell(value: Column, field: st.StructField, arrow_schema: str) -> Cell:
    if isinstance(field.dataType, st.LongType) and _is_nanoseconds(field.name, arrow_schema):
        # Spark reads nanoseconds as a number: round down to microseconds.
        micros = value - sf.pmod(value, sf.lit(1000))
        time = sf.timestamp_micros(sf.call_function("div", micros, sf.lit(1000)))
        return typed_cell(time, st.TimestampType())
    return typed_cell(value, field.dataType)


def _is_nanoseconds(name: str, arrow_schema: str) -> bool:
    return any(line.startswith(f"{name}: timestamp[ns") for line in arrow_schema.splitlines())


def mapped_cells(cells: Mapping[str, Cell], mapper: ColumnMapper) -> tuple[dict[str, Cell], Column]:
    """Return the cells of source columns by contract column, and the ``_extra`` of the unknown ones."""
    mapping = mapper.mapping_of(tuple(cells))
    sources = tuple(cells.values())
    *single, _, _ = mapping.pick((*sources, None))
    mapped = {
        target.name: cell for target, cell in zip(mapper.targets, single, strict=True) if cell is not None
    }
    for number, positions in mapping.several:
        target = mapper.targets[number]
        mapped[target.name] = _first_value([sources[at] for at in positions], target)
    unknown = {name: [sources[at].text for at in positions] for name, positions in mapping.unknown}
    return mapped, _extra(unknown, mapper.extra_words)


def _first_value(cells: Sequence[Cell], target: TargetColumn) -> Cell:
    """Return the first cell with a value for a column, or the last one (spec 4.1)."""
    is_value = sf.udf(target.is_value, "boolean", useArrow=False)
    chosen = cells[-1]
    for cell in reversed(cells[:-1]):
        chosen = _either(is_value(cell.text), cell, chosen)
    return chosen


def _either(condition: Column, first: Cell, second: Cell) -> Cell:
    def either(one: Column | None, other: Column | None) -> Column | None:
        if one is None and other is None:
            return None
        return sf.when(condition, sf.lit(None) if one is None else one).otherwise(
            sf.lit(None) if other is None else other
        )

    return Cell(
        sf.when(condition, first.text).otherwise(second.text),
        either(first.is_typed, second.is_typed),
        either(first.moment, second.moment),
        either(first.failure, second.failure),
    )


def _extra(unknown: Mapping[str, Sequence[Column]], null_words: Collection[str]) -> Column:
    """Return ``_extra``, given the texts of the unknown columns by normalised name."""
    if not unknown:
        return sf.lit(None).cast("string")
    names = list(unknown)

    def text_of_row(texts: list[list[str | None]]) -> str | None:
        return extra_text(zip(names, texts, strict=True), null_words)

    texts = sf.array(*(sf.array(*columns) for columns in unknown.values()))
    return sf.udf(text_of_row, "string", useArrow=False)(texts)
