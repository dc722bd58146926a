"""Section 4: cleaned rows, row rules, deduplication, the users' two histories, accounting and table rules."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.oracle.contract import (
    COLUMNS,
    DROPPED,
    HISTORY_COLUMNS,
    KEY,
    MAX_DATE_SPAN_DAYS,
    MAX_QUARANTINE_RATIO,
    STATUSES,
    USER_ATTRIBUTES,
)
from tests.oracle.files import File, plain_name, records_of
from tests.oracle.names import contract_column, normalise
from tests.oracle.records import Cell, Members, Record, json_cell
from tests.oracle.sources import Computed, Source
from tests.oracle.values import (
    Moment,
    Number,
    Uncastable,
    clean,
    clean_country,
    clean_status,
    is_email,
    is_not_finite,
    is_null_word,
    to_decimal,
    to_double,
    to_int,
    to_moment,
)

FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
NO_DATE = date(1900, 1, 1)


@dataclass(frozen=True)
class Row:
    """A record after cleaning. `values` follows the contract's columns; a malformed row has none of them."""

    dataset: str
    file: str
    raw: str
    is_malformed: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] | None = None
    uncastable: frozenset[str] = frozenset()
    date_only: frozenset[str] = frozenset()
    currency: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> tuple[Any, ...]:
        return tuple(self.values[column.name] for column in COLUMNS[self.dataset])

    @property
    def extra_text(self) -> str | None:
        return (
            None if self.extra is None else json.dumps(self.extra, ensure_ascii=False, separators=(",", ":"))
        )


# --- 4.1 and 4.2: from a record to a row -------------------------------------------------------------------


def clean_record(record: Record, file: File) -> Row:
    if record.cells is None:
        return Row(file.dataset, file.key, record.raw, is_malformed=True)
    candidates, unknown = _assign(record.cells, file)
    values: dict[str, Any] = {}
    uncastable: set[str] = set()
    date_only: set[str] = set()
    currency: dict[str, str] = {}
    for column in COLUMNS[file.dataset]:
        value = _first_value(candidates[column.name], column.name, column.type, file.source)
        match value:
            case Uncastable():
                uncastable.add(column.name)
                value = None
            case Moment(instant, is_date_only):
                value = instant
                if is_date_only:
                    date_only.add(column.name)
            case Number(number, sign):
                value = number
                if sign is not None:
                    currency[column.name] = sign
        values[column.name] = value
    return Row(
        file.dataset,
        file.key,
        record.raw,
        values=values,
        extra=_extra(unknown),
        uncastable=frozenset(uncastable),
        date_only=frozenset(date_only),
        currency=currency,
    )


def _assign(
    cells: Sequence[tuple[str, Cell]], file: File
) -> tuple[dict[str, list[Cell]], list[tuple[str, Cell]]]:
    """Which cells may feed a contract column, in file order, and those that are unknown."""
    listed = file.source.columns
    is_listed = file.source.listed
    candidates: dict[str, list[Cell]] = defaultdict(list)
    unknown = []
    names = {plain_name(name) for name, _ in cells}
    for name, cell in cells:
        column = contract_column(file.dataset, name)
        fed = [c for c, spec in listed.items() if spec == plain_name(name)]
        for c in fed:
            candidates[c].append(cell)
        if fed or normalise(name) in DROPPED:
            continue
        if column is not None and column not in is_listed:
            candidates[column].append(cell)
        else:
            unknown.append((name, cell))
    for column, spec in listed.items():
        if spec not in names and "." in spec:
            candidates[column] += _at_path(cells, spec)
    for column, computed in file.source.computed.items():
        candidates[column].append(_computed(computed, cells, file))
    return candidates, unknown


def _computed(computed: Computed, cells: Sequence[tuple[str, Cell]], file: File) -> Cell:
    texts = {"_source_file": file.key}
    for name, cell in cells:
        if cell.text is not None:
            texts.setdefault(plain_name(name), cell.text)
    try:
        return computed.function(*(texts.get(name) for name in computed.inputs)) or Cell(None)
    except ValueError:
        return Cell("", is_failed=True)


