"""Tell the files that no upstream meant as data: markers, checksums, temporary folders (spec 3)."""

from __future__ import annotations

_SUFFIXES = (".crc", "_$folder$")
_PREFIXES = ("_committed_", "_started_")
_FOLDERS = frozenset({"_temporary", "_delta_log"})


def is_ignored(key: str, size_bytes: int) -> bool:
    """Whether a key below ``raw/<dataset>/`` is no data file at all.

    A key that ends in ``/`` and holds nothing is the marker by which S3's tools keep an empty folder.

    >>> [is_ignored(key, 9) for key in ("a/_SUCCESS", ".hidden/a.csv", "a/b.csv.crc", "a/_b.csv")]
    [True, True, True, False]
    """
    *folders, name = key.split("/")
    if any(folder.startswith(".") or folder in _FOLDERS for folder in folders):
        return True
    if not name:
        return size_bytes == 0
    return name == "_SUCCESS" or name.startswith((".", *_PREFIXES)) or name.endswith(_SUFFIXES)
