"""Holds a finished lake and its `run --json` report against the oracle, and says where they differ."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from tests.oracle import gold
from tests.oracle.contract import DATASETS, HISTORY_COLUMNS, KEY
from tests.oracle.delimited import BOM
from tests.oracle.json_text import NotJson, compact_json, parse_json
from tests.oracle.oracle import Dataset, Expected, Rows

PathOf = Callable[[str], Path]  # `silver/events` -> the folder of its promoted version
_MOST_SHOWN = 15

_ARROW_TYPES = {
    "string": ("string", "large_string"),
    "int": ("int32",),
    "bigint": ("int64",),
    "double": ("double",),
    "decimal": ("decimal128(18, 4)",),
    "wide decimal": ("decimal128(38, 4)",),
    "timestamp": ("timestamp[us, tz=UTC]",),
    "date": ("date32[day]",),
    "boolean": ("bool",),
}
_TYPES_OF_NAMES = {
    "int": "age user_age year month day week_of_year",
    "bigint": (
        "events_count transactions_count transaction_count delivered_count event_count"
        " event_active_users tx_active_users total_active_users"
    ),
    "double": "temperature",
    "decimal": "amount price avg_amount avg_transaction_amount",
    "wide decimal": "total_revenue ltv",
    "timestamp": "ts updated_at created_at delivered_at valid_from valid_to first_event last_event",
    "date": "event_date date tx_date",
    "boolean": "is_current",
}


@dataclass(frozen=True)
class Difference:
    place: str
    key: str
    column: str
    expected: Any
    found: Any

    def __str__(self) -> str:
        where = " ".join(part for part in (self.place, self.key, self.column) if part)
        return f"{where}: expected {self.expected!r}, found {self.found!r}"


def compare(
    lake: Path, report: dict[str, Any], expected: Expected, path_of: PathOf, raw: Path | None = None
) -> list[Difference]:
    """All differences, the report's first. `raw` is where RAW lies, `<lake>/raw` unless told."""
    raw = raw or lake / "raw"
    differences = [*_report_differences(report, expected)]
    if expected.verdicts["raw_to_bronze"] == "block":
        return differences
    for name in DATASETS:
        dataset = expected.datasets[name]
        differences += _file_differences(lake, raw, name, dataset)
        differences += _quarantine_differences(lake, name, dataset, report["run_id"])
        differences += _account_differences(lake, name, dataset, report["run_id"])
        if expected.verdicts["bronze_to_silver"] != "block":
            differences += _silver_differences(path_of(f"silver/{name}"), name, dataset)
    if expected.verdicts["bronze_to_silver"] != "block":
        history = path_of("silver/users_history")
        differences += _table_differences(history, "users_history", HISTORY_COLUMNS, expected.users_history)
        for table, columns in gold.COLUMNS.items():
            folder = path_of(f"gold/{table}")
            differences += _table_differences(folder, table, columns, expected.gold[table])
    return differences


# --- the report --------------------------------------------------------------------------------------------


def _report_differences(report: dict[str, Any], expected: Expected) -> Iterator[Difference]:
    yield from _differ("run", "", "verdict", expected.verdict, report.get("verdict"))
    transitions = {t["name"]: t for t in report["transitions"]}
    for name, verdict in expected.verdicts.items():
        found = transitions.get(name, {})
        yield from _differ(name, "", "verdict", verdict, found.get("verdict"))
        entries = {entry["dataset"]: entry for entry in found.get("datasets", [])}
        if name == "raw_to_bronze":
            for dataset in DATASETS:
                yield from _bronze_entry_differences(
                    entries.get(dataset, {}), expected.datasets[dataset], dataset
                )
        if name == "bronze_to_silver":
            for dataset in DATASETS:
                yield from _silver_entry_differences(
                    entries.get(dataset, {}), expected.datasets[dataset], dataset
                )
        if name == "silver_to_gold":
            for table in gold.COLUMNS:
                entry = entries.get(table, {})
                place = f"report {table}"
                yield from _differ(place, "", "verdict", expected.gold_verdicts[table], entry.get("verdict"))
                yield from _differ(
                    place, "", "rows_promoted", len(expected.gold[table]), entry.get("rows_promoted")
                )


def _bronze_entry_differences(entry: dict[str, Any], expected: Dataset, name: str) -> Iterator[Difference]:
    place = f"report raw_to_bronze/{name}"
    files = entry.get("files", {})
    yield from _differ(place, "", "verdict", expected.bronze_verdict, entry.get("verdict"))
    yield from _differ(place, "files", "valid", len(expected.files.valid), files.get("valid"))
    yield from _differ(
        place, "files", "without_rows", len(expected.files.without_rows), files.get("without_rows", 0)
    )
    yield from _differ(place, "files", "ignored", len(expected.files.ignored), files.get("ignored"))
    reasons = {reason: len(keys) for reason, keys in expected.files.quarantined.items()}
    yield from _differ(place, "files", "quarantined", reasons, _without_zeros(files.get("quarantined")))


