"""Section 4 as a whole: what becomes of the files of one dataset, with accounting and table rules."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.oracle.cleaning import Row, rows_of
from tests.oracle.contract import MAX_CONFLICTING_RATIO, MAX_DATE_SPAN_DAYS, MAX_QUARANTINE_RATIO
from tests.oracle.current import NO_DATE, conflicting_rows, current_rows, dated_at, event_date
from tests.oracle.days import days_out_of_line, is_late
from tests.oracle.files import File, names_of
from tests.oracle.row_rules import failed_rules, warned_rules
from tests.oracle.sources import Source, has_column


@dataclass(frozen=True)
class Quarantined:
    source_file: str
    raw: str
    failed_rules: tuple[str, ...]


@dataclass(frozen=True)
class FileAccount:
    rows_read: int
    rows_promoted: int
    rows_quarantined: int
    rows_excluded: int  # no part of rows_read

    @property
    def rows_deduplicated(self) -> int:
        return self.rows_read - self.rows_promoted - self.rows_quarantined


@dataclass(frozen=True)
class Silver:
    """What bronze_to_silver makes of one dataset; `current` would be promoted if nothing blocks."""

    dataset: str
    rows_read: int
    rows_excluded: int
    rows_conflicting: int
    valid: tuple[Row, ...]
    current: tuple[Row, ...]
    quarantined: tuple[Quarantined, ...]
    rows_by_rule: dict[str, int]
    rows_warned: dict[str, int]
    by_file: dict[str, FileAccount]
    failed: tuple[str, ...]
    verdict: str

    @property
    def rows_deduplicated(self) -> int:
        return len(self.valid) - len(self.current)


def refine(dataset: str, files: Sequence[File], as_of: datetime) -> Silver:
    valid: list[Row] = []
    quarantined: list[Quarantined] = []
    read: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    for file in files:
        for row in rows_of(file):
            if row is None:
                excluded[file.key] += 1
                continue
            read[file.key] += 1
            rules = failed_rules(row, as_of)
            if rules:
                quarantined.append(Quarantined(file.key, row.raw, tuple(rules)))
            else:
                valid.append(row)
    current = current_rows(valid)
    rows_conflicting = len(conflicting_rows(valid))
    promoted_by_file = Counter(row.file for row in current)
    quarantined_by_file = Counter(row.source_file for row in quarantined)
    by_file = {
        file.key: FileAccount(
            read[file.key],
            promoted_by_file[file.key],
            quarantined_by_file[file.key],
            excluded[file.key],
        )
        for file in files
    }
    rows_warned = Counter(rule for row in valid for rule in warned_rules(row))
    rows_read = sum(read.values())
    errors, warnings = _table_rules(rows_read, len(quarantined), valid, current)
    if _is_above(rows_conflicting, MAX_CONFLICTING_RATIO, rows_read):
        warnings.append("duplicates_conflicting")
    warnings += _clock_rules(dataset, current, as_of)
    if missing_source_columns(files):
        warnings.append("source_column_missing")
    is_warned = bool(warnings or rows_warned or quarantined)
    return Silver(
        dataset,
        rows_read,
        sum(excluded.values()),
        rows_conflicting,
        tuple(valid),
        tuple(current),
        tuple(quarantined),
        dict(Counter(rule for row in quarantined for rule in row.failed_rules)),
        dict(rows_warned),
        by_file,
        tuple(sorted(errors + warnings)),
        "block" if errors else "warn" if is_warned else "pass",
    )


def missing_source_columns(files: Sequence[File]) -> dict[str, list[str]]:
    """By the glob of a source that has files: the names that it uses and that none of them has."""
    names: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, Source] = {}
    for file in files:
        sources[file.source.glob] = file.source
        names[file.source.glob] |= names_of(file)
    missing = {
        glob: sorted(spec for spec in source.named if not has_column(names[glob], spec))
        for glob, source in sources.items()
    }
    return {glob: specs for glob, specs in missing.items() if specs}


def _is_above(part: int, ratio: float, whole: int) -> bool:
    return bool(whole) and Decimal(part) / whole > Decimal(str(ratio))


def _clock_rules(dataset: str, current: Sequence[Row], as_of: datetime) -> list[str]:
    """The table rules that look at the clock; they only warn."""
    rows_by_day = Counter(event_date(row) for row in current)
    del rows_by_day[NO_DATE]
    is_volume_odd = dataset != "users" and days_out_of_line(rows_by_day, as_of)
    is_feed_late = is_late([dated_at(row) for row in current], as_of)
    return [*(["volume_by_day"] if is_volume_odd else []), *(["freshness"] if is_feed_late else [])]


def _table_rules(
    rows_read: int, rows_quarantined: int, valid: Sequence[Row], current: Sequence[Row]
) -> tuple[list[str], list[str]]:
    """The table rules that can break on a first run: errors, warnings."""
    errors, warnings = [], []
    if not current:
        errors.append("strict_fail")
    if _is_above(rows_quarantined, MAX_QUARANTINE_RATIO, rows_read):
        errors.append("quarantine_ratio")
    dates = [event_date(row) for row in current if event_date(row) != NO_DATE]
    if dates and (max(dates) - min(dates)).days > MAX_DATE_SPAN_DAYS:
        warnings.append("date_span")
    currencies: dict[str, set[str]] = defaultdict(set)
    for row in valid:
        for column, currency in row.currency.items():
            currencies[column].add(currency)
    if any(len(found) > 1 for found in currencies.values()):
        warnings.append("currency_mixed")
    return errors, warnings
