"""New files of RAW in batches, so that many tasks inspect them at once; what they found is noted in the lake.

The notes lie in BRONZE's staging, one document a batch. A note counts only for the very file that it was made
of (size and version) and under the promises and the code that made it: the run inspects all others itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checkpoints.lake.bronze import Inspect, current_ledger, inspect_seen, plan_files
from checkpoints.lake.crew import in_threads
from checkpoints.lake.errors import ObjectNotFound
from checkpoints.lake.ingestion import SeenFile
from checkpoints.lake.ledger import key_order, read_stamped, write_stamped
from contracts.model import Zone
from dags.pipeline.fingerprint import INSPECTING_CODE, fingerprint
from transforms.raw_to_bronze.gunzip import ExpansionLimits
from transforms.raw_to_bronze.ignored import is_ignored
from transforms.raw_to_bronze.inspection import inspect_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from checkpoints.lake.layout import Place
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.setup import Run, Setup

NAME = "raw_to_bronze"
MOST_FILES = 1000  # in a batch
MOST_BYTES = 1024**3


def new_files(setup: Setup, dataset: str) -> tuple[SeenFile, ...]:
    """Return the files of RAW that a run would have to inspect. Two listings, nothing is read.

    Raises:
        StorageError: the lake cannot be read.
    """
    inspected_by, _ = inspector(setup, setup.contracts.silver(dataset))
    ledger = current_ledger(setup.lake, dataset)
    plan, _ = plan_files(setup.lake, dataset, ledger, inspected_by=inspected_by, is_ignored=is_ignored)
    return plan.to_inspect


def plan_batches(
    files: Iterable[SeenFile], most_files: int = MOST_FILES, most_bytes: int = MOST_BYTES
) -> Iterator[tuple[SeenFile, ...]]:
    """Yield the files in batches, in order; a file that is too big for any is a batch of its own.

    >>> from checkpoints.lake.ledger import Stamp
    >>> files = [SeenFile(key, Stamp(size, "")) for key, size in (("a", 6), ("b", 5), ("c", 4), ("d", 50))]
    >>> ["".join(file.key for file in batch) for batch in plan_batches(files, most_bytes=10)]
    ['a', 'bc', 'd']
    """
    batch: list[SeenFile] = []
    size_bytes = 0
    for file in files:
        if batch and (len(batch) == most_files or size_bytes + file.stamp.size_bytes > most_bytes):
            yield tuple(batch)
            batch, size_bytes = [], 0
        batch.append(file)
        size_bytes += file.stamp.size_bytes
    if batch:
        yield tuple(batch)


def inspect_batch(setup: Setup, run: Run, dataset: str, number: int, first: str, last: str) -> int:
    """Inspect what is new from one key to another, note what it is, and return how many files are valid.

    Raises:
        StorageError: the lake cannot be read or written.
    """
    raw = setup.lake.raw(dataset)
    inspected_by, inspect = inspector(setup, setup.contracts.silver(dataset))
    files = [
        file
        for file in new_files(setup, dataset)
        if key_order(first) <= key_order(file.key) <= key_order(last)
    ]
    threads = setup.settings.ingest_threads
    found = in_threads(lambda file: inspect_seen(raw, file, inspect), files, threads, lambda: None)
    note = _notes(setup, run, dataset).child(inspected_by, f"{number}.jsonl.gz")
    note.write_bytes(write_stamped((one.facts, one.stamp) for one in found))
    return sum(one.facts.is_valid for one in found)


def noted_facts(setup: Setup, run: Run, dataset: str, inspected_by: str) -> dict[SeenFile, FileFacts]:
    """Return what the batches of a run found out, as far as it holds under today's promises.

    Raises:
        StorageError: the lake cannot be read.
    """
    folder = _notes(setup, run, dataset).child(inspected_by)
    noted = {}
    for info in folder.list():
        note = folder.child(folder.relative(info))
        try:
            content = note.read_bytes()
        except ObjectNotFound:
            continue  # another attempt at the same run is done, and tidied up
        for facts, stamp in read_stamped(content, note.uri):
            noted[SeenFile(facts.key, stamp)] = facts
    return noted


def forget_batches(setup: Setup, run: Run, dataset: str) -> None:
    """Delete the notes of a run. Raises ``StorageError``."""
    notes = _notes(setup, run, dataset)
    notes.storage.delete_folder(notes.path)


def inspector(setup: Setup, contract: Contract) -> tuple[str, Inspect]:
    """Return what inspects a dataset's files, and the fingerprint of all that its findings depend on."""
    policy = setup.policies.of(contract.name)
    rules = [contract.checksum, setup.contracts.inventory.checksum, setup.policies.checksums[contract.name]]
    limits = ExpansionLimits(policy.max_expanded_bytes, policy.max_expansion_ratio)
    inspected_by = fingerprint(NAME, [contract.name], rules, INSPECTING_CODE)
    return inspected_by, partial(inspect_file, contract=contract, limits=limits)


def _notes(setup: Setup, run: Run, dataset: str) -> Place:
    return setup.lake.staging(Zone.BRONZE, run.id).child(NAME, dataset)
