"""The data contract model: columns, types, rules, sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from contracts.system_columns import EVENT_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping


USER_ID = "user_id"  # joins the datasets


class Zone(StrEnum):
    """The zones that data passes through."""

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
    """A column's type. Precision and scale apply to decimals, ``max_bytes`` to strings.

    ``max_bytes``: the longest value allowed, in bytes of UTF-8; 0: no limit.
    """

    kind: Kind
    precision: int = 0
    scale: int = 0
    max_bytes: int = 0

    def __str__(self) -> str:
        """Return Spark SQL's spelling: ``decimal(18,4)``, ``timestamp``."""
        return f"decimal({self.precision},{self.scale})" if self.kind is Kind.DECIMAL else self.kind.value


class Severity(StrEnum):
    """Severity of a rule. An error quarantines the row or blocks the table."""

    WARN = "warn"
    ERROR = "error"


class Domain(StrEnum):
    """The rows that a rule is evaluated on."""

    RECORDS = "records"  # every row read; error rules quarantine the rows that break them
    VALID_ROWS = "valid_rows"  # after quarantine, before deduplication (warn only; the row is kept)
    TABLE = "table"  # the candidate: the rows left after quarantine and deduplication
    LOADED = "loaded"  # the release and the warehouse, before and after the load


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a contract and the GX expectation that evaluates it.

    ``kwargs`` are those of the expectation; the gate replaces a value ``{"$PARAMETER": name}`` at run time
    (``as_of_limit``, a policy's limit). A rule may make several promises of one kind: it holds if
    its expectation does and all ``further`` ones, each given with its kwargs.
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
    path: str = ""  # in the YAML; for a derived rule, the path of its column
    file: str = ""  # of the zone's defaults; empty: the contract's own
    further: tuple[tuple[str, Mapping[str, object]], ...] = ()

    @property
    def is_row_rule(self) -> bool:
        """Whether it is evaluated row by row."""
        return self.domain in (Domain.RECORDS, Domain.VALID_ROWS)


@dataclass(frozen=True, slots=True)
class Note:
    """A guarantee in plain text (ODCS ``type: text``): shown in the Data Docs, not evaluated."""

    name: str
    text: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a contract."""

    name: str
    type: DataType
    required: bool = False
    unique: bool = False
    primary_key_position: int | None = None
    is_pii: bool = False
    description: str = ""
    aliases: tuple[str, ...] = ()
    null_words: tuple[str, ...] | None = None  # None: the default ones (spec 4.2)
    physical_type: str = ""

    @property
    def is_identifier(self) -> bool:
        """Whether it identifies or joins rows: a primary key column, or user_id."""
        return self.primary_key_position is not None or self.name == USER_ID


class DateOrder(StrEnum):
    """Order of day, month and year in a date written with slashes or dots."""

    MDY = "MDY"
    DMY = "DMY"
    YMD = "YMD"


@dataclass(frozen=True, slots=True)
class Source:
    """Reading options for the files of one upstream, those whose key matches ``glob`` (spec 4.0).

    ``None``, an empty tuple or an empty mapping means: not overridden. The first group controls how text is
    split into records, the second how records become rows, the third how text is cast to values.
    """

    name: str
    glob: str

    encoding: str | None = None  # a Python codec name
    delimiter: str | None = None  # one or more characters
    quote: str | None = None  # one character
    escape: str | None = None  # one character; the next one is literal inside quotes
    header: bool | None = None
    column_names: tuple[str, ...] = ()  # by position; with ``header`` true they replace the header's
    skip_lines: int = 0  # physical lines before the header
    footer_lines: int = 0  # physical lines at the end
    record_path: tuple[str, ...] = ()  # keys to the array of records within one JSON object

    where: str | None = None  # a SQL condition over the source's columns
    fill_down: tuple[str, ...] = ()  # source columns whose empty cells take the value of the record before
    columns: Mapping[str, str] = field(default_factory=dict)  # contract column -> name, path or expression

    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # contract column -> Java patterns
    date_order: DateOrder | None = None
    decimal_mark: str | None = None
    timezone: str | None = None
    null_words: tuple[str, ...] | None = None  # replaces the default ones, for all columns
    currency_signs: tuple[str, ...] = ()  # in addition to the default ones
    currency: str | None = None  # a source column or an ISO 4217 code
    minor_units: bool = False  # decimal columns hold the currency's smallest unit

    @property
    def overrides_record_parsing(self) -> bool:
        """Whether it overrides how files are split into records."""
        return (
            bool(self.column_names or self.skip_lines or self.footer_lines or self.record_path)
            or self.header is not None
            or any(key is not None for key in (self.encoding, self.delimiter, self.quote, self.escape))
        )


class Merge(StrEnum):
    """How the rows of a key are merged in SILVER (spec 4.4). By default only the latest one is kept."""

    SCD1 = "scd1"  # one row a key: the latest known value of each column
    SCD2 = "scd2"  # one row a version of the key


@dataclass(frozen=True, slots=True)
class Query:
    """The SELECT that computes a gold table. ``path``: its location in the YAML, for error messages."""

    sql: str
    path: str


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract of one dataset or table. ``columns`` are in the order of the YAML."""

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
    recency: tuple[str, ...] = ()  # columns that order the rows of a key; empty: the default of spec 4.4
    ignored_columns: tuple[str, ...] = ()  # dropped, not reported as drift: year, month, day
    sort_key: tuple[str, ...] = ()
    dist_key: str | None = None
    slas: Mapping[str, str] = field(default_factory=dict)
    path: str = ""  # of the YAML file, for error messages
    grain: str = ""  # what one row stands for
    usage: str = ""
    limitations: str = ""
    notes: tuple[Note, ...] = ()
    position: int | None = None  # among the contracts of its zone; those without one follow by name
    derived_from: tuple[str, ...] = ()  # the tables it is computed from; a silver one without: from files
    merge: Merge | None = None  # silver only; None: of the rows of a key the latest is kept
    query: Query | None = None  # gold only; None: a function of transforms/silver_to_gold builds the table
    sums: tuple[str, ...] = ()  # gold only: the decimal columns whose sums the load is reconciled with
    derived_columns: tuple[Column, ...] = ()  # stored, but not part of a record (contracts.system_columns)
    checksum: str = ""  # sha256 of the YAML, hex
    # Its YAML, and that of the zone's default rules.
    texts: tuple[str, str] = field(default=("", ""), repr=False, compare=False)

    @property
    def key(self) -> tuple[str, ...]:
        """The primary key columns, in key order."""
        keyed = [c for c in self.columns if c.primary_key_position is not None]
        return tuple(c.name for c in sorted(keyed, key=lambda c: c.primary_key_position or 0))

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns, in the contract's order."""
        return tuple(c.name for c in self.columns)

    @property
    def dating_column(self) -> Column | None:
        """The column that dates a row, in UTC: the first timestamp; None if there is none."""
        return next((c for c in self.columns if c.type.kind is Kind.TIMESTAMP), None)

    @property
    def is_read_from_files(self) -> bool:
        """Whether its rows are records of files, so that single rows can be quarantined."""
        return self.zone is Zone.SILVER and not self.derived_from

    @property
    def is_merged(self) -> bool:
        """Whether the rows of a key are merged into one, so that no row loses to another."""
        return self.merge is Merge.SCD1

    @property
    def dataset(self) -> str:
        """The dataset whose files and policy it belongs to: itself, or the one whose versions it keeps."""
        return self.derived_from[0] if self.merge is Merge.SCD2 else self.name

    @property
    def silver_columns(self) -> tuple[Column, ...]:
        """All stored columns: the record's, then the derived ones."""
        return self.columns + self.derived_columns

    @property
    def is_partitioned(self) -> bool:
        """Whether its files lie in folders by event_date: a silver table that derives it."""
        return any(column.name == EVENT_DATE for column in self.derived_columns)

    @property
    def pii_columns(self) -> tuple[str, ...]:
        """The columns whose values are masked in docs, metrics and logs."""
        return tuple(c.name for c in self.columns if c.is_pii)

    @property
    def uncastable_columns(self) -> tuple[str, ...]:
        """The columns that have a rule ``<column>_uncastable``.

        All typed columns, and strings computed by a source, whose expression can fail (spec 4.0).
        """
        computed = {name for source in self.sources for name in source.columns}
        return tuple(c.name for c in self.columns if c.type.kind is not Kind.STRING or c.name in computed)

    @property
    def length_limits(self) -> Mapping[str, int]:
        """The longest value allowed, in bytes of UTF-8, by column; only of columns with a limit."""
        return {c.name: c.type.max_bytes for c in self.columns if c.type.max_bytes}

    @property
    def high_cardinality_columns(self) -> tuple[str, ...]:
        """The columns with few repeated values: keys, personal data, times, decimals and doubles."""
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
        """Return one rule. Raises KeyError for an unknown name."""
        for rule in self.rules:
            if rule.name == name:
                return rule
        raise KeyError(
            f"contract {self.name} has no rule {name!r}; it has {', '.join(r.name for r in self.rules)}"
        )

    def column(self, name: str) -> Column:
        """Return one column. Raises KeyError for an unknown name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"contract {self.name} has no column {name!r}; it has {', '.join(self.column_names)}")
