"""One group of files to records whose cells stand under the contract's columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.inventory import FileFormat
from transforms.bronze_to_silver.choice import assign, first_value, with_extra
from transforms.bronze_to_silver.delimited import FIELDS, Dialect, delimited_records
from transforms.bronze_to_silver.expressions import Path, SpecPlace, compute, parse_expression
from transforms.bronze_to_silver.json_cells import expected_keys, json_cells
from transforms.bronze_to_silver.json_records import MEMBERS, json_records
from transforms.bronze_to_silver.json_text import marked, member_at
from transforms.bronze_to_silver.parquet import alike_in_parquet, parquet_records
from transforms.bronze_to_silver.records import Cell, Records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.choice import Assignment
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
    spark: SparkSession, contract: Contract, layout: Layout, files: Sequence[BronzeFile]
) -> list[Records]:
    """Read the files of one layout as records of the contract.

    Raises:
        ContractError: a source's expression cannot be computed.
    """
    source = next((s for s in contract.sources if s.name == layout.source), None)
    if layout.format is FileFormat.PARQUET:
        return [
            _assigned(spark, *parquet_records(spark, alike), contract, source)
            for alike in alike_in_parquet(spark, files)
        ]
    if layout.dialect is not None:
        names = layout.header or contract.column_names
        frame = delimited_records(spark, files, layout.dialect, layout.header, len(names))
        fields = {name: Cell(sf.get(FIELDS, sf.lit(place))) for place, name in enumerate(_told_apart(names))}
        return [_assigned(spark, frame, fields, contract, source)]
    keys = expected_keys([file.facts.names for file in files], source)
    records, assignment = json_cells(json_records(spark, files), keys, contract, source)
    return [_with_computed(spark, records, assignment, contract, source, _read_member)]


def _assigned(
    spark: SparkSession,
    frame: DataFrame,
    named: Mapping[str, Cell],
    contract: Contract,
    source: Source | None,
) -> Records:
    """Give each contract column its cell, where the names of the columns are the same for every record."""
    assignment = assign(named, contract, source)
    cells = {column: named[name] for column, name in assignment.whole.items()}
    for column, names in assignment.by_name.items():
        cells[column] = first_value([named[name] for name in names], contract.column(column))
    unknown = {name: [named[n].text for n in names] for name, names in assignment.unknown.items()}

    def read(path: Path) -> Column | None:
        cell = named.get(path.column)
        if cell is None:
            return None
        return member_at(marked(cell.text), path.steps) if path.steps else cell.text

    frame, extra = with_extra(frame, unknown)
    records = Records(frame, cells, extra)
    return _with_computed(spark, records, assignment, contract, source, read)


def _with_computed(
    spark: SparkSession,
    records: Records,
    assignment: Assignment,
    contract: Contract,
    source: Source | None,
    read: Callable[[Path], Column | None],
) -> Records:
    if source is None or not assignment.computed:
        return records
    places = {column: SpecPlace(contract, source.name, column) for column in assignment.computed}
    expressions = [
        parse_expression(spark, spec, places[column]) for column, spec in assignment.computed.items()
    ]
    frame, computed = compute(records.frame, expressions, read, places)
    return Records(frame, {**records.cells, **computed}, records.extra)


def _read_member(path: Path) -> Column:
    return member_at(sf.col(MEMBERS).getItem(path.column), path.steps)


def _told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names with blanks after those that were there before: they still mean the same column."""
    apart: list[str] = []
    for name in names:
        unique = name
        while unique in apart:
            unique += " "
        apart.append(unique)
    return tuple(apart)
