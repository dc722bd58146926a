"""What a run over a RAW zone must come to, by the specification alone."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.oracle.contract import DATASETS, SHIPPED, Contract, Contracts
from tests.oracle.current import event_date, users_history
from tests.oracle.files import Accepted, File, look_at_files, records_of, unreadable_columns
from tests.oracle.gold import gold_verdicts, make_gold
from tests.oracle.silver import Quarantined, Silver, refine
from tests.oracle.sources import Sources

Rows = list[tuple[Any, ...]]
_WORST_LAST = ("pass", "warn", "block")


@dataclass(frozen=True)
class Files:
    """The keys of a dataset's files. `without_rows` is a part of `valid`."""

    valid: tuple[str, ...]
    without_rows: tuple[str, ...]
    ignored: tuple[str, ...]
    unreadable: dict[str, list[str]]  # accepted before, but required columns of a new contract have no source
    quarantined: dict[str, tuple[str, ...]]  # reason: keys


@dataclass(frozen=True)
class Dataset:
    """`silver_rows`: the contract's columns, `_extra` (dict or None), `_source_file`, event_date."""

    files: Files
    columns: tuple[str, ...]
    rows_read: int
    rows_excluded: int
    rows_conflicting: int
    rows_excluded_by_file: dict[str, int]
    rows_deduplicated: int
    rows_deduplicated_by_file: dict[str, int]
    rows_promoted_by_file: dict[str, int]
    quarantined: tuple[Quarantined, ...]
    rows_by_rule: dict[str, int]
    rows_warned: dict[str, int]
    silver_rows: Rows
    failed: tuple[str, ...]
    silver_verdict: str
    bronze_verdict: str


@dataclass(frozen=True)
class Expected:
    """`gold` and `users_history` are what would be promoted: a block keeps them from it."""

    as_of: datetime
    datasets: dict[str, Dataset]
    users_history: Rows
    gold: dict[str, Rows]
    gold_verdicts: dict[str, str]
    verdicts: dict[str, str]  # by transition
    verdict: str


def expected(
    raw_dir: Path,
    as_of: datetime,
    sources: Sources | None = None,
    contracts: Contracts = SHIPPED,
    accepted: Mapping[str, Accepted] | None = None,
) -> Expected:
    """`accepted`: by dataset, the files that an earlier run accepted; what was learned of them holds."""
    files = {
        dataset: look_at_files(raw_dir, dataset, sources, contracts, (accepted or {}).get(dataset))
        for dataset in DATASETS
    }
    silver = {
        dataset: refine(dataset, [file for file in files[dataset] if file.is_valid], as_of)
        for dataset in DATASETS
    }
    datasets = {
        dataset: _dataset(
            contracts[dataset], files[dataset], silver[dataset], (accepted or {}).get(dataset, {})
        )
        for dataset in DATASETS
    }
    gold = make_gold(*(silver[dataset].current for dataset in DATASETS))
    table_verdicts = gold_verdicts(gold, as_of)
    verdicts = {"raw_to_bronze": _worst(dataset.bronze_verdict for dataset in datasets.values())}
    if verdicts["raw_to_bronze"] != "block":
        verdicts["bronze_to_silver"] = _worst(dataset.silver_verdict for dataset in datasets.values())
    if verdicts.get("bronze_to_silver", "block") != "block":
        verdicts["silver_to_gold"] = _worst(table_verdicts.values())
        verdicts["gold_to_redshift"] = "pass"
    return Expected(
        as_of,
        datasets,
        users_history(silver["users"].valid),
        gold,
        table_verdicts,
        verdicts,
        _worst(verdicts.values()),
    )


def _worst(verdicts: Any) -> str:
    return max(verdicts, key=_WORST_LAST.index)


def _dataset(
    contract: Contract, files: list[File], silver: Silver, accepted: Mapping[str, Accepted]
) -> Dataset:
    rejected: dict[str, list[str]] = defaultdict(list)
    for file in files:
        if file.reason is not None:
            rejected[file.reason].append(file.key)
    valid = [file for file in files if file.is_valid]
    before = [file for file in valid if file.key in accepted]
    unreadable = {file.key: unreadable_columns(file) for file in before if unreadable_columns(file)}
    rows = [
        (
            *(row.values[column.name] for column in row.contract.columns),
            row.extra,
            row.file,
            event_date(row),
        )
        for row in silver.current
    ]
    return Dataset(
        files=Files(
            tuple(file.key for file in valid),
            tuple(file.key for file in valid if not records_of(file)),
            tuple(file.key for file in files if file.is_ignored),
            unreadable,
            {reason: tuple(keys) for reason, keys in rejected.items()},
        ),
        columns=tuple(column.name for column in contract.columns),
        rows_read=silver.rows_read,
        rows_excluded=silver.rows_excluded,
        rows_conflicting=silver.rows_conflicting,
        rows_excluded_by_file={key: a.rows_excluded for key, a in silver.by_file.items() if a.rows_excluded},
        rows_deduplicated=silver.rows_deduplicated,
        rows_deduplicated_by_file={key: a.rows_deduplicated for key, a in silver.by_file.items()},
        rows_promoted_by_file=dict(Counter(row.file for row in silver.current)),
        quarantined=silver.quarantined,
        rows_by_rule=silver.rows_by_rule,
        rows_warned=silver.rows_warned,
        silver_rows=rows,
        failed=silver.failed,
        silver_verdict=silver.verdict,
        bronze_verdict="block" if unreadable else "warn" if rejected else "pass",
    )
