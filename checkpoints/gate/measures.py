"""Measured numbers of rows and tables: the input of every gate decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from checkpoints.lake.ledger import key_order
from contracts.corrections import CorrectionCounts
from contracts.model import Domain

if TYPE_CHECKING:
    from datetime import datetime

    from pyspark.sql.types import StructType

    from contracts.days import ValuesByDay

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class RuleCount:
    """Rows that break one rule, and a few offending values as text (masked before they are shown)."""

    unexpected: int
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measures:
    """Measured numbers of one domain.

    ``rules``: by rule name, the rows that break it; every map rule of the domain has an entry, even for 0.
    ``values``: by measure (``contracts.measures``). ``by_day`` and ``latest``: see ``TableMeasured``.
    ``nulls``: by required column of a table. ``columns``: of a table, in order, with their Spark types; None
    where they are unknown. ``computed``: by rule, the metrics of a table that GX has computed.
    """

    rows: int
    rules: Mapping[str, RuleCount] = field(default_factory=dict)
    values: Mapping[str, Number] = field(default_factory=dict)
    by_day: Mapping[str, ValuesByDay] = field(default_factory=dict)
    latest: datetime | None = None
    nulls: Mapping[str, int] = field(default_factory=dict)
    columns: StructType | None = None
    computed: Mapping[str, ComputedMetrics] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ComputedMetrics:
    """Metrics of one rule that GX computed on the written candidate, by name.

    ``problem``: why Spark could not compute them, such as a value that a function does not take; else None.
    ``failed``: rows that break the rule, of an expectation that counts them. ``samples``: some of their
    values, or rows; not masked.
    """

    values: Mapping[str, object] = field(default_factory=dict)
    problem: str | None = None
    failed: int = 0
    samples: tuple[object, ...] = ()


Measured = Mapping[Domain, Measures]


@dataclass(frozen=True, slots=True)
class FileAccount:
    """Rows of one source file by outcome, each counted independently. ``file`` is its key."""

    file: str
    rows_read: int
    rows_promoted: int
    rows_quarantined: int
    rows_deduplicated: int
    rows_discarded: int = 0  # left out by corrections
    rows_excluded: int = 0  # records that a source's ``where`` leaves out; not part of the rows read

    @property
    def difference(self) -> int:
        """Rows read without an outcome; negative when there are more outcomes than rows."""
        outcomes = self.rows_promoted + self.rows_quarantined + self.rows_deduplicated + self.rows_discarded
        return self.rows_read - outcomes


@dataclass(frozen=True, slots=True)
class Accounting:
    """Rows of a dataset by file and outcome."""

    files: tuple[FileAccount, ...]  # by key, UTF-8 order

    @property
    def rows_promoted(self) -> int:
        """Rows of the candidate."""
        return sum(file.rows_promoted for file in self.files)

    @property
    def rows_deduplicated(self) -> int:
        """Valid rows that lost to another row with their key."""
        return sum(file.rows_deduplicated for file in self.files)

    @property
    def difference(self) -> int:
        """Rows that are not accounted for, summed over files; 0 if every row has exactly one outcome."""
        return sum(abs(file.difference) for file in self.files)


@dataclass(frozen=True, slots=True)
class UnknownColumn:
    """A column not in the contract, kept in ``_extra``: rows that hold it, least key of their files."""

    name: str
    rows: int
    first_file: str


@dataclass(frozen=True, slots=True)
class RowsRead:
    """Counts made while reading, before anything was written.

    ``by_file``: key -> rows. ``excluded_by_file``: key -> records that a source's ``where`` leaves out; they
    are not rows. ``discarded_by_file``: key -> rows that corrections leave out. ``corrections``: what all
    corrections did.
    """

    by_file: Mapping[str, int]
    unknown_columns: tuple[UnknownColumn, ...] = ()
    excluded_by_file: Mapping[str, int] = field(default_factory=dict)
    discarded_by_file: Mapping[str, int] = field(default_factory=dict)
    corrections: CorrectionCounts = field(default_factory=CorrectionCounts)

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(self.by_file.values())


@dataclass(frozen=True, order=True, slots=True)
class RejectedRow:
    """A quarantined row, without its content. ``rules``: those that it broke, in order, comma-separated."""

    row_id: str
    source_file: str
    rules: str


@dataclass(frozen=True, order=True, slots=True)
class Offender:
    """A quarantined row, for one rule that it broke. ``value``: what the rule judged, as text; not masked."""

    row_id: str
    source_file: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordsMeasured:
    """Measured numbers of a dataset's rows before deduplication.

    ``broken``: by error rule, over all rows. ``warned``: by warn rule, over the valid rows.
    ``rows_by_file``: key -> (rows read, rows quarantined); the rows read are those of ``RowsRead``.
    ``currencies``: by decimal column, as written, sorted. ``excluded_by_file``, ``discarded_by_file`` and
    ``corrections``: see ``RowsRead``. ``rejected``: some of the quarantined rows, the least by row id.
    ``files_by_rule``: by rule, the files with the most offenders. ``offenders``: by error rule, some rows.
    """

    rows_read: int
    rows_quarantined: int
    broken: Mapping[str, RuleCount]
    warned: Mapping[str, RuleCount]
    rows_by_file: Mapping[str, tuple[int, int]]
    currencies: Mapping[str, tuple[str, ...]]
    unknown_columns: tuple[UnknownColumn, ...]
    excluded_by_file: Mapping[str, int] = field(default_factory=dict)
    discarded_by_file: Mapping[str, int] = field(default_factory=dict)
    corrections: CorrectionCounts = field(default_factory=CorrectionCounts)
    rejected: tuple[RejectedRow, ...] = ()
    files_by_rule: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    offenders: Mapping[str, tuple[Offender, ...]] = field(default_factory=dict)

    @property
    def rows_excluded(self) -> int:
        """Records that the sources' ``where`` leaves out."""
        return sum(self.excluded_by_file.values())

    @property
    def rows_judged(self) -> int:
        """Rows read, without those that corrections leave out."""
        return self.rows_read - sum(self.discarded_by_file.values())

    @property
    def rows_valid(self) -> int:
        """Rows that broke no error rule."""
        return self.rows_judged - self.rows_quarantined

    @property
    def quarantine_ratio(self) -> float:
        """Rows quarantined divided by rows read; 0 if nothing was read."""
        return self.rows_quarantined / self.rows_read if self.rows_read else 0.0

    @property
    def most_currencies(self) -> int:
        """The largest number of currencies in one column of the valid rows."""
        return max((len(found) for found in self.currencies.values()), default=0)


