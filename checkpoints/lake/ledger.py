"""Ledger of a dataset's files in BRONZE, by which a run reads only new files.

Stored as gzipped JSON lines, one immutable document per version, named by the zone's pointer. 100,000 files
take about ten megabytes and two seconds.
"""

from __future__ import annotations

import gc
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, fields
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from checkpoints.lake.json_documents import damaged
from contracts.inventory import FileFacts, FileFormat, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FORMAT = 1
_FACT_NAMES = tuple(field.name for field in fields(FileFacts))
_facts_of = attrgetter(*_FACT_NAMES)
_DEFAULT_FACTS = _facts_of(FileFacts("", 0, ""))
_TUPLES = ("names", "replaced_names", "record_path")
_END = "\n"  # never within a line: JSON escapes it
_encode = json.JSONEncoder(separators=(",", ":")).encode  # json.dumps would create one per line


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size and version, by which a file is recognised without reading it."""

    size_bytes: int
    version: str


@dataclass(frozen=True, slots=True)
class BronzeEntry:
    """A valid file: its facts, and the stamps of its object in RAW and of its copy in BRONZE."""

    facts: FileFacts
    raw: Stamp
    copy: Stamp
    alias: str | None = None  # a second copy that Spark can open, relative to the zone's root

    @property
    def key(self) -> str:
        """The file's key."""
        return self.facts.key


@dataclass(frozen=True, slots=True)
class RejectedEntry:
    """A rejected file: its facts with the reason, and the stamp of its object in RAW."""

    facts: FileFacts
    raw: Stamp

    @property
    def key(self) -> str:
        """The file's key."""
        return self.facts.key


@dataclass(frozen=True, slots=True)
class Ledger:
    """All valid files of a dataset, and the rejected ones.

    A key can be in both: its older, valid content is in BRONZE, and its present content in RAW was rejected.
    """

    dataset: str
    version: str
    run_id: str
    promoted_at: datetime
    verdict: str
    inspected_by: str  # fingerprint of the contract and code that determined the facts
    files: Mapping[str, BronzeEntry]  # by key, in the order of the keys' bytes
    rejected: Mapping[str, RejectedEntry]
    previous: str | None = None

    @property
    def size_bytes(self) -> int:
        """The bytes of all valid files."""
        return sum(entry.facts.size_bytes for entry in self.files.values())

    def fingerprint(self) -> str:
        """Return a digest of the valid files' keys, content and facts, on which readers of BRONZE depend."""
        digest = hashlib.sha256()
        for entry in self.files.values():
            digest.update(_encode(_fact_values(entry.facts)).encode())
        return digest.hexdigest()


def key_order(key: str) -> bytes:
    """Return the sort key of a file's key: its bytes, which may be invalid UTF-8."""
    return key.encode("utf-8", "surrogateescape")


def write_ledger(ledger: Ledger) -> bytes:
    """Return a ledger's document; the same bytes for the same ledger."""
    # Level 1: level 6 takes three times as long to save a tenth.
    return gzip.compress("".join(_lines(ledger)).encode(), compresslevel=1, mtime=0)


def _lines(ledger: Ledger) -> Iterator[str]:
    yield _line(
        {
            "kind": "ledger",
            "format": _FORMAT,
            "dataset": ledger.dataset,
            "version": ledger.version,
            "run_id": ledger.run_id,
            "promoted_at": ledger.promoted_at.isoformat(),
            "verdict": ledger.verdict,
            "inspected_by": ledger.inspected_by,
            "previous": ledger.previous,
            "files": len(ledger.files),
            "rejected": len(ledger.rejected),
        }
    )
    for entry in ledger.files.values():
        stamps = [entry.raw.size_bytes, entry.raw.version, entry.copy.size_bytes, entry.copy.version]
        yield _line({"facts": _fact_values(entry.facts), "stamps": stamps, "alias": entry.alias})
    for rejected in ledger.rejected.values():
        stamps = [rejected.raw.size_bytes, rejected.raw.version]
        yield _line({"facts": _fact_values(rejected.facts), "stamps": stamps})


def _line(values: Mapping[str, object]) -> str:
    return _encode(values) + _END


def _fact_values(facts: FileFacts) -> dict[str, object]:
    """Return the facts that differ from their defaults."""
    triples = zip(_FACT_NAMES, _facts_of(facts), _DEFAULT_FACTS, strict=True)
    return {name: value for name, value, default in triples if value != default}


def read_ledger(data: bytes, where: str) -> Ledger:
    """Read a ledger's document. Raises ``DamagedDocumentError``."""
    # Garbage collection would scan the growing heap repeatedly: more than half of the time.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _read_ledger(data, where)
    finally:
        if was_enabled:
            gc.enable()


def _read_ledger(data: bytes, where: str) -> Ledger:
    try:
        # All lines at once: a call per line would take twice as long.
        head, *entries = json.loads(f"[{gzip.decompress(data).decode().rstrip().replace(_END, ',')}]")
        if head["kind"] != "ledger" or head["format"] != _FORMAT:
            raise damaged(
                where, f"a ledger of format {_FORMAT}", f"{head['kind']} of format {head['format']}"
            )
        files = [_read_entry(values) for values in entries[: head["files"]]]
        rejected = [_read_rejected(values) for values in entries[head["files"] :]]
        if len(files) != head["files"] or len(rejected) != head["rejected"]:
            found = f"{len(files)} files and {len(rejected)} rejected"
            raise damaged(where, f"{head['files']} files and {head['rejected']} rejected", found)
        return Ledger(
            dataset=head["dataset"],
            version=head["version"],
            run_id=head["run_id"],
            promoted_at=datetime.fromisoformat(head["promoted_at"]),
            verdict=head["verdict"],
            inspected_by=head["inspected_by"],
            files={entry.key: entry for entry in files},
            rejected={entry.key: entry for entry in rejected},
            previous=head["previous"],
        )
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise damaged(where, f"a ledger of format {_FORMAT}", f"{type(error).__name__}: {error}") from error


def write_stamped(files: Iterable[tuple[FileFacts, Stamp]]) -> bytes:
    """Return a document of files' facts, each with the stamp of the file it was determined from."""
    lines = [
        _line({"facts": _fact_values(facts), "stamps": [stamp.size_bytes, stamp.version]})
        for facts, stamp in files
    ]
    return gzip.compress("".join(lines).encode(), compresslevel=1, mtime=0)


def read_stamped(data: bytes, where: str) -> Iterator[tuple[FileFacts, Stamp]]:
    """Yield the facts and stamps of a ``write_stamped`` document. Raises ``DamagedDocumentError``."""
    try:
        for line in gzip.decompress(data).decode().splitlines():
            entry = _read_rejected(json.loads(line))
            yield entry.facts, entry.raw
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise damaged(where, "facts of files", f"{type(error).__name__}: {error}") from error


def _read_entry(values: Mapping[str, Any]) -> BronzeEntry:
    raw_bytes, raw_version, copy_bytes, copy_version = values["stamps"]
    return BronzeEntry(
        _read_facts(values["facts"]),
        Stamp(raw_bytes, raw_version),
        Stamp(copy_bytes, copy_version),
        values["alias"],
    )


def _read_rejected(values: Mapping[str, Any]) -> RejectedEntry:
    return RejectedEntry(_read_facts(values["facts"]), Stamp(*values["stamps"]))


def _read_facts(values: dict[str, Any]) -> FileFacts:
    if "format" in values:
        values["format"] = FileFormat(values["format"])
    if "reason" in values:
        values["reason"] = Reason(values["reason"])
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    return FileFacts(**{"size_bytes": 0, "checksum": "", **values})
