"""Quarantine of rejected rows: written by tasks, published per run, read back, and expired."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any  # Any: values of Parquet rows

from checkpoints.lake.json_documents import DocumentCodec
from checkpoints.storage.errors import ObjectNotFoundError
from checkpoints.storage.parquet_writer import ParquetBatchWriter
from checkpoints.storage.thread_pool import THREADS, map_in_threads
from contracts.corrections import row_id
from contracts.inventory import FileFacts  # noqa: TC001  pydantic evaluates annotations

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    import pyarrow as pa

    from checkpoints.lake.layout import Lake
    from checkpoints.storage.place import Place


_BATCH_ROWS = 8192
_FILES = "_files.json"  # Spark and DuckDB's globs over *.parquet do not read it


@dataclass(frozen=True, slots=True)
class QuarantinedFacts:
    """The facts of the source files of a run's rejected rows."""

    files: tuple[FileFacts, ...]


_FACTS = DocumentCodec[QuarantinedFacts]("facts of files with rejected rows", 1, QuarantinedFacts)


def rows_schema() -> pa.Schema:
    """Return the schema of quarantined rows. Grain: one row a rejected record."""
    import pyarrow as pa

    return pa.schema(
        [
            ("run_id", pa.string()),
            ("dataset", pa.string()),
            ("source_file", pa.string()),
            ("row_id", pa.string()),
            ("raw", pa.string()),
            ("failed_rules", pa.list_(pa.string())),
            ("contract_version", pa.string()),
            ("quarantined_at", pa.timestamp("us", "UTC")),
        ]
    )


