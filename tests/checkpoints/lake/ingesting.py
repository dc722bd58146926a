"""An ingestion in one call, with a tiny inspector: a file is valid unless its content names a reason."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, BinaryIO

from checkpoints.lake.bronze import Inspect, current_ledger, ingest
from checkpoints.lake.bronze_promotion import AliasWriter, BronzePromotion, JudgedIngestion, promote_bronze
from checkpoints.lake.commit import read_pointer
from checkpoints.quarantine.files import quarantine_files
from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.model import Zone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from checkpoints.lake.ingestion import Ingestion
    from checkpoints.lake.layout import Lake

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def inspect(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
    """Reject a file whose content is ``!<reason>``, and one that cannot be read."""
    try:
        with open_stream() as stream:
            content = stream.read()
    except OSError as error:
        return FileFacts(key, size_bytes, "", reason=Reason.UNREADABLE, detail=str(error))
    assert len(content) == size_bytes
    checksum = hashlib.sha256(content).hexdigest()
    if content.startswith(b"!"):
        return FileFacts(
            key, size_bytes, checksum, reason=Reason(content[1:].decode()), detail="by its content"
        )
    kind = FileFormat.PARQUET if key.endswith(".parquet") else FileFormat.DELIMITED
    return FileFacts(key, size_bytes, checksum, kind, names=("a", "b"), rows=1)


def inspect_as(source: str, refused: str = "") -> Inspect:
    """Inspect under a contract by which this source matches every file, and one content is refused."""

    def inspect_so(key: str, size_bytes: int, open_stream: Callable[[], BinaryIO]) -> FileFacts:
        with open_stream() as stream:
            is_refused = stream.read() == refused.encode()
        facts = replace(inspect(key, size_bytes, open_stream), source=source)
        if not is_refused:
            return facts
        return replace(facts, names=(), reason=Reason.CONTENT_MISMATCH, detail=f"{source} refuses it")

    return inspect_so


def is_ignored(key: str, size_bytes: int) -> bool:
    """Ignore the markers that end a batch."""
    return key.rpartition("/")[2] == "_SUCCESS"


def needs_alias(key: str) -> bool:
    """Alias names that begin with an underscore."""
    return key.rpartition("/")[2].startswith("_")


def is_foreign(facts: FileFacts, open_stream: Callable[[], BinaryIO]) -> bool:
    """Rewrite Parquet whose content begins with ``foreign``."""
    if facts.format is not FileFormat.PARQUET:
        return False
    with open_stream() as stream:
        return stream.read().startswith(b"foreign")


def rewrite(source: BinaryIO, target: IO[bytes]) -> None:
    """Write it in capitals."""
    target.write(source.read().upper())


ALIAS_WRITER = AliasWriter(needs_alias, is_foreign, rewrite)


def look(lake: Lake, dataset: str = "events", contract: str = "1", inspect: Inspect = inspect) -> Ingestion:
    """Plan and inspect; write nothing."""
    return ingest(
        lake,
        dataset,
        current_ledger(lake, dataset),
        inspected_by=contract,
        inspect=inspect,
        is_ignored=is_ignored,
        threads=2,
    )


def carry_out(
    lake: Lake, ingestions: Iterable[Ingestion], run_id: str = "run", contract: str = "1"
) -> tuple[BronzePromotion, ...]:
    """Quarantine and promote what was found."""
    pointer = read_pointer(lake, Zone.BRONZE)
    judged = []
    for ingestion in ingestions:
        quarantine_files(lake, ingestion, run_id=run_id, now=NOON, threads=2)
        verdict = "warn" if ingestion.quarantined else "pass"
        judged.append(JudgedIngestion(ingestion, contract, verdict, pointer.seen(ingestion.dataset)))
    return promote_bronze(lake, judged, run_id=run_id, alias_writer=ALIAS_WRITER, now=NOON, threads=2)


def run(lake: Lake, dataset: str = "events", contract: str = "1", inspect: Inspect = inspect) -> Ingestion:
    """Do a whole ingestion of one dataset."""
    found = look(lake, dataset, contract, inspect)
    carry_out(lake, [found], contract=contract)
    return found


def counts(found: Ingestion) -> dict[str, int]:
    """Return the counts of the report that are not 0."""
    each = {"valid": found.valid, "unchanged": found.unchanged, "ignored": found.ignored}
    each.update({reason.value: n for reason, n in found.quarantined.items()})
    return {name: n for name, n in each.items() if n}


def bronze_content(lake: Lake, dataset: str = "events") -> dict[str, bytes]:
    """Return what lies in BRONZE, by key."""
    folder = lake.bronze(dataset)
    return {folder.relative(info): folder.child(folder.relative(info)).read_bytes() for info in folder.list()}
