"""What was measured of rows and tables: the numbers that the gate judges by, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from contracts.model import Domain

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How many rows break one rule, and a few offending values as text (masked before they are shown)."""

    unexpected: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """What was measured of one domain.

    ``rules``: rows that break a rule, by its name; each map rule of the domain has an entry, 0 included.
    ``values``: single numbers by the name of the virtual column that a rule names (``_quarantine_ratio``).
    """

    rows: int
    rules: Mapping[str, RuleCount] = field(default_factory=dict)
    values: Mapping[str, Number] = field(default_factory=dict)

    def with_values(self, **values: Number) -> Measures:
        """Return the same measures with further single numbers."""
        return replace(self, values={**self.values, **values})


Measured = Mapping[Domain, Measures]


@dataclass(frozen=True, slots=True)
class FileAccount:
    """Where the rows of one source file went; each number is counted on its own. ``file`` is its key."""

    file: str
    rows_read: int
    rows_promoted: int
    rows_quarantined: int
    rows_deduplicated: int

    @property
    def difference(self) -> int:
        """Rows read that went nowhere; negative when rows were invented."""
        return self.rows_read - self.rows_promoted - self.rows_quarantined - self.rows_deduplicated


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where all rows of a dataset went, and by how many rows that does not add up."""

    files: tuple[FileAccount, ...]  # by key, UTF-8 order

    @property
    def rows_promoted(self) -> int:
        """Rows of the candidate."""
        return sum(file.rows_promoted for file in self.files)

    @property
    def rows_deduplicated(self) -> int:
        """Valid rows that lost against another row of their key."""
        return sum(file.rows_deduplicated for file in self.files)

    @property
    def difference(self) -> int:
        """Rows that are not accounted for, of all files; 0 when all is well."""
        return sum(abs(file.difference) for file in self.files)


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column that no contract knows, kept in ``_extra``: rows that hold it, least key of their files."""

    name: str
    rows: int
    first_file: str


@dataclass(frozen=True, slots=True)
class RowsRead:
    """What was counted of rows by those who read them, before anything of them was written.

    ``by_file``: key -> rows. ``currencies``: by the column that holds them (``_currency_<c>``), those of rows
    without a text.
    """

    by_file: Mapping[str, int]
    unknown_columns: tuple[UnknownColumn, ...] = ()
    currencies: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.by_file.values())


@dataclass(frozen=True, slots=True)
class RecordsMeasured:
    """What was measured of the rows: all that were read, and of the staged ones the rules that they broke.

    ``broken``: by error rule, over all rows. ``warned``: by warn rule, over the valid rows.
    ``rows_by_file``: key -> (rows read, rows quarantined). The rows read were counted by those who read them,
    before anything of them was written. ``currencies``: by decimal column, as written, sorted.
    ``rows_without_raw``: those of the quarantined whose raw text was not kept.
    """

    rows_read: int
    rows_quarantined: int
    broken: Mapping[str, RuleCount]
    warned: Mapping[str, RuleCount]
    rows_by_file: Mapping[str, tuple[int, int]]
    currencies: Mapping[str, tuple[str, ...]]
    unknown_columns: tuple[UnknownColumn, ...]
    rows_without_raw: int = 0

    @property
    def rows_valid(self) -> int:
        """Rows that broke no error rule."""
        return self.rows_read - self.rows_quarantined

    @property
    def quarantine_ratio(self) -> float:
        """Rows quarantined by rows read; 0 when nothing was read."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0

    @property
    def most_currencies(self) -> int:
        """The most currencies in one column of the valid rows."""
        return max((len(found) for found in self.currencies.values()), default=0)


@dataclass(frozen=True, slots=True)
class DistinctKeys:
    """A set of keys, told by how many there are and by the xor of their hashes (``key_hash``).

    A table of as many rows, with the same xor of its rows' hashes, holds each of these keys once, but for
    one case in 2^64 or so: the xor keeps what is there an odd number of times, so each key is; and once each
    they fill the table.
    """

    distinct: int
    xor: int  # signed, 64 bits


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """What was counted of a table's rows as they were written: their keys, each of which is there once."""

    keys: DistinctKeys
    required_nulls: int


@dataclass(frozen=True, slots=True)
class TableMeasured:
    """What was measured of a candidate: rows, rows that share their key with another, nulls, dates, files.

    ``date_span_days`` and ``undated_rows`` (event_date 1900-01-01) are 0 without ``event_date``.
    ``keys`` is None for a table without a key, and for one in which a key repeats.
    """

    rows: int
    duplicate_rows: int
    duplicate_samples: tuple[str, ...]
    required_nulls: int
    date_span_days: int
    undated_rows: int
    rows_by_file: Mapping[str, int]
    keys: DistinctKeys | None


def account(records: RecordsMeasured, table: TableMeasured, deduplicated: Mapping[str, int]) -> Accounting:
    """Return where the rows of each file went.

    Args:
        records: of the rows: what was read, staged and quarantined.
        table: of the candidate: what would be promoted.
        deduplicated: by file, the valid rows that lost.
    """
    keys = {*records.rows_by_file, *table.rows_by_file, *deduplicated}
    files = []
    for key in sorted(keys, key=lambda key: key.encode("utf-8", "surrogatepass")):
        read, quarantined = records.rows_by_file.get(key, (0, 0))
        files.append(
            FileAccount(key, read, table.rows_by_file.get(key, 0), quarantined, deduplicated.get(key, 0))
        )
    return Accounting(tuple(files))
