"""Layout of a lake: composes all its paths (spec 2)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from checkpoints.storage.opening import open_storage
from checkpoints.storage.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.storage.storage import S3Settings
    from contracts.model import Zone

_LONGEST_NAME_BYTES = 255  # of one part of a path, on every usual file system
_LONGEST_KEY_BYTES = 1024  # of a whole key, on S3
REASON_SUFFIX = ".reason.json"
STAGING = "_staging"  # folder of the runs' unpublished files, below a zone's root
DOCUMENTS = "_manifests"  # folder of the pointer and of the versions' documents, below a zone's root


class Area(StrEnum):
    """The parts of a lake; each is below the lake's root, or has a root of its own."""

    RAW = "raw"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    QUARANTINE = "quarantine"
    CORRECTIONS = "corrections"
    METRICS = "metrics"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class Lake:
    """A lake, as the roots of its parts. Composes paths only; does no I/O."""

    root: Place
    own_roots: Mapping[Area, Place] = field(default_factory=dict)

    def area(self, area: Area | Zone) -> Place:
        """Return the root of a part of the lake."""
        return self.own_roots.get(Area(area)) or self.root.child(area)

    def raw(self, dataset: str) -> Place:
        """Return the folder of a dataset's delivered files."""
        return self.area(Area.RAW).child(dataset)

    def bronze(self, dataset: str) -> Place:
        """Return the folder of byte-identical copies, under the same relative keys."""
        return self.area(Area.BRONZE).child(dataset)

    def bronze_alias(self, dataset: str, key: str, checksum: str) -> Place:
        """Return the place of a second copy, under a name that Spark can open whatever the key is."""
        return self.bronze_aliases(dataset).child(f"{_digest(key)}-{checksum[:16]}{_suffixes(key)}")

    def bronze_aliases(self, dataset: str) -> Place:
        """Return the folder of a dataset's aliased copies."""
        return self.area(Area.BRONZE).child("_aliases", dataset)

    def silver(self, dataset: str, version: str) -> Place:
        """Return the folder of one version of a silver dataset (``users_history`` too)."""
        return self.area(Area.SILVER).child(dataset, version)

    def gold(self, table: str, version: str) -> Place:
        """Return the folder of one version of a gold table."""
        return self.gold_table(table).child(version)

    def gold_table(self, table: str) -> Place:
        """Return the folder of all versions of a gold table."""
        return self.area(Area.GOLD).child(gold_folder(table), table)

    def quarantined_file(self, dataset: str, key: str) -> Place:
        """Return the place of a rejected file's copy: its key, unless that collides or gets too long."""
        files = self.quarantined_files(dataset)
        place = files.child(key)
        longest_part = max(len(_bytes(part)) for part in key.split("/"))
        if key.endswith(REASON_SUFFIX):
            return files.child("_renamed", _digest(key))  # it could be the name of another file's reason
        if (
            longest_part + len(REASON_SUFFIX) <= _LONGEST_NAME_BYTES
            and len(_bytes(place.path)) + len(REASON_SUFFIX) <= _LONGEST_KEY_BYTES - 128  # the root's prefix
        ):
            return place
        return files.child("_renamed", _digest(key) + _suffixes(key))

    def quarantined_file_reason(self, dataset: str, key: str) -> Place:
        """Return the place of the reason for a file's rejection: beside its copy."""
        copy = self.quarantined_file(dataset, key)
        return Place(copy.storage, copy.path + REASON_SUFFIX)

    def quarantined_files(self, dataset: str) -> Place:
        """Return the folder of a dataset's rejected files."""
        return self.area(Area.QUARANTINE).child("files", dataset)

    def quarantined_rows(self, dataset: str, run_id: str | None = None) -> Place:
        """Return the folder of the rows that a run quarantined; without a run id, of all runs."""
        rows = self.area(Area.QUARANTINE).child("rows", dataset)
        return rows.child(path_safe(run_id)) if run_id is not None else rows

    def corrections(self, dataset: str) -> Place:
        """Return the folder of what stewards decided about a dataset's rejected rows."""
        return self.area(Area.CORRECTIONS).child(dataset)

    def applied_corrections(self, dataset: str) -> Place:
        """Return the place of the document with what corrections did in the last run."""
        return self.area(Area.QUARANTINE).child("corrections", f"{dataset}.json")

    def first_seen(self, dataset: str) -> Place:
        """Return the place of the document that says when each unknown column first appeared.

        Not below the metrics, which expire.
        """
        return self.area(Area.SILVER).child("_drift", f"{dataset}.json")

    @property
    def metrics(self) -> Place:
        """The folder of the metrics."""
        return self.area(Area.METRICS)

    @property
    def docs(self) -> Place:
        """The folder of the Data Docs."""
        return self.area(Area.DOCS)

    def staging(self, area: Area | Zone, run_id: str | None = None) -> Place:
        """Return the folder of a run's unpublished files; without a run id, of all runs."""
        staging = self.area(area).child(STAGING)
        return staging.child(path_safe(run_id)) if run_id is not None else staging

    def pointer(self, zone: Zone) -> Place:
        """Return the place of the document that names a zone's current versions."""
        return self.area(zone).child(DOCUMENTS, "current.json")


def open_lake(uri: str, own_roots: Mapping[Area, str] | None = None, s3: S3Settings | None = None) -> Lake:
    """Return the lake at a URI; parts of it may have URIs of their own (one bucket per zone). Does no I/O.

    Raises ``UnsupportedLakeError``.
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


def document_path(name: str, version: str, suffix: str = ".json") -> str:
    """Return the path of a version's document, relative to its zone's root."""
    return f"{DOCUMENTS}/{name}/{version}{suffix}"


def new_version(run_id: str) -> str:
    """Return a unique name for a version, even if a run id is used again."""
    return f"{path_safe(run_id)}-{uuid4().hex[:8]}"


def path_safe(run_id: str) -> str:
    """Return a run id as a folder's name that is valid for Spark, S3 and every file system.

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
    """Return a key's plain extensions, by which Spark chooses its codec."""
    found = re.search(r"(?:\.[A-Za-z0-9]{1,10}){1,2}$", key.rpartition("/")[2])
    return found[0].lower() if found else ""
