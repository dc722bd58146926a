"""Plan how the files of a dataset are read into typed values, grouped by layout and source."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.column_names import strip_name
from contracts.inventory import FileFormat
from contracts.system_columns import EXTRA
from transforms.bronze_to_silver.casting import RecordReader
from transforms.bronze_to_silver.column_mapping import ColumnMapper
from transforms.bronze_to_silver.conventions import resolve_conventions
from transforms.bronze_to_silver.csv_records import CsvRecordFormat
from transforms.bronze_to_silver.expression_parser import SourcePath
from transforms.bronze_to_silver.expressions import compute, computed_cell, is_excluded
from transforms.bronze_to_silver.files import quoted
from transforms.bronze_to_silver.json_records import JsonRecordFormat
from transforms.bronze_to_silver.parquet_records import mapped_cells, parquet_records, split_by_parquet_schema
from transforms.bronze_to_silver.record_columns import CURRENCY, EXCLUDED, is_typed_column, text_column
from transforms.bronze_to_silver.record_parser import RecordParser
from transforms.bronze_to_silver.records import Cell, ReadPlan, Records
from transforms.bronze_to_silver.source_columns import SourceSpecs, names_by_source, resolve_specs
from transforms.bronze_to_silver.text_files import NO_EDGES, Edges
from transforms.bronze_to_silver.text_tasks import TextGroup, text_tasks
from transforms.formats.csv_dialect import CsvDialect
from transforms.formats.json_parser import text_form, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import Column, SparkSession

    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.conventions import Conventions
    from transforms.bronze_to_silver.files import BronzeFile


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
    by_layout: dict[_FileLayout, list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_layout[_layout_of(file)].append(file)
    plans = {}
    for name, columns in names_by_source(files).items():
        source = next((s for s in contract.sources if s.name == name), None)
        plans[name] = _SourcePlan(contract, source, resolve_specs(spark, contract, source, columns))
    computed: list[ReadPlan] = []
    texts: list[PlannedText] = []
    for layout, grouped in by_layout.items():
        plan = plans[layout.source]
        reader = RecordReader(contract, plan.conventions)
        if layout.format is FileFormat.PARQUET:
            for same_schema in split_by_parquet_schema(spark, grouped):
                computed.append(_parquet_source(spark, same_schema, plan).read(reader))
            continue
        groups = _text_groups(layout, grouped, plan)
        if plan.specs.expressions:
            computed.append(_computed_text(spark, groups, plan).read(reader))
        else:
            texts += [PlannedText(group, reader) for group in groups]
    return computed, texts


def read_texts(spark: SparkSession, texts: Sequence[PlannedText]) -> ReadPlan:
    """Plan the reading of texts in one step, each by its reader."""
    return ReadPlan(*text_tasks(spark, [text.group for text in texts], [text.reader.read for text in texts]))


@dataclass(frozen=True, slots=True)
class _FileLayout:
    """How a file is read. Files of one layout are read together, whatever their compression and encoding.

    ``names``: the columns of delimited text by position. ``header``: the names in its headers, if any.
    ``edges``: the lines of text that are not records. ``record_path``: keys that lead to the array of
    records.
    """

    source: str | None
    format: FileFormat
    dialect: CsvDialect | None = None
    names: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    schema: str = ""
    edges: Edges = NO_EDGES
    record_path: tuple[str, ...] = ()


def _layout_of(file: BronzeFile) -> _FileLayout:
    facts = file.facts
    is_delimited = facts.format is FileFormat.DELIMITED
    if facts.format is None or (is_delimited and not (facts.delimiter and facts.names)):
        raise ValueError(
            f"file {facts.key}: expected the format (and delimiter and columns) of a valid file, found "
            f"{facts.format}; run raw_to_bronze again"
        )
    if facts.format is FileFormat.PARQUET:
        return _FileLayout(facts.source, facts.format, schema=facts.schema or "")
    edges = Edges(facts.skip_lines, facts.footer_lines)
    if is_delimited:
        dialect = CsvDialect(facts.delimiter or ",", facts.quote, facts.escape)
        header = (facts.replaced_names or facts.names) if facts.header else ()
        return _FileLayout(facts.source, facts.format, dialect, facts.names, header, edges=edges)
    # All JSON formats are parsed alike once the records are split.
    return _FileLayout(facts.source, FileFormat.JSON_LINES, edges=edges, record_path=facts.record_path)


@dataclass(frozen=True, slots=True)
class _SourcePlan:
    """What applies to all files of one source, or to those without a source."""

    contract: Contract
    source: Source | None
    specs: SourceSpecs

    @property
    def conventions(self) -> Conventions:
        return resolve_conventions(self.contract, self.source)

    @property
    def mapper(self) -> ColumnMapper:
        return ColumnMapper(self.contract, self.specs, self.conventions.null_words)

    @property
    def inputs(self) -> Mapping[SourcePath, str]:
        """The column for the text at each path of a record that the specs read."""
        paths = dict.fromkeys(
            path for expression in self.specs.expressions for path in expression.inputs.values()
        )
        inputs = {path: f"lakegate path {number}" for number, path in enumerate(paths)}
        if self.specs.currency is not None:
            inputs.setdefault(SourcePath(self.specs.currency), CURRENCY)
        return inputs


def _text_groups(layout: _FileLayout, files: Sequence[BronzeFile], plan: _SourcePlan) -> list[TextGroup]:
    """Group the text files of one layout by record format."""
    mapper = plan.mapper
    inputs = {name: path for path, name in plan.inputs.items()}
    flags_typed = layout.dialect is None and not plan.conventions.treats_typed_as_text
    by_format: dict[tuple[FileFormat, bool, str], list[BronzeFile]] = defaultdict(list)
    for file in files:
        facts = file.facts
        by_format[facts.format or layout.format, facts.multiline, facts.line_end].append(file)
    groups = []
    for (file_format, is_multiline, line_end), grouped in sorted(by_format.items()):
        record_format = (
            JsonRecordFormat(file_format, layout.record_path)
            if layout.dialect is None
            else CsvRecordFormat(
                layout.dialect, _unique_names(layout.names), layout.header, is_multiline, line_end
            )
        )
        parser = RecordParser(
            record_format, mapper, inputs, flags_typed, plan.specs.fill_down, plan.specs.needs_position
        )
        groups.append(TextGroup(grouped, parser, layout.edges))
    return groups


def _computed_text(spark: SparkSession, groups: Sequence[TextGroup], plan: _SourcePlan) -> Records:
    """Return the records of text files whose source computes columns."""
    parser = groups[0].parser
    cells = {
        target.name: Cell(
            quoted(text_column(target.name)),
            is_typed=quoted(is_typed_column(target.name)) if parser.flags_typed else None,
        )
        for target in parser.mapper.targets
    }
    tasks, parse = text_tasks(spark, groups, [None for _ in groups])
    records = Records(tasks.mapInArrow(parse, parser.schema), cells, sf.col(EXTRA))
    inputs = plan.inputs
    return _with_computed(records, plan, lambda path: quoted(inputs[path]))


def _parquet_source(spark: SparkSession, files: Sequence[BronzeFile], plan: _SourcePlan) -> Records:
    """Return the records of Parquet files of one schema."""
    frame, cells = parquet_records(spark, files, plan.specs.fill_down)

    def text_at(path: SourcePath) -> Column | None:
        texts = [cell.text for name, cell in cells.items() if strip_name(name) == path.column]
        if path.steps:
            member = _member_reader(path.steps)
            texts = [member(text) for text in texts]
        nonblank = [sf.when(sf.length(sf.trim(text)) > 0, text) for text in texts]
        return sf.coalesce(*nonblank) if nonblank else None

    return _with_computed(Records(frame, *mapped_cells(cells, plan.mapper)), plan, text_at)


def _member_reader(steps: Sequence[str | int]) -> Callable[[Column], Column]:
    """Return a UDF that reads the text at a path in a nested value's JSON, as ``RecordParser`` does."""

    def member(text: str | None) -> str | None:
        return text_form(value_at(text, steps))

    return sf.udf(member, "string", useArrow=False)


def _with_computed(
    records: Records, plan: _SourcePlan, text_at: Callable[[SourcePath], Column | None]
) -> Records:
    """Add the cells, the condition and the currency that a source computes."""
    specs = plan.specs
    if specs == SourceSpecs():
        return records
    frame, types = compute(records.frame, specs.expressions, text_at, plan.conventions)
    cells = dict(records.cells)
    for expression in specs.computed:
        cells[expression.target] = computed_cell(expression, types[expression.target])
    further = {}
    if specs.where is not None:
        further[EXCLUDED] = is_excluded(specs.where, types[specs.where.target])
    if specs.currency is not None and (currency := text_at(SourcePath(specs.currency))) is not None:
        further[CURRENCY] = currency
    return Records(frame, cells, records.extra, further)


def _unique_names(names: Sequence[str]) -> tuple[str, ...]:
    """Append blanks to repeated names, which does not change their stripped form."""
    unique: list[str] = []
    for name in names:
        distinct = name
        while distinct in unique:
            distinct += " "
        unique.append(distinct)
    return tuple(unique)