def _at_path(cells: Sequence[tuple[str, Cell]], path: str) -> list[Cell]:
    first, *rest = path.split(".")
    for name, cell in cells:
        if plain_name(name) != first:
            continue
        node = cell.node
        for step in rest:
            node = dict(node).get(step) if isinstance(node, Members) else None
        return [json_cell(node)]
    return []


def _first_value(cells: Iterable[Cell], column: str, type_: str, source: Source) -> Any:
    """The first that is not null; an uncastable value is not null."""
    for cell in cells:
        value = _value(cell, column, type_, source)
        if value is not None:
            return value
    return None


def _value(cell: Cell, column: str, type_: str, source: Source) -> Any:
    if cell.is_failed:
        return Uncastable(column)
    if cell.text is None:
        return None
    text = clean(cell.text)
    if is_null_word(text, column):
        return None
    mark, order, zone = source.decimal_mark, source.date_order, source.timezone
    if cell.is_typed:
        mark, order, zone = ".", "MDY", "UTC"
    if type_ in ("int", "decimal", "double") and is_not_finite(text):
        return None
    match type_:
        case "int":
            return to_int(text, mark)
        case "decimal":
            return to_decimal(text, mark)
        case "double":
            return to_double(text, mark)
        case "timestamp":
            return cell.moment or to_moment(text, order, zone)
    if column == "status":
        return clean_status(text)
    return clean_country(text) if column == "country" else text


def _extra(unknown: Sequence[tuple[str, Cell]]) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for name, cell in unknown:
        text = None if cell.text is None else clean(cell.text)
        if text is not None and not is_null_word(text):
            found.setdefault(normalise(name), text)
    return dict(sorted(found.items())) or None


# --- 4.3: row rules ----------------------------------------------------------------------------------------


def failed_rules(row: Row, as_of: datetime) -> list[str]:
    """The error rules that a row breaks, sorted."""
    if row.is_malformed:
        return ["malformed"]
    rules = [f"{column}_uncastable" for column in row.uncastable]
    values = row.values
    for column in COLUMNS[row.dataset]:
        value = values[column.name]
        if column.is_required and value is None and column.name not in row.uncastable:
            rules.append(f"{column.name}_required")
        is_moment = column.type == "timestamp" and value is not None
        if is_moment and not FIRST_INSTANT <= value <= as_of + timedelta(hours=24):
            rules.append(f"{column.name}_impossible")
    if values["age"] is not None and not 0 <= values["age"] <= 120:
        rules.append("age_range")
    if row.dataset == "transactions":
        if values["amount"] is not None and values["amount"] < 0:
            rules.append("amount_negative")
        if _is_delivered_before_creation(row):
            rules.append("delivery_before_creation")
    return sorted(rules)


def _is_delivered_before_creation(row: Row) -> bool:
    delivered, created = row.values["delivered_at"], row.values["created_at"]
    if delivered is None or created is None:
        return False
    if row.date_only & {"delivered_at", "created_at"}:
        return bool(delivered.date() < created.date())
    return bool(delivered < created)


def warned_rules(row: Row) -> list[str]:
    """The warn rules that a valid row breaks."""
    values = row.values
    rules = []
    if values["email"] is not None and not is_email(values["email"]):
        rules.append("email_format")
    if row.dataset == "transactions" and values["status"] is not None and values["status"] not in STATUSES:
        rules.append("status_known")
    if row.dataset == "events":
        rules += [f"{c}_negative" for c in ("price", "amount") if values[c] is not None and values[c] < 0]
    return rules


# --- 4.4: deduplication and the users ----------------------------------------------------------------------


def _order(value: Any) -> tuple[bool, Any]:
    """Null is least; strings by code point (as Python does), others by value."""
    return (value is not None, 0 if value is None else value)


def _tie_rule(row: Row) -> tuple[Any, ...]:
    return (row.file.encode(), *map(_order, row.content), _order(row.extra_text))


def _rank(row: Row) -> tuple[Any, ...]:
    instants = {"events": ("ts",), "transactions": ("created_at", "delivered_at"), "users": ("updated_at",)}
    return (*(_order(row.values[column]) for column in instants[row.dataset]), _tie_rule(row))


