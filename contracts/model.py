"""The contract as values: what every other room may ask of a promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Zone(StrEnum):
    """Where data stands on its way from RAW to GOLD."""

    RAW = "raw"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"


class Kind(StrEnum):
    """The logical kinds of a column."""

    STRING = "string"
    INTEGER = "int"
    BIGINT = "bigint"
    DECIMAL = "decimal"
    DOUBLE = "double"
    TIMESTAMP = "timestamp"
    DATE = "date"
    BOOLEAN = "boolean"

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self in (Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL, Kind.DOUBLE)


@dataclass(frozen=True, slots=True)
class DataType:
    """A column's type; precision and scale hold for decimals only, length (bytes) for strings only."""

    kind: Kind
    precision: int = 0
    scale: int = 0
    max_bytes: int = 0

    def __str__(self) -> str:
        """Return Spark SQL's spelling: ``decimal(18,4)``, ``timestamp``."""
        return f"decimal({self.precision},{self.scale})" if self.kind is Kind.DECIMAL else self.kind.value


class Severity(StrEnum):
    """What a broken rule weighs: a warning, or an error (a row is quarantined, a table blocked)."""

    WARN = "warn"
    ERROR = "error"


class Domain(StrEnum):
    """On which rows a rule is judged."""

    RECORDS = "records"  # every row read; an offender of an error rule is quarantined
    VALID_ROWS = "valid_rows"  # after quarantine, before deduplication (warn only; the row is kept)
    TABLE = "table"  # what is left: the candidate
    LOADED = "loaded"  # whether the warehouse takes a release, and what it holds after the load


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a contract: its name, its weight, and the GX expectation that judges it.

    ``kwargs`` are the expectation's own; a value ``{"$PARAMETER": name}`` is filled in by the gate at
    run time (``as_of_limit``, a policy's limit).
    """

    name: str
    domain: Domain
    severity: Severity
    dimension: str
    description: str
    business_impact: str
    expectation: str
    kwargs: Mapping[str, object] = field(default_factory=dict)
    column: str | None = None
    path: str = ""  # where the YAML says so; for a derived rule, the column that it follows from

    @property
    def is_row_rule(self) -> bool:
        """Whether it is judged row by row."""
        return self.domain in (Domain.RECORDS, Domain.VALID_ROWS)


@dataclass(frozen=True, slots=True)
class Note:
    """A promise in words (ODCS ``type: text``): shown to the steward, judged by nobody."""

    name: str
    text: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One promised column."""

    name: str
    type: DataType
    required: bool = False
    unique: bool = False
    primary_key_position: int | None = None
    is_pii: bool = False
    description: str = ""
    aliases: tuple[str, ...] = ()
    null_words: tuple[str, ...] | None = None  # None: the shipped ones of spec 4.2
    physical_type: str = ""


class DateOrder(StrEnum):
    """How a date written with slashes or dots is read."""

    MDY = "MDY"
    DMY = "DMY"
    YMD = "YMD"


@dataclass(frozen=True, slots=True)
class Source:
    """What differs in one upstream's files: overrides for the keys that match ``glob`` (spec 4.0).

    ``columns`` maps a contract column to a source column, a nested path or a Spark SQL expression.
    ``None`` means: not overridden.
    """

    name: str
    glob: str
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    quote: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    decimal_mark: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Contract:
    """The promise about one dataset or table. ``columns`` are in the contract's order."""

    name: str  # events, users_history, fact_events
    zone: Zone
    version: str
    description: str
    owner: str
    team: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    sources: tuple[Source, ...] = ()
    date_order: DateOrder = DateOrder.MDY
    ignored_columns: tuple[str, ...] = ()  # dropped without counting as drift: year, month, day
    sort_key: tuple[str, ...] = ()
    dist_key: str | None = None
    slas: Mapping[str, str] = field(default_factory=dict)
    path: str = ""  # the YAML it came from, for error messages
    grain: str = ""  # what one row is
    usage: str = ""
    limitations: str = ""
    notes: tuple[Note, ...] = ()
    derived_from: tuple[str, ...] = ()  # the datasets that it is computed from; empty: it is read from files
    derived_columns: tuple[
        Column, ...
    ] = ()  # stored, but no part of a record: _extra, _source_file, event_date
    checksum: str = ""  # sha256 of the YAML, hex

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key's columns, in its order."""
        keyed = [c for c in self.columns if c.primary_key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.primary_key_position or 0))

    @property
    def column_names(self) -> tuple[str, ...]:
        """All columns' names in the contract's order."""
        return tuple(c.name for c in self.columns)

    @property
    def is_read_from_files(self) -> bool:
        """Whether its rows are records of files, so that a single row can be quarantined."""
        return self.zone is Zone.SILVER and not self.derived_from

    @property
    def silver_columns(self) -> tuple[Column, ...]:
        """Everything that is stored: the record's columns, then the derived ones."""
        return self.columns + self.derived_columns

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """The columns whose values never appear in docs, metrics or logs."""
        return tuple(c.name for c in self.columns if c.is_pii)

    @property
    def uncastable_columns(self) -> tuple[str, ...]:
        """The columns that have a rule ``<column>_uncastable``.

        Every typed one; and a string that a source computes, since its expression can fail (spec 4.0).
        """
        computed = {name for source in self.sources for name in source.columns}
        return tuple(c.name for c in self.columns if c.type.kind is not Kind.STRING or c.name in computed)

    @property
    def varied_columns(self) -> tuple[str, ...]:
        """The columns in which hardly a value repeats: texts of the key or of a person, times and numbers."""
        return tuple(
            c.name
            for c in self.columns
            if c.type.kind in (Kind.TIMESTAMP, Kind.DECIMAL, Kind.DOUBLE)
            or (c.type.kind is Kind.STRING and (c.is_pii or c.primary_key_position is not None))
        )

    def rules_in(self, domain: Domain) -> tuple[Rule, ...]:
        """Return the rules of one domain, in the contract's order."""
        return tuple(rule for rule in self.rules if rule.domain is domain)

    def rule(self, name: str) -> Rule:
        """Return one rule. Raises KeyError when there is none of that name."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(
            f"contract {self.name} has no rule {name!r}; it has {', '.join(r.name for r in self.rules)}"
        )

    def column(self, name: str) -> Column:
        """Return one column. Raises KeyError when there is none of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"contract {self.name} has no column {name!r}; it has {', '.join(self.column_names)}")
