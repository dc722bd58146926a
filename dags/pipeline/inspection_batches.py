"""Batches of new RAW files, inspected by parallel tasks ahead of the run that ingests them.

The plan and the inspected facts are stored in BRONZE's staging, one document each per batch; a task receives
only the number of its batch. Facts count only for the same version of a file (size and version stamp) and the
same contracts and code; the run inspects all other files itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import Inspect, current_ledger, inspect_listed, plan_files
from checkpoints.lake.ingestion import ListedFile
from checkpoints.lake.ledger import read_stamped, write_stamped
from checkpoints.storage.errors import ObjectNotFoundError
from checkpoints.storage.thread_pool import map_in_threads
from contracts.inventory import FileFacts
from contracts.model import Zone
from dags.pipeline.fingerprint import INSPECTION, fingerprint
from transforms.formats.gzip import ExpansionLimits
from transforms.raw_to_bronze.file_names import is_ignored
from transforms.raw_to_bronze.inspect_file import inspect_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checkpoints.storage.place import Place
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup

NAME = "raw_to_bronze"
MOST_BATCHES = 999  # Airflow maps a task at most 1,024 times: [core] max_map_length
BATCH_FILES = 1000
BATCH_BYTES = 1024**3
_PLANNED = "planned"


def new_files(setup: Setup, dataset: str) -> tuple[ListedFile, ...]:
    """Return the files of RAW that a run would have to inspect. Lists RAW and the ledger, reads no file.

    Raises:
        StorageError: the lake cannot be read.
    """
    inspected_by, _ = inspector(setup, setup.contracts.silver(dataset))
    ledger = current_ledger(setup.lake, dataset)
    plan, _ = plan_files(setup.lake, dataset, ledger, inspected_by=inspected_by, is_ignored=is_ignored)
    return plan.to_inspect


def batch_limits(file_count: int, size_bytes: int, most_batches: int = MOST_BATCHES) -> tuple[int, int]:
    """Return the most files and bytes of a batch: the usual ones, or so many that the batches are few enough.

    Filling batches in order gives at most one for each ``files`` files, two for each ``bytes`` bytes (a batch
    and the file that did not fit into it are more than that), and a last one.

    >>> batch_limits(1_000_000, 10**9)
    (2005, 1073741824)
    """
    most = max(most_batches - 1, 1)
    return max(BATCH_FILES, -(-2 * file_count // most)), max(BATCH_BYTES, -(-4 * size_bytes // most))


def fill_batches(
    files: Sequence[ListedFile], most_files: int, most_bytes: int
) -> Iterator[tuple[ListedFile, ...]]:
    """Yield the files in batches, in order; a file over the size limit is a batch of its own.

    >>> from checkpoints.lake.ledger import Stamp
    >>> files = [ListedFile(key, Stamp(size, "")) for key, size in (("a", 6), ("b", 5), ("c", 4), ("d", 50))]
    >>> ["".join(file.key for file in batch) for batch in fill_batches(files, 1000, most_bytes=10)]
    ['a', 'bc', 'd']
    """
    batch: list[ListedFile] = []
    size_bytes = 0
    for file in files:
        if batch and (len(batch) == most_files or size_bytes + file.stamp.size_bytes > most_bytes):
            yield tuple(batch)
            batch, size_bytes = [], 0
        batch.append(file)
        size_bytes += file.stamp.size_bytes
    if batch:
        yield tuple(batch)


def plan_batches(setup: Setup, run: Run, dataset: str) -> int:
    """Divide the new files into batches, store them, and return their number, at most ``MOST_BATCHES``.

    Raises:
        StorageError: the lake cannot be read or written.
    """
    files = new_files(setup, dataset)
    limits = batch_limits(len(files), sum(file.stamp.size_bytes for file in files))
    batches = [*fill_batches(files, *limits)]

    def store(number: int) -> None:
        planned = ((FileFacts(file.key, file.stamp.size_bytes, ""), file.stamp) for file in batches[number])
        _planned(setup, run, dataset, number).write_bytes(write_stamped(planned))

    map_in_threads(store, range(len(batches)), setup.settings.ingest_threads, lambda: None)
    return len(batches)


def inspect_batch(setup: Setup, run: Run, dataset: str, number: int) -> int:
    """Inspect the files of a planned batch, store their facts, and return how many are valid.

    Returns 0 if the run has already ended, which deletes its batches.

    Raises:
        StorageError: the lake cannot be read or written.
    """
    raw, planned = setup.lake.raw(dataset), _planned(setup, run, dataset, number)
    inspected_by, inspect = inspector(setup, setup.contracts.silver(dataset))
    try:
        stamped = read_stamped(planned.read_bytes(), planned.uri)
    except ObjectNotFoundError:
        return 0
    files = [ListedFile(facts.key, stamp) for facts, stamp in stamped]
    threads = setup.settings.ingest_threads
    found = map_in_threads(lambda file: inspect_listed(raw, file, inspect), files, threads, lambda: None)
    document = _batches(setup, run, dataset).child(inspected_by, _document(number))
    document.write_bytes(write_stamped((one.facts, one.stamp) for one in found))
    return sum(one.facts.is_valid for one in found)


def inspected_facts(setup: Setup, run: Run, dataset: str, inspected_by: str) -> dict[ListedFile, FileFacts]:
    """Return the facts that the batches of a run found under the same contracts and code.

    Raises:
        StorageError: the lake cannot be read.
    """
    folder = _batches(setup, run, dataset).child(inspected_by)
    found = {}
    for info in folder.list():
        document = folder.child(folder.relative(info))
        try:
            content = document.read_bytes()
        except ObjectNotFoundError:
            continue  # deleted by another attempt at the same run that has finished
        for facts, stamp in read_stamped(content, document.uri):
            found[ListedFile(facts.key, stamp)] = facts
    return found


def delete_batches(setup: Setup, run: Run, dataset: str) -> None:
    """Delete the stored facts of a run. Raises ``StorageError``."""
    folder = _batches(setup, run, dataset)
    folder.storage.delete_folder(folder.path)


def inspector(setup: Setup, contract: Contract) -> tuple[str, Inspect]:
    """Return the fingerprint of contracts, policy and code, and the function that inspects a file by them."""
    policy = setup.policies.of(contract.name)
    rules = [contract.checksum, setup.contracts.inventory.checksum, setup.policies.checksums[contract.name]]
    limits = ExpansionLimits(policy.max_expanded_bytes, policy.max_expansion_ratio)
    inspected_by = fingerprint(NAME, [contract.name], rules, INSPECTION)
    return inspected_by, partial(inspect_file, contract=contract, limits=limits)


def _planned(setup: Setup, run: Run, dataset: str, number: int) -> Place:
    return _batches(setup, run, dataset).child(_PLANNED, _document(number))


def _document(number: int) -> str:
    return f"{number}.jsonl.gz"


def _batches(setup: Setup, run: Run, dataset: str) -> Place:
    return setup.lake.staging(Zone.BRONZE, run.id).child(NAME, dataset)