def _by_key(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each key, the greatest last."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.values[KEY[row.dataset]]].append(row)
    return [sorted(groups[key], key=_rank) for key in sorted(groups)]


def current_rows(rows: Iterable[Row]) -> list[Row]:
    """One row a key: the latest; a user's attributes are each the latest that is not null (SCD type 1)."""
    current = []
    for group in _by_key(rows):
        latest = group[-1]
        values = dict(latest.values)
        if latest.dataset == "users":
            for attribute in USER_ATTRIBUTES:
                known = [row.values[attribute] for row in group if row.values[attribute] is not None]
                values[attribute] = known[-1] if known else None
        current.append(Row(latest.dataset, latest.file, latest.raw, values=values, extra=latest.extra))
    return current


def users_history(rows: Iterable[Row]) -> list[tuple[Any, ...]]:
    """SCD type 2, in the order of HISTORY_COLUMNS."""
    history: list[dict[str, Any]] = []
    for group in _by_key(rows):
        state: dict[str, Any] = dict.fromkeys(USER_ATTRIBUTES)
        states: dict[datetime | None, dict[str, Any]] = {}  # the last state of each instant, in order
        for row in group:
            state = {a: state[a] if row.values[a] is None else row.values[a] for a in USER_ATTRIBUTES}
            states[row.values["updated_at"]] = state
        versions: list[dict[str, Any]] = []
        for instant, found in states.items():
            if versions and all(versions[-1][a] == found[a] for a in USER_ATTRIBUTES):
                continue
            valid_from = instant or datetime(1900, 1, 1, tzinfo=UTC)
            if versions:
                versions[-1] |= {"valid_to": valid_from, "is_current": False}
            user = group[0].values["user_id"]
            versions.append(
                {"user_id": user, **found, "valid_from": valid_from, "valid_to": None, "is_current": True}
            )
        history += versions
    return [tuple(version[column] for column in HISTORY_COLUMNS) for version in history]


def event_date(row: Row) -> date:
    column = {"events": "ts", "transactions": "created_at", "users": "updated_at"}[row.dataset]
    instant = row.values[column]
    return NO_DATE if instant is None else instant.date()


# --- the whole ---------------------------------------------------------------------------------------------


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

    @property
    def rows_deduplicated(self) -> int:
        return self.rows_read - self.rows_promoted - self.rows_quarantined


@dataclass(frozen=True)
class Silver:
    """What bronze_to_silver makes of one dataset; `current` would be promoted if nothing blocks."""

    dataset: str
    rows_read: int
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
    for file in files:
        for record in records_of(file):
            row = clean_record(record, file)
            read[file.key] += 1
            rules = failed_rules(row, as_of)
            if rules:
                quarantined.append(Quarantined(file.key, record.raw, tuple(rules)))
            else:
                valid.append(row)
    current = current_rows(valid)
    promoted_by_file = Counter(row.file for row in current)
    quarantined_by_file = Counter(row.source_file for row in quarantined)
    by_file = {
        file.key: FileAccount(read[file.key], promoted_by_file[file.key], quarantined_by_file[file.key])
        for file in files
    }
    rows_warned = Counter(rule for row in valid for rule in warned_rules(row))
    errors, warnings = _table_rules(sum(read.values()), len(quarantined), valid, current)
    is_warned = bool(warnings or rows_warned or quarantined)
    return Silver(
        dataset,
        sum(read.values()),
        tuple(valid),
        tuple(current),
        tuple(quarantined),
        dict(Counter(rule for row in quarantined for rule in row.failed_rules)),
        dict(rows_warned),
        by_file,
        tuple(sorted(errors + warnings)),
        "block" if errors else "warn" if is_warned else "pass",
    )


def _table_rules(
    rows_read: int, rows_quarantined: int, valid: Sequence[Row], current: Sequence[Row]
) -> tuple[list[str], list[str]]:
    """The table rules that can break on a first run: errors, warnings."""
    errors, warnings = [], []
    if not current:
        errors.append("strict_fail")
    if rows_read and Decimal(rows_quarantined) / rows_read > Decimal(str(MAX_QUARANTINE_RATIO)):
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
