"""Files of every layout to the values of the contract's columns."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.inventory import FileFormat
from transforms.bronze_to_silver.choice import assign, extra, first_value
from transforms.bronze_to_silver.cutting import Cutter
from transforms.bronze_to_silver.delimited_fields import Dialect
from transforms.bronze_to_silver.delimited_form import DelimitedForm
from transforms.bronze_to_silver.expressions import Path, SpecPlace, compute, parse_expression
from transforms.bronze_to_silver.files import quoted
from transforms.bronze_to_silver.json_form import JsonForm
from transforms.bronze_to_silver.json_members import text_of, value_at
from transforms.bronze_to_silver.parquet import alike_in_parquet, parquet_records
from transforms.bronze_to_silver.placement import Places
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import Cell, Reading, Records, is_typed_of
from transforms.bronze_to_silver.records import text_of as text_column
from transforms.bronze_to_silver.text_groups import TextGroup, text_tasks
from transforms.bronze_to_silver.values import RecordReader, conventions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyspark.sql import Column, SparkSession

    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.choice import Assignment
    from transforms.bronze_to_silver.expressions import Expression
    from transforms.bronze_to_silver.files import BronzeFile


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read: files of one layout are one group, whatever their compression and encoding."""

    source: str | None
    format: FileFormat
    dialect: Dialect | None = None
    header: tuple[str, ...] = ()
    schema: str = ""


def layout(file: BronzeFile) -> Layout:
    """Return the layout of a valid file.

    Raises:
        ValueError: the file's facts do not say how to read it; it should not have come to BRONZE.
    """
    facts = file.facts
    if facts.format is None or (facts.format is FileFormat.DELIMITED and not facts.delimiter):
        raise ValueError(
            f"file {facts.key}: expected the format (and delimiter) of a valid file, found {facts.format}; "
            "run raw_to_bronze again"
        )
    if facts.format is FileFormat.PARQUET:
        return Layout(facts.source, facts.format, schema=facts.schema or "")
    if facts.format is FileFormat.DELIMITED:
        dialect = Dialect(facts.delimiter or ",", facts.quote)
        return Layout(facts.source, facts.format, dialect, facts.names if facts.header else ())
    return Layout(facts.source, FileFormat.JSON_LINES)  # one way for all JSON, once its records are apart


def gather(
    spark: SparkSession,
    contract: Contract,
    by_layout: Mapping[Layout, Sequence[BronzeFile]],
) -> list[Reading]:
    """Say how the values of files are read, each layout its own way. Nothing is read yet.

    Raises:
        ContractError: a source's expression cannot be computed.
    """
    plain: list[tuple[TextGroup, RecordReader]] = []
    readings: list[Reading] = []
    for layout, files in by_layout.items():
        source = next((s for s in contract.sources if s.name == layout.source), None)
        reader = RecordReader(contract, conventions(contract, source))
        if layout.format is FileFormat.PARQUET:
            for alike in alike_in_parquet(spark, files):
                readings.append(_of_parquet(spark, alike, contract, source).read(reader))
            continue
        names = _expected_keys(files, source) if layout.dialect is None else _fields(layout, contract)
        assignment = assign(names, contract, source)
        expressions = _expressions(spark, assignment, contract, source)
        groups = _text_groups(layout, files, contract, source, assignment, expressions)
        if expressions:
            readings.append(_of_text(spark, groups, expressions, contract, source).read(reader))
        else:
            plain += [(group, reader) for group in groups]
    if plain:
        steps = [reader.read for _, reader in plain]
        readings.append(Reading(*text_tasks(spark, [group for group, _ in plain], steps)))
    return readings


def _text_groups(
    layout: Layout,
    files: Sequence[BronzeFile],
    contract: Contract,
    source: Source | None,
    assignment: Assignment,
    expressions: Sequence[Expression],
) -> list[TextGroup]:
    """Group the text files of one layout by the form of their records."""
    places = Places(contract, assignment)
    inputs = {name: path for path, name in _input_names(expressions).items()}
    tells_typed = layout.dialect is None and conventions(contract, source).decimal_mark != "."
    by_form: dict[tuple[FileFormat, bool], list[BronzeFile]] = defaultdict(list)
    for file in files:
        by_form[file.facts.format or layout.format, file.facts.multiline].append(file)
    groups = []
    for (file_format, is_multiline), alike in sorted(by_form.items()):
        form = (
            JsonForm(file_format)
            if layout.dialect is None
            else DelimitedForm(layout.dialect, _fields(layout, contract), layout.header, is_multiline)
        )
        groups.append(TextGroup(alike, Cutter(form, places, inputs, tells_typed)))
    return groups


