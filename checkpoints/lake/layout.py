"""Where everything lies: the one place that composes the lake's paths."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from checkpoints.lake.opening import open_storage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.lake.storage import Absent, ObjectInfo, S3Settings, Storage
    from contracts.model import Zone

_LONGEST_NAME_BYTES = 255  # of one part of a path, on every usual file system
_LONGEST_KEY_BYTES = 1024  # of a whole key, on S3
_REASON_SUFFIX = ".reason.json"


class Area(StrEnum):
    """The parts of a lake; each lies below the lake's root, or at a root of its own."""

    RAW = "raw"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    QUARANTINE = "quarantine"
    METRICS = "metrics"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class Place:
    """A file or a folder in a storage."""

    storage: Storage
    path: str = ""

    def child(self, *parts: str) -> Place:
        """Return a place below this one. A part may itself hold ``/``."""
        return Place(self.storage, "/".join(part for part in (self.path, *parts) if part))

    @property
    def uri(self) -> str:
        """What a person, DuckDB or pandas opens: an absolute path or ``s3://…``."""
        return self.storage.uri(self.path)

    @property
    def spark_uri(self) -> str:
        """What Spark opens: ``file:///…`` or ``s3a://…``."""
        return self.storage.spark_uri(self.path)

    def list(self) -> Iterator[ObjectInfo]:
        """Yield every file below, its ``path`` still relative to the storage's root."""
        return self.storage.list(self.path)

    def relative(self, info: ObjectInfo) -> str:
        """Return a listed file's path relative to this folder."""
        return info.path[len(self.path) + 1 :] if self.path else info.path

    def below(self, place: Place) -> str:
        """Return the path of a place below this folder, relative to it."""
        return place.path[len(self.path) + 1 :] if self.path else place.path

    def stat(self) -> ObjectInfo | None:
        """Return the file's facts, or None when it is missing."""
        return self.storage.stat(self.path)

    def read_bytes(self) -> bytes:
        """Return the file's content. Raises ``ObjectNotFound``."""
        return self.storage.read_bytes(self.path)

    def write_bytes(self, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Write the file atomically; see ``Storage.write_bytes``."""
        return self.storage.write_bytes(self.path, data, expected=expected)

    def delete(self) -> None:
        """Delete the file; a missing one is fine."""
        self.storage.delete(self.path)

    def copy_from(self, source: Place, *, source_version: str | None = None) -> ObjectInfo:
        """Copy a file here atomically; see ``Storage.copy_from``."""
        return self.storage.copy_from(source.storage, source.path, self.path, source_version=source_version)


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake's layout (spec 2). Only composes paths: it reads and writes nothing."""

    root: Place
    own_roots: Mapping[Area, Place] = field(default_factory=dict)

    def area(self, area: Area | Zone) -> Place:
        """Return the root of a part of the lake."""
        return self.own_roots.get(Area(area)) or self.root.child(area)

    def raw(self, dataset: str) -> Place:
        """Return the folder where upstream drops a dataset's files."""
        return self.area(Area.RAW).child(dataset)

    def bronze(self, dataset: str) -> Place:
        """Return the folder of the byte-identical copies, under the same relative keys."""
        return self.area(Area.BRONZE).child(dataset)

    def bronze_alias(self, dataset: str, key: str, checksum: str) -> Place:
        """Return where a second copy lies, under a name that Spark can open whatever the key is."""
        name = f"{_digest(key)}-{checksum[:16]}{_suffixes(key)}"
        return self.area(Area.BRONZE).child("_aliases", dataset, name)

    def silver(self, dataset: str, version: str) -> Place:
        """Return the folder of one version of a silver dataset (``users_history`` too)."""
        return self.area(Area.SILVER).child(dataset, version)

    def gold(self, table: str, version: str) -> Place:
        """Return the folder of one version of a gold table."""
        return self.area(Area.GOLD).child(gold_folder(table), table, version)

    def quarantined_file(self, dataset: str, key: str) -> Place:
        """Return where a rejected file's copy lies: under its own key where that fits beside the reasons."""
        files = self.area(Area.QUARANTINE).child("files", dataset)
        place = files.child(key)
        longest_part = max(len(_bytes(part)) for part in key.split("/"))
        if key.endswith(_REASON_SUFFIX):
            return files.child("_renamed", _digest(key))  # else it could lie where another's reason lies
        if (
            longest_part + len(_REASON_SUFFIX) <= _LONGEST_NAME_BYTES
            and len(_bytes(place.path)) + len(_REASON_SUFFIX) <= _LONGEST_KEY_BYTES - 128  # the root's prefix
        ):
            return place
        return files.child("_renamed", _digest(key) + _suffixes(key))

    def quarantined_file_reason(self, dataset: str, key: str) -> Place:
        """Return where the reason for a file's rejection lies: beside its copy."""
        copy = self.quarantined_file(dataset, key)
        return Place(copy.storage, copy.path + _REASON_SUFFIX)

    def quarantined_files(self, dataset: str) -> Place:
        """Return the folder of a dataset's rejected files."""
        return self.area(Area.QUARANTINE).child("files", dataset)

    def quarantined_rows(self, dataset: str, run_id: str | None = None) -> Place:
        """Return the folder of the rows that a run quarantined; without a run, of all runs."""
        rows = self.area(Area.QUARANTINE).child("rows", dataset)
        return rows.child(path_safe(run_id)) if run_id is not None else rows

    @property
    def metrics(self) -> Place:
        """The folder of the metrics."""
        return self.area(Area.METRICS)

    @property
    def docs(self) -> Place:
        """The folder of the Data Docs."""
        return self.area(Area.DOCS)

    def staging(self, area: Area | Zone, run_id: str | None = None) -> Place:
        """Return the folder for what a run writes before anybody may read it; without a run, of all runs."""
        staging = self.area(area).child("_staging")
        return staging.child(path_safe(run_id)) if run_id is not None else staging

    def pointer(self, zone: Zone) -> Place:
        """Return the document that says which versions of a zone are current."""
        return self.area(zone).child("_manifests", "current.json")

    def documents(self, zone: Zone, name: str) -> Place:
        """Return the folder of a name's version documents."""
        return self.area(zone).child("_manifests", name)


def open_lake(uri: str, own_roots: Mapping[Area, str] | None = None, s3: S3Settings | None = None) -> Lake:
    """Return the lake at a URI; parts of it may have URIs of their own (one bucket a zone). Touches nothing.

    Raises ``UnsupportedLake``.
    """
    roots = {area: Place(open_storage(root, s3)) for area, root in (own_roots or {}).items()}
    return Lake(Place(open_storage(uri, s3)), roots)


def gold_folder(table: str) -> str:
    """Return the folder of a gold table by its kind.

    >>> gold_folder("dim_users"), gold_folder("fact_events"), gold_folder("user_ltv")
    ('dim', 'fact', 'mart')
    """
    kind = table.partition("_")[0]
    return kind if kind in {"dim", "fact"} else "mart"


def new_version(run_id: str) -> str:
    """Return a name for a version that no other has, also when a run id is used again."""
    return f"{path_safe(run_id)}-{uuid4().hex[:8]}"


def path_safe(run_id: str) -> str:
    """Return a run id as a folder's name that Spark, S3 and every file system take.

    >>> path_safe("2024-05-01T00.00_a")
    '2024-05-01T00.00_a'
    >>> path_safe("manual__2024-05-01T00:00:00+00:00")
    'manual__2024-05-01T00-00-00-00-00-c0303c1e'
    """
    safe = re.sub(r"[^A-Za-z0-9._-]", "-", run_id)[:100]
    if safe == run_id and re.match(r"[A-Za-z0-9]", safe):
        return safe
    return f"{safe.lstrip('._-') or 'run'}-{_digest(run_id)[:8]}"


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _digest(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()[:32]


def _suffixes(key: str) -> str:
    """Return a key's extensions as far as they are plain; Spark chooses its codec by them."""
    found = re.search(r"(?:\.[A-Za-z0-9]{1,10}){1,2}$", key.rpartition("/")[2])
    return found[0].lower() if found else ""
