"""Brings a folder of contracts or policies from a bucket: readers of YAML want files."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from checkpoints.lake.layout import Place
from checkpoints.lake.opening import open_storage
from contracts.faults import ConfigurationError

if TYPE_CHECKING:
    from checkpoints.lake.storage import S3Settings

_SUFFIXES = (".yaml", ".yml")


def local_folder(uri: str, into: Path, s3: S3Settings | None = None) -> Path:
    """Return the folder at a URI as one on this machine; YAML files of a bucket are copied below ``into``.

    Raises:
        ConfigurationError: no YAML lies there.
        StorageError: it cannot be read.
    """
    if "://" not in uri:
        return Path(uri)
    root = Place(open_storage(uri, s3))
    found = [info for info in root.list() if info.path.endswith(_SUFFIXES)]
    if not found:
        raise ConfigurationError("no YAML lies there", where=uri, next_step="run `lakegate deploy`")
    for info in found:
        target = into.joinpath(*PurePosixPath(info.path).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(root.child(info.path).read_bytes())
    return into