def _of_text(
    spark: SparkSession,
    groups: Sequence[TextGroup],
    expressions: Sequence[Expression],
    contract: Contract,
    source: Source | None,
) -> Records:
    """Cut the records of texts from which a source computes columns."""
    cutter = groups[0].cutter
    cells = {
        target.name: Cell(
            quoted(text_column(target.name)),
            is_typed=quoted(is_typed_of(target.name)) if cutter.tells_typed else None,
        )
        for target in cutter.places.targets
    }
    inputs = _input_names(expressions)
    tasks, cut = text_tasks(spark, groups, [None for _ in groups])
    records = Records(tasks.mapInArrow(cut, cutter.schema), cells, sf.col(EXTRA))
    return _with_computed(records, expressions, lambda path: quoted(inputs[path]), contract, source)


def _input_names(expressions: Sequence[Expression]) -> Mapping[Path, str]:
    """Return the column in which the text at each path travels that an expression reads."""
    paths = dict.fromkeys(path for expression in expressions for path in expression.inputs.values())
    return {path: f"lakegate path {number}" for number, path in enumerate(paths)}


def _of_parquet(
    spark: SparkSession, files: Sequence[BronzeFile], contract: Contract, source: Source | None
) -> Records:
    """Give each contract column its cell, where the columns' names are the same for every record."""
    frame, named = parquet_records(spark, files)
    assignment = assign(named, contract, source)
    cells = {column: named[name] for column, name in assignment.whole.items()}
    for column, names in assignment.by_name.items():
        cells[column] = first_value([named[name] for name in names], contract.column(column))
    unknown = {name: [named[n].text for n in names] for name, names in assignment.unknown.items()}

    def read(path: Path) -> Column | None:
        cell = named.get(path.column)
        if cell is None:
            return None
        return _member(path.steps)(cell.text) if path.steps else cell.text

    expressions = _expressions(spark, assignment, contract, source)
    return _with_computed(Records(frame, cells, extra(unknown)), expressions, read, contract, source)


def _member(steps: Sequence[str | int]) -> Callable[[Column], Column]:
    """Return what reads the text at a path in a nested value's JSON, as the cutter does."""

    def member(text: str | None) -> str | None:
        return text_of(value_at(text, steps))

    return sf.udf(member, "string", useArrow=False)


def _expressions(
    spark: SparkSession, assignment: Assignment, contract: Contract, source: Source | None
) -> Sequence[Expression]:
    return [
        parse_expression(spark, spec, SpecPlace(contract, source.name, column))
        for column, spec in assignment.computed.items()
        if source is not None
    ]


def _with_computed(
    records: Records,
    expressions: Sequence[Expression],
    read: Callable[[Path], Column | None],
    contract: Contract,
    source: Source | None,
) -> Records:
    if source is None or not expressions:
        return records
    places = {one.target: SpecPlace(contract, source.name, one.target) for one in expressions}
    frame, computed = compute(records.frame, expressions, read, places)
    return Records(frame, {**records.cells, **computed}, records.extra)


def _expected_keys(files: Iterable[BronzeFile], source: Source | None) -> tuple[str, ...]:
    """Return the keys seen at the beginning of each JSON file, and those that a source names.

    A spec that is a bare name can only be a key, seen or not.
    """
    seen = (name for file in files for name in file.facts.names)
    specs: Mapping[str, str] = {} if source is None else source.columns
    bare = (spec for spec in specs.values() if spec.isidentifier() and spec not in ("true", "false", "null"))
    return tuple(dict.fromkeys((*seen, *bare)))


def _fields(layout: Layout, contract: Contract) -> tuple[str, ...]:
    """Return the names of delimited fields, with blanks after those that were there before.

    With a blank they are told apart, and still mean the same column.
    """
    apart: list[str] = []
    for name in layout.header or contract.column_names:
        unique = name
        while unique in apart:
            unique += " "
        apart.append(unique)
    return tuple(apart)