def _silver_entry_differences(entry: dict[str, Any], expected: Dataset, name: str) -> Iterator[Difference]:
    place = f"report bronze_to_silver/{name}"
    numbers: dict[str, Any] = {
        "verdict": expected.silver_verdict,
        "rows_read": expected.rows_read,
        "rows_excluded": expected.rows_excluded,
        "rows_quarantined": len(expected.quarantined),
    }
    if expected.silver_verdict != "block":
        numbers["rows_promoted"] = len(expected.silver_rows)
        numbers["rows_deduplicated"] = expected.rows_deduplicated
        numbers["rows_conflicting"] = expected.rows_conflicting
    for field, value in numbers.items():
        is_left_out = value == 0 and field in ("rows_excluded", "rows_conflicting")
        yield from _differ(place, "", field, value, entry.get(field, 0 if is_left_out else None))
    yield from _differ(
        place, "", "rows_by_rule", expected.rows_by_rule, _without_zeros(entry.get("rows_by_rule"))
    )
    yield from _differ(
        place, "", "rows_warned", expected.rows_warned, _without_zeros(entry.get("rows_warned"))
    )
    yield from _differ(place, "", "failed", sorted(expected.failed), sorted(entry.get("failed") or []))


def _differ(place: str, key: str, column: str, expected: Any, found: Any) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in sorted(expected.keys() | found.keys()):
            yield from _differ(place, column, name, expected.get(name, 0), found.get(name, 0))
    elif expected != found:
        yield Difference(place, key, column, expected, found)


def _without_zeros(counts: dict[str, int] | None) -> dict[str, int]:
    return {name: count for name, count in (counts or {}).items() if count}


# --- files -------------------------------------------------------------------------------------------------


def _file_differences(lake: Path, raw: Path, name: str, expected: Dataset) -> Iterator[Difference]:
    for key in expected.files.valid:
        copy = lake / "bronze" / name / key
        found = "missing" if not copy.is_file() else copy.read_bytes() == (raw / name / key).read_bytes()
        yield from _differ(f"bronze/{name}", key, "is a true copy", True, found)
    for reason, keys in expected.files.quarantined.items():
        for key in keys:
            if (lake / "bronze" / name / key).exists():
                yield Difference(f"bronze/{name}", key, "", f"rejected: {reason}", "valid")
            copy = lake / "quarantine" / "files" / name / key
            note = copy.with_name(f"{copy.name}.reason.json")
            if not copy.is_file() or not note.is_file():
                yield Difference(
                    f"quarantine/files/{name}", key, "", f"{reason}, a copy and its reason", "missing"
                )
            elif reason not in note.read_text():
                yield Difference(f"quarantine/files/{name}", key, "reason", reason, note.read_text())
    for key in expected.files.ignored:
        if (lake / "bronze" / name / key).exists():
            yield Difference(f"bronze/{name}", key, "", "ignored", "valid")


# --- accounting by file ------------------------------------------------------------------------------------


def _account_differences(lake: Path, name: str, expected: Dataset, run_id: str) -> Iterator[Difference]:
    published = json.loads((lake / "metrics" / run_id / "bronze_to_silver" / f"{name}.json").read_text())
    found = {entry["file"]: entry for entry in published["files"]}
    quarantined = Counter(row.source_file for row in expected.quarantined)
    for key in expected.files.valid:
        promoted = expected.rows_promoted_by_file.get(key, 0)
        deduplicated = expected.rows_deduplicated_by_file.get(key, 0)
        numbers = {
            "rows_read": promoted + deduplicated + quarantined[key],
            "rows_promoted": promoted,
            "rows_quarantined": quarantined[key],
            "rows_deduplicated": deduplicated,
            "rows_excluded": expected.rows_excluded_by_file.get(key, 0),
        }
        entry = found.pop(key, {})
        for number, value in numbers.items():
            yield from _differ(f"metrics {name}", key, number, value, entry.get(number, 0))
    for key in found:
        yield Difference(f"metrics {name}", key, "", "no such file", found[key])


# --- quarantined rows --------------------------------------------------------------------------------------


def _quarantine_differences(lake: Path, name: str, expected: Dataset, run_id: str) -> Iterator[Difference]:
    place = f"quarantine/rows/{name}"
    rows = _read_rows(lake / "quarantine" / "rows" / name / run_id)
    for row in rows:
        if row["run_id"] != run_id or row["dataset"] != name or not row["contract_version"]:
            yield Difference(
                place, row["source_file"], "run_id, dataset, contract_version", (run_id, name), row
            )
        if list(row["failed_rules"]) != sorted(row["failed_rules"]):
            yield Difference(place, row["source_file"], "failed_rules", "sorted", row["failed_rules"])
    wanted = Counter(
        (q.source_file, _same_raw(q.source_file, q.raw), q.failed_rules) for q in expected.quarantined
    )
    got = Counter(
        (r["source_file"], _same_raw(r["source_file"], r["raw"]), tuple(r["failed_rules"])) for r in rows
    )
    missing: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for file, raw, rules in (wanted - got).elements():
        missing[file, raw].append(rules)
    for file, raw, rules in (got - wanted).elements():
        twins = missing.get((file, raw))
        yield Difference(
            place, f"{file} {raw!r}", "failed_rules", twins.pop() if twins else "no such row", rules
        )
    for (file, raw), left in missing.items():
        for rules in left:
            yield Difference(place, f"{file} {raw!r}", "failed_rules", rules, "no such row")