@dataclass(frozen=True, slots=True)
class QuarantineWriter:
    """Writes the rows that a run rejects of a dataset: tasks write to ``staging``, ``publish`` copies."""

    run_id: str
    dataset: str
    contract_version: str
    as_of: datetime
    staging: Place

    def files(self) -> ParquetBatchWriter:
        """Return the writer of a task's rows."""
        return ParquetBatchWriter(self.staging, rows_schema(), varied=("raw",))

    def rows(self, sources: pa.Array, raws: pa.Array, failed_rules: pa.Array) -> pa.RecordBatch:
        """Return rows of the quarantine, from each row's source file, raw text and violated rules."""
        import pyarrow as pa

        schema = rows_schema()

        def constant(value: object, name: str) -> pa.Array:
            return pa.repeat(pa.scalar(value, schema.field(name).type), len(sources))

        columns = [
            constant(self.run_id, "run_id"),
            constant(self.dataset, "dataset"),
            sources,
            pa.array(self._row_ids(sources, raws), pa.string()),
            raws,
            failed_rules,
            constant(self.contract_version, "contract_version"),
            constant(self.as_of, "quarantined_at"),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def _row_ids(self, sources: pa.Array, raws: pa.Array) -> list[str | None]:
        pairs = zip(sources.to_pylist(), raws.to_pylist(), strict=True)
        return [None if raw is None else row_id(self.dataset, source, raw) for source, raw in pairs]

    def publish(self, names: Sequence[str], quarantine: Place, files: Iterable[FileFacts]) -> None:
        """Copy the files of completed tasks to the quarantine.

        Without any, write a file without rows, so that this run and not an earlier one is the last run.

        Args:
            names: of the files in ``staging``.
            quarantine: the folder of the run's rejected rows.
            files: the facts of the rows' source files, by which their raw text can be read.
        """
        quarantine.child(_FILES).write_bytes(_FACTS.write(QuarantinedFacts(tuple(files))))

        def copy(name: str) -> None:
            quarantine.child(name).copy_from(self.staging.child(name))

        map_in_threads(copy, names, THREADS)
        if not names:
            with ParquetBatchWriter(quarantine, rows_schema(), is_empty_written=True):
                pass


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """One rejected row, with what is needed to correct and replay it."""

    row_id: str
    source_file: str
    raw: str
    failed_rules: tuple[str, ...]
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class QuarantinedRows:
    """The rows that a run rejected of a dataset. ``uri``: the folder with all of them, in Parquet."""

    dataset: str
    run_id: str
    uri: str
    rows: int
    rows_by_rule: Mapping[str, int]
    samples: tuple[QuarantinedRow, ...]


def last_quarantine(
    lake: Lake, dataset: str, *, rule: str | None = None, limit: int = 20
) -> QuarantinedRows | None:
    """Return the rows that the last run rejected of a dataset, or None if no run wrote any.

    Files are read batch by batch, and at most ``limit`` rows are kept in memory.

    Args:
        lake: to read from.
        dataset: whose rows.
        rule: count and sample only rows that violate this rule.
        limit: number of sampled rows.
    """
    folder = last_folder(lake, dataset)
    if folder is None:
        return None
    rows, by_rule, run_id = 0, Counter[str](), ""
    samples: list[QuarantinedRow] = []
    for row in _rows_in(folder, dataset):
        run_id = run_id or row.run_id
        if rule is not None and rule not in row.failed_rules:
            continue
        rows += 1
        by_rule.update(row.failed_rules)
        if len(samples) < limit:
            samples.append(row)
    # A folder's name is its run's id made path-safe; the rows hold the id itself.
    run_id = run_id or folder.path.rpartition("/")[2]
    return QuarantinedRows(dataset, run_id, folder.uri, rows, dict(by_rule), tuple(samples))


def last_rows(lake: Lake, dataset: str) -> Iterator[QuarantinedRow]:
    """Yield the rows that the last run rejected of a dataset, read batch by batch."""
    folder = last_folder(lake, dataset)
    return iter(()) if folder is None else _rows_in(folder, dataset)


def last_facts(lake: Lake, dataset: str) -> dict[str, FileFacts]:
    """Return the facts of the source files of the rows that the last run rejected, by key.

    Empty for a run of a version of lakegate that did not write them.
    """
    folder = last_folder(lake, dataset)
    if folder is None:
        return {}
    place = folder.child(_FILES)
    try:
        facts = _FACTS.read(place.read_bytes(), place.uri)
    except ObjectNotFoundError:
        return {}
    return {file.key: file for file in facts.files}


def last_folder(lake: Lake, dataset: str) -> Place | None:
    """Return the folder of the rows that the last run rejected of a dataset; None if no run wrote any."""
    runs = lake.quarantined_rows(dataset)
    last = _last_run(_last_written(runs))
    return None if last is None else runs.child(last)


def _rows_in(folder: Place, dataset: str) -> Iterator[QuarantinedRow]:
    import pyarrow.parquet as pq

    for info in folder.list():
        if not info.path.endswith(".parquet"):
            continue
        with folder.storage.open(info.path) as stream:
            for batch in pq.ParquetFile(stream).iter_batches(_BATCH_ROWS):
                yield from (_row(dataset, row) for row in batch.to_pylist())


def _row(dataset: str, row: Mapping[str, Any]) -> QuarantinedRow:
    """Return a row of the quarantine; a run of an earlier version did not write its id."""
    source_file, raw = row["source_file"], row["raw"]
    id_ = row.get("row_id") or row_id(dataset, source_file, raw)
    return QuarantinedRow(id_, source_file, raw, tuple(row["failed_rules"]), row["run_id"])


def expire_rows(lake: Lake, dataset: str, *, before: datetime) -> tuple[str, ...]:
    """Remove rejected rows written before that time; return the URIs of the runs' folders.

    The last run's folder is kept however old it is: silver is rebuilt from all of BRONZE in each run, so that
    it holds every row that is still rejected.
    """
    runs = lake.quarantined_rows(dataset)
    written = _last_written(runs)
    last = _last_run(written)
    expired = []
    for run, at in sorted(written.items()):
        if run != last and at < before:
            folder = runs.child(run)
            folder.storage.delete_folder(folder.path)
            expired.append(folder.uri)
    return tuple(expired)


def _last_written(runs: Place) -> dict[str, datetime]:
    """Return the time of the last write to each run's folder, by the folder's name."""
    written: dict[str, datetime] = {}
    for info in runs.list():
        run = runs.relative(info).partition("/")[0]
        written[run] = max(info.modified, written.get(run, info.modified))
    return written


def _last_run(written: Mapping[str, datetime]) -> str | None:
    return max(written, key=lambda run: (written[run], run), default=None)
