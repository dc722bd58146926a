"""What random dialect texts must come to: `dialect_case` for one, `make_dialects` for many in one lake."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.oracle.contract import COLUMNS, DATASETS
from tests.oracle.mess_dialects import DialectFile, random_dialect_file
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import Dataset, Rows, expected
from tests.oracle.silver import Quarantined
from tests.oracle.sources import Sources


@dataclass(frozen=True)
class FileCount:
    """What becomes of one file: the reason of its rejection, or the numbers of its rows."""

    reason: str | None = None
    rows_read: int = 0
    rows_promoted: int = 0
    rows_quarantined: int = 0
    rows_deduplicated: int = 0
    rows_excluded: int = 0


@dataclass(frozen=True)
class DialectCase:
    """`silver_rows` as in `oracle.Dataset`: the contract's columns, `_extra`, `_source_file`, event_date."""

    seed: int
    dataset: str
    files: dict[str, bytes]
    sources: Sources
    entries: list[dict[str, Any]]  # the sources as a contract lists them
    silver_rows: Rows
    quarantined: tuple[Quarantined, ...]
    counts: dict[str, FileCount]


def dialect_file(seed: int) -> DialectFile:
    return random_dialect_file(Random(seed), f"d{seed}")


def dialect_case(seed: int) -> DialectCase:
    """One file, its source and the oracle's answer, by a seed."""
    file = dialect_file(seed)
    sources = _sources([file])
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), file)
        found = expected(Path(folder), AS_OF, sources).datasets[file.dataset]
    return DialectCase(
        seed,
        file.dataset,
        {file.key: file.content},
        sources,
        [file.entry] if file.entry else [],
        found.silver_rows,
        found.quarantined,
        counts_by_file(found),
    )


def counts_by_file(dataset: Dataset) -> dict[str, FileCount]:
    counts = {key: FileCount(reason) for reason, keys in dataset.files.quarantined.items() for key in keys}
    for key in dataset.files.valid:
        promoted = dataset.rows_promoted_by_file.get(key, 0)
        quarantined = sum(row.source_file == key for row in dataset.quarantined)
        deduplicated = dataset.rows_deduplicated_by_file.get(key, 0)
        excluded = dataset.rows_excluded_by_file.get(key, 0)
        read = promoted + quarantined + deduplicated
        counts[key] = FileCount(None, read, promoted, quarantined, deduplicated, excluded)
    return counts


def make_dialects(raw: Path, seeds: Iterable[int], *, rows_a_seed: int = 6) -> Sources:
    """Writes the files of many seeds and returns their sources. A steady file keeps every ratio low."""
    files = [dialect_file(seed) for seed in seeds]
    for file in files:
        _write(raw, file)
    for dataset in DATASETS:
        names = [column.name for column in COLUMNS[dataset] if column.is_required]
        values = {"ts": "2024-01-01", "created_at": "2024-01-01", "amount": "1"}
        rows = [
            ",".join(values.get(name, f"steady-{number}") for name in names)
            for number in range(max(10, rows_a_seed * len(files)))
        ]
        path = raw / dataset / "steady.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([",".join(names), *rows]) + "\n")
    return _sources(files)


def _sources(files: Iterable[DialectFile]) -> Sources:
    return {
        dataset: [file.source for file in files if file.dataset == dataset and file.source is not None]
        for dataset in DATASETS
    }


def _write(raw: Path, file: DialectFile) -> None:
    path = raw / file.dataset / file.key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(file.content)