def _same_raw(file: str, raw: str) -> str:
    """Two raws of one record are equal after this: JSON may be spelled anew, a line may keep its end."""
    if file.lower().endswith(".parquet"):
        texts = {name: value for name, value in json.loads(raw).items() if value not in _NO_VALUES}
        return repr(sorted((name, _if_word(value)) for name, value in texts.items()))
    try:
        return compact_json(parse_json(raw.lstrip(BOM)))
    except NotJson:
        return raw.lstrip(BOM).strip("\r\n")


_NO_VALUES = (None, "NaN", "Infinity", "-Infinity")


def _if_word(value: Any) -> str:
    """Numbers, instants and nested values have many spellings; words have one."""
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return text if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w@. ]*", text) else "*"


# --- rows --------------------------------------------------------------------------------------------------


def _silver_differences(folder: Path, name: str, expected: Dataset) -> Iterator[Difference]:
    columns = (*expected.columns, "_extra", "_source_file")
    yield from _schema_differences(folder, name, columns)
    found = []
    for row in _read_rows(folder):
        extra = row.get("_extra")
        parsed = None if extra is None else json.loads(extra)
        if parsed is not None and list(parsed) != sorted(parsed):
            yield Difference(name, str(row[KEY[name]]), "_extra", "keys in sorted order", extra)
        found.append(tuple(parsed if c == "_extra" else row.get(c) for c in (*columns, "event_date")))
    yield from _row_differences(name, (*columns, "event_date"), 1, expected.silver_rows, found)


def _table_differences(
    folder: Path, name: str, columns: Sequence[str], expected: Rows
) -> Iterator[Difference]:
    yield from _schema_differences(folder, name, columns)
    found = [tuple(row.get(column) for column in columns) for row in _read_rows(folder)]
    key = {"users_history": 7, "fact_user_activity": 2}.get(name, 1)
    yield from _row_differences(name, columns, key, expected, found)


def _schema_differences(folder: Path, name: str, columns: Sequence[str]) -> Iterator[Difference]:
    types = {column: type_ for type_, names in _TYPES_OF_NAMES.items() for column in names.split()}
    for path in _parquet_files(folder)[:1]:
        schema = pq.ParquetFile(path).schema_arrow
        partition = [] if "event_date" in columns else ["event_date"]
        found = [column for column in schema.names if column not in partition]
        yield from _differ(name, "schema", "columns", list(columns), found)
        for field in schema:
            wanted = _ARROW_TYPES[types.get(field.name, "string")]
            if str(field.type) not in wanted:
                yield Difference(name, "schema", field.name, wanted[0], str(field.type))


def _row_differences(
    name: str, columns: Sequence[str], key_width: int, expected: Rows, found: Rows
) -> Iterator[Difference]:
    """As multisets, reported by key and, where a key has one row on each side, by column."""
    wanted, got = _by_key(expected, key_width), _by_key(found, key_width)
    shown = 0
    for key in sorted(wanted.keys() | got.keys(), key=repr):
        left = Counter(map(_comparable, wanted[key])), Counter(map(_comparable, got[key]))
        missing, surplus = list((left[0] - left[1]).elements()), list((left[1] - left[0]).elements())
        if not missing and not surplus:
            continue
        shown += 1
        if shown > _MOST_SHOWN:
            yield Difference(name, "and more keys", "", "", "")
            return
        if len(missing) == len(surplus) == 1:
            for column, e, f in zip(columns, missing[0], surplus[0], strict=True):
                if e != f:
                    yield Difference(name, str(key), column, e, f)
        else:
            yield from (Difference(name, str(key), "", row, "no such row") for row in missing)
            yield from (Difference(name, str(key), "", "no such row", row) for row in surplus)


def _by_key(rows: Iterable[tuple[Any, ...]], width: int) -> dict[Any, Rows]:
    groups: dict[Any, Rows] = defaultdict(list)
    for row in rows:
        groups[tuple(map(str, row[:width]))].append(row)
    return groups


def _comparable(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(json.dumps(v, ensure_ascii=False) if isinstance(v, dict) else v for v in row)


def _parquet_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith((".", "_")))


def _read_rows(folder: Path) -> list[dict[str, Any]]:
    rows = []
    for path in _parquet_files(folder):
        partition = {}
        for part in path.relative_to(folder).parts[:-1]:
            name, _, value = part.partition("=")
            partition[name] = date.fromisoformat(value)
        for row in pq.ParquetFile(path).read().to_pylist():
            rows.append({**{name: _in_utc(value) for name, value in row.items()}, **partition})
    return rows


def _in_utc(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