@dataclass(frozen=True, slots=True)
class DistinctKeys:
    """Fingerprint of a set of keys: their number, and the xor of their hashes (``key_hash``).

    A table with as many rows and the same xor of its rows' hashes holds each of these keys exactly once, with
    an error probability of about 2^-64: the xor shows that each key occurs an odd number of times, and once
    each they already fill the table.
    """

    distinct: int
    xor: int  # signed, 64 bits


@dataclass(frozen=True, slots=True)
class RowsWritten:
    """Numbers of a table measured during the write; each key occurs once.

    ``by_day``: of a table with one row a day, the columns that its rules judge by day.
    """

    keys: DistinctKeys
    nulls: Mapping[str, int]  # by required column
    too_long_values: int = 0
    by_day: Mapping[str, ValuesByDay] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TableMeasured:
    """Measured numbers of a candidate table.

    ``duplicate_rows``: rows that share their key with another. ``date_span_days`` and ``undated_rows``
    (event_date 1900-01-01) are 0 without ``event_date``. ``keys``: None for a table without a key and for one
    with duplicates. ``too_long_values``: values of a computed table that are longer than their varchar.
    ``by_day``: ``rows`` by ``event_date``, undated rows excluded; of a gold table with one row a day, the
    columns that its rules judge by day. ``latest``: of a dataset that is read from files, the latest
    timestamp by which a row is dated, in UTC; None without any.
    """

    rows: int
    duplicate_rows: int
    duplicate_samples: tuple[str, ...]
    nulls: Mapping[str, int]  # by required column
    date_span_days: int
    undated_rows: int
    rows_by_file: Mapping[str, int]
    keys: DistinctKeys | None
    too_long_values: int = 0
    by_day: Mapping[str, ValuesByDay] = field(default_factory=dict)
    latest: datetime | None = None


def account(records: RecordsMeasured, table: TableMeasured, deduplicated: Mapping[str, int]) -> Accounting:
    """Return the outcomes of the rows of each file.

    Args:
        records: rows read and quarantined.
        table: rows of the candidate.
        deduplicated: by file, the valid rows that lost to another row with their key.
    """
    excluded, discarded = records.excluded_by_file, records.discarded_by_file
    keys = {*records.rows_by_file, *table.rows_by_file, *deduplicated, *excluded}
    files = []
    for key in sorted(keys, key=lambda key: key.encode("utf-8", "surrogatepass")):
        read, quarantined = records.rows_by_file.get(key, (0, 0))
        files.append(
            FileAccount(
                file=key,
                rows_read=read,
                rows_promoted=table.rows_by_file.get(key, 0),
                rows_quarantined=quarantined,
                rows_deduplicated=deduplicated.get(key, 0),
                rows_discarded=discarded.get(key, 0),
                rows_excluded=excluded.get(key, 0),
            )
        )
    return Accounting(tuple(files))


class UnknownColumns:
    """Counter of rows that hold unknown columns; counts of files and tasks can be added."""

    def __init__(self) -> None:
        self._rows = Counter[str]()
        self._files: dict[str, str] = {}

    def add(self, name: str, rows: int, file: str) -> None:
        """Add rows that hold a column; ``file`` is the least key of their files."""
        self._rows[name] += rows
        self._files[name] = min(file, self._files.get(name, file), key=key_order)

    def found(self) -> list[UnknownColumn]:
        """Return the columns in order of their names."""
        return [UnknownColumn(name, self._rows[name], self._files[name]) for name in sorted(self._rows)]
