"""What applies to all files of one source: names, conventions, and what the source computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from pyspark.sql import functions as sf

from contracts.system_columns import EXTRA
from transforms.bronze_to_silver.column_mapping import ColumnMapper
from transforms.bronze_to_silver.conventions import resolve_conventions
from transforms.bronze_to_silver.corrections import CORRECTION_COLUMNS
from transforms.bronze_to_silver.expression_parser import SourcePath
from transforms.bronze_to_silver.expressions import compute, computed_cell, is_excluded
from transforms.bronze_to_silver.files import quoted
from transforms.bronze_to_silver.record_columns import CURRENCY, EXCLUDED, is_typed_column, text_column
from transforms.bronze_to_silver.record_parser import RecordParser
from transforms.bronze_to_silver.records import Cell, Records
from transforms.bronze_to_silver.source_columns import SourceSpecs, names_by_source, resolve_specs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.conventions import Conventions
    from transforms.bronze_to_silver.layouts import FileLayout
    from transforms.bronze_to_silver.record_parser import RecordFormat

TextAt: TypeAlias = "Callable[[SourcePath], Column | None]"
"""Returns the text at a path of a record."""


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """What applies to all files of one source, or to those without a source."""

    contract: Contract
    source: Source | None
    specs: SourceSpecs

    @property
    def conventions(self) -> Conventions:
        """How the source writes values."""
        return resolve_conventions(self.contract, self.source)

    @property
    def mapper(self) -> ColumnMapper:
        """Where the source's columns go."""
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

    def parser(
        self,
        layout: FileLayout,
        record_format: RecordFormat,
        corrects: Callable[[pa.RecordBatch], pa.RecordBatch] | None = None,
        *,
        fills_down: bool = True,
    ) -> RecordParser:
        """Return the parser of records in one format; see ``RecordParser`` for ``corrects``."""
        return RecordParser(
            record_format,
            self.mapper,
            {name: path for path, name in self.inputs.items()},
            layout.dialect is None and not self.conventions.treats_typed_as_text,
            self.specs.fill_down if fills_down else (),
            self.specs.needs_position,
            corrects,
        )

    def computed(
        self, frame: DataFrame, cells: Mapping[str, Cell], extra: Column, text_at: TextAt
    ) -> Records:
        """Return records with the cells, the condition and the currency that the source computes.

        Args:
            frame: of the records.
            cells: those that the source does not compute.
            extra: the records' ``_extra``.
            text_at: returns the text at a path of a record; None where there is never one.
        """
        specs = self.specs
        marks = {name: quoted(name) for name in CORRECTION_COLUMNS if name in frame.columns}
        if specs == SourceSpecs():
            return Records(frame, cells, extra, marks)
        frame, types = compute(frame, specs.expressions, text_at, self.conventions)
        cells = dict(cells)
        for expression in specs.computed:
            cells[expression.target] = computed_cell(expression, types[expression.target])
        further = dict(marks)
        if specs.where is not None:
            further[EXCLUDED] = is_excluded(specs.where, types[specs.where.target])
        if specs.currency is not None and (currency := text_at(SourcePath(specs.currency))) is not None:
            further[CURRENCY] = currency
        return Records(frame, cells, extra, further)

    def computed_of_parsed(self, frame: DataFrame, parser: RecordParser) -> Records:
        """Return the records of a frame of ``parser.schema``."""
        cells = {
            target.name: Cell(
                quoted(text_column(target.name)),
                is_typed=quoted(is_typed_column(target.name)) if parser.flags_typed else None,
            )
            for target in parser.mapper.targets
        }
        inputs = self.inputs
        return self.computed(frame, cells, sf.col(EXTRA), lambda path: quoted(inputs[path]))


def source_plans(
    spark: SparkSession | None, contract: Contract, facts: Iterable[FileFacts]
) -> Mapping[str | None, SourcePlan]:
    """Return the plan of each source of some files, by its name; for ``spark`` see ``resolve_specs``.

    Raises:
        ContractError: a source's expression cannot be computed.
    """
    plans = {}
    for name, columns in names_by_source(facts).items():
        source = next((s for s in contract.sources if s.name == name), None)
        plans[name] = SourcePlan(contract, source, resolve_specs(spark, contract, source, columns))
    return plans
