"""Resolve a source's specs to source columns or SQL expressions over them (spec 4.0)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.column_names import strip_name
from contracts.system_columns import POSITION, SOURCE_FILE
from transforms.bronze_to_silver.conventions import resolve_conventions
from transforms.bronze_to_silver.currencies import CODES
from transforms.bronze_to_silver.expression_parser import (
    Expression,
    SpecLocation,
    column_name,
    parse_expression,
)
from transforms.bronze_to_silver.expressions import compute, is_excluded
from transforms.bronze_to_silver.record_columns import FLAW

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.files import BronzeFile


_NO_NAMES: Mapping[str | None, Collection[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SourceSpecs:
    """The resolved specs of one source, with stripped names.

    ``direct``: contract column -> the source column that it takes unchanged. ``computed``: expressions, each
    with its contract column as ``target``. ``where``: the condition of records to keep. ``currency``: the
    source column that names the currency of amounts.
    """

    direct: Mapping[str, str] = field(default_factory=dict)
    computed: tuple[Expression, ...] = ()
    where: Expression | None = None
    fill_down: tuple[str, ...] = ()
    currency: str | None = None

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """All expressions, the condition included."""
        return self.computed if self.where is None else (*self.computed, self.where)

    @property
    def needs_position(self) -> bool:
        """Whether an expression reads the position of a record in its file."""
        return any(f"`{POSITION}`" in sql for expression in self.expressions for sql in expression.texts)

    @property
    def names(self) -> tuple[str, ...]:
        """The distinct source columns that the specs refer to."""
        paths = (path for expression in self.expressions for path in expression.inputs.values())
        currency = () if self.currency is None else (self.currency,)
        found = (*self.direct.values(), *(path.column for path in paths), *self.fill_down, *currency)
        return tuple(dict.fromkeys(found))


def resolve_specs(
    spark: SparkSession | None, contract: Contract, source: Source | None, names: Collection[str]
) -> SourceSpecs:
    """Resolve the specs of a source.

    Args:
        spark: the session whose parser is used; None: the source has nothing to parse (``is_parsed``).
        contract: the source's contract, for errors.
        source: None for files without a source.
        names: the stripped columns of all of the source's files; empty without files.

    Raises:
        ContractError: an expression that reads more than one record.
    """
    if source is None:
        return SourceSpecs()
    direct, computed = {}, []
    if spark is None:
        if is_parsed(source):
            raise ValueError(f"the source {source.name} needs a Spark session")
        return SourceSpecs(
            fill_down=tuple(map(strip_name, source.fill_down)), currency=_currency(source, names)
        )
    for column, spec in source.columns.items():
        name = column_name(spark, spec, names)
        if name is not None:
            direct[column] = name
        else:
            location = SpecLocation(contract, source.name, f"columns.{column}")
            computed.append(parse_expression(spark, spec, location, names, target=column))
    where = None
    if source.where is not None:
        where = parse_expression(spark, source.where, SpecLocation(contract, source.name, "where"), names)
    return SourceSpecs(
        direct, tuple(computed), where, tuple(map(strip_name, source.fill_down)), _currency(source, names)
    )


def is_parsed(source: Source) -> bool:
    """Return whether Spark's parser is needed to resolve the specs of a source."""
    return bool(source.columns or source.where is not None)


def names_by_source(files: Iterable[FileFacts]) -> dict[str | None, set[str]]:
    """Return the stripped columns of all files of each source."""
    names: dict[str | None, set[str]] = defaultdict(set)
    for file in files:
        names[file.source].update(map(strip_name, file.names))
    return names


def missing_source_columns(
    spark: SparkSession, contract: Contract, files: Iterable[BronzeFile]
) -> tuple[str, ...]:
    """Return ``source: column`` for each name in a source's specs that none of its files has.

    Sources without files are skipped. For JSON files, the columns of their first records count.
    """
    found = names_by_source(file.facts for file in files)
    return tuple(
        f"{source.name}: {name}"
        for source in contract.sources
        if source.name in found
        for name in resolve_specs(spark, contract, source, found[source.name]).names
        if name not in found[source.name]
    )


def check_expressions(
    spark: SparkSession, contract: Contract, names: Mapping[str | None, Collection[str]] = _NO_NAMES
) -> None:
    """Check that every spec of a contract's sources can be resolved and computed, without reading files.

    Args:
        spark: the session whose parser and functions are used.
        contract: the contract with the sources.
        names: the stripped columns of each source's files.

    Raises:
        ContractError: names contract, source and column.
    """
    text = sf.lit(None).cast("string")
    empty = spark.range(0).select(text.alias(SOURCE_FILE), text.alias(FLAW), sf.col("id").alias(POSITION))
    for source in contract.sources:
        specs = resolve_specs(spark, contract, source, names.get(source.name, ()))
        _, types = compute(empty, specs.expressions, lambda _: text, resolve_conventions(contract, source))
        if specs.where is not None:
            is_excluded(specs.where, types[specs.where.target])


def _currency(source: Source, names: Collection[str]) -> str | None:
    """Return the source column that names the currency; None for a code, or where there is no currency."""
    if source.currency is None:
        return None
    name = strip_name(source.currency)
    return None if name.upper() in CODES and name not in names else name
