"""Plan how the files of a dataset are read into typed values, grouped by layout and source."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.column_names import strip_name
from contracts.inventory import FileFormat
from transforms.bronze_to_silver.casting import RecordReader
from transforms.bronze_to_silver.corrections import (
    corrected,
    fixed_records,
    is_fixed,
    joined_changes,
    unchanged,
)
from transforms.bronze_to_silver.layouts import layout_of, record_format, single_format
from transforms.bronze_to_silver.parquet_records import mapped_cells, parquet_records, split_by_parquet_schema
from transforms.bronze_to_silver.records import ReadPlan
from transforms.bronze_to_silver.source_plan import source_plans
from transforms.bronze_to_silver.text_files import as_text
from transforms.bronze_to_silver.text_tasks import TextGroup, text_tasks
from transforms.formats.json_parser import text_form, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from transforms.bronze_to_silver.expression_parser import SourcePath
    from transforms.bronze_to_silver.files import BronzeFile
    from transforms.bronze_to_silver.layouts import FileLayout
    from transforms.bronze_to_silver.record_parser import RecordFormat, RecordParser
    from transforms.bronze_to_silver.records import Cell, Records
    from transforms.bronze_to_silver.source_plan import SourcePlan


@dataclass(frozen=True, slots=True)
class PlannedText:
    """Text files of one form whose records no expression reads, and how their texts are cast."""

    group: TextGroup
    reader: RecordReader


def plan_readings(spark: SparkSession, contract: Contract, files: Sequence[BronzeFile]) -> list[ReadPlan]:
    """Plan how every record of a dataset's BRONZE files is read, each as a row of ``RecordReader.schema``.

    Rows are in no order. Only file listings and Parquet footers are read here.

    Raises:
        ContractError: a source's expression cannot be computed.
        ValueError: a file's facts are incomplete.
    """
    computed, texts = plan_by_layout(spark, contract, files)
    return [*computed, read_texts(spark, texts)] if texts else computed


def plan_by_layout(
    spark: SparkSession, contract: Contract, files: Sequence[BronzeFile]
) -> tuple[list[ReadPlan], list[PlannedText]]:
    """Plan the same: first what Spark has to compute, then the texts that are still to be read together.

    Raises: see ``plan_readings``.
    """
    by_layout: dict[FileLayout, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_layout[replace(layout_of(file.facts), is_corrected=bool(file.changes))].append(file)
    plans = source_plans(spark, contract, [file.facts for file in files])
    computed: list[ReadPlan] = []
    texts: list[PlannedText] = []
    for layout, grouped in by_layout.items():
        plan = plans[layout.source]
        reader = RecordReader(contract, plan.conventions)
        if layout.format is FileFormat.PARQUET:
            for same_schema in split_by_parquet_schema(spark, grouped):
                computed += _parquet_readings(spark, layout, same_schema, plan, reader)
            continue
        groups = _text_groups(layout, grouped, plan)
        if plan.specs.expressions:
            tasks, parse = text_tasks(spark, groups, [None for _ in groups])
            parsed = tasks.mapInArrow(parse, groups[0].parser.schema)
            computed.append(plan.computed_of_parsed(parsed, groups[0].parser).read(reader))
        else:
            texts += [PlannedText(group, reader) for group in groups]
    return computed, texts


def read_texts(spark: SparkSession, texts: Sequence[PlannedText]) -> ReadPlan:
    """Plan the reading of texts in one step, each by its reader."""
    return ReadPlan(*text_tasks(spark, [text.group for text in texts], [text.reader.read for text in texts]))


def read_records(records: DataFrame, contract: Contract, facts: FileFacts, plan: SourcePlan) -> ReadPlan:
    """Plan the reading of single records of files of one layout, without the records around them.

    No cell is filled down.

    Args:
        records: SOURCE_FILE, TEXT, CORRECTION_COLUMNS and, where the source needs it, POSITION.
        contract: of the dataset.
        facts: of one of the files.
        plan: of the files' source.
    """
    layout = layout_of(facts)
    parser = plan.parser(layout, single_format(layout), unchanged, fills_down=False)
    reader = RecordReader(contract, plan.conventions)
    if plan.specs.expressions:
        return plan.computed_of_parsed(records.mapInArrow(parser.parse, parser.schema), parser).read(reader)
    return ReadPlan(records, partial(_parse_and_cast, parser, reader))


def _parse_and_cast(
    parser: RecordParser, reader: RecordReader, batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    yield from reader.read(parser.parse(batches))


def _text_groups(layout: FileLayout, files: Sequence[BronzeFile], plan: SourcePlan) -> list[TextGroup]:
    """Group the text files of one layout by record format."""
    corrects = None
    if layout.is_corrected:
        changes = {as_text(file.facts.key): file.changes for file in files}
        corrects = partial(corrected, dataset=plan.contract.name, changes=changes)
    by_format: dict[RecordFormat, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_format[record_format(layout, file.facts)].append(file)
    return [
        TextGroup(grouped, plan.parser(layout, written, corrects), layout.edges)
        for written, grouped in by_format.items()
    ]


def _parquet_readings(
    spark: SparkSession,
    layout: FileLayout,
    files: Sequence[BronzeFile],
    plan: SourcePlan,
    reader: RecordReader,
) -> list[ReadPlan]:
    """Plan the reading of Parquet files of one schema; a fixed row is read from its text."""
    frame, cells = parquet_records(spark, files, plan.specs.fill_down)
    if not layout.is_corrected:
        return [_parquet_records(frame, cells, plan).read(reader)]
    marked = joined_changes(frame, plan.contract.name, {file.facts.key: file.changes for file in files})
    readings = [_parquet_records(marked.where(~is_fixed()), cells, plan).read(reader)]
    if any(change.raw is not None for file in files for change in file.changes.values()):
        fixed = fixed_records(marked, has_position=plan.specs.needs_position)
        readings.append(read_records(fixed, plan.contract, files[0].facts, plan))
    return readings


def _parquet_records(frame: DataFrame, cells: Mapping[str, Cell], plan: SourcePlan) -> Records:
    """Return the records of rows of Parquet files of one schema."""

    def text_at(path: SourcePath) -> Column | None:
        texts = [cell.text for name, cell in cells.items() if strip_name(name) == path.column]
        if path.steps:
            member = _member_reader(path.steps)
            texts = [member(text) for text in texts]
        nonblank = [sf.when(sf.length(sf.trim(text)) > 0, text) for text in texts]
        return sf.coalesce(*nonblank) if nonblank else None

    return plan.computed(frame, *mapped_cells(cells, plan.mapper), text_at)


def _member_reader(steps: Sequence[str | int]) -> Callable[[Column], Column]:
    """Return a UDF that reads the text at a path in a nested value's JSON, as ``RecordParser`` does."""

    def member(text: str | None) -> str | None:
        return text_form(value_at(text, steps))

    return sf.udf(member, "string", useArrow=False)
