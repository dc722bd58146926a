"""Which names a reader of files cannot be trusted with, so that the lake gives them a plain copy to read."""

from __future__ import annotations

import re

# Measured on Spark 4.1 and Hadoop 3.4: a name that begins with `_` or `.`, or ends with `._COPYING_`, is
# skipped in silence; `:` is a URI scheme to Hadoop's Path; empty, `.` and `..` folders are folded away;
# what Java makes of a name outside ASCII depends on the machine's locale. Blanks, `%`, `#`, `?`, quotes and
# brackets are read as they stand.
_SAFE_KEY = re.compile(r"[ -9;-\[\]-~]+")
_FOLDED_FOLDERS = frozenset({"", ".", ".."})


def needs_alias(key: str) -> bool:
    """Whether Spark could miss, fold or misread the file of this key, on a local disk or on S3.

    >>> needs_alias("2024/part 0 100%.csv")
    False
    >>> [needs_alias(key) for key in ("_part.csv", "a:b.csv", "a//b.csv", "ünï.csv")]
    [True, True, True, True]
    """
    folders = key.split("/")
    name = folders[-1]
    return (
        _SAFE_KEY.fullmatch(key) is None
        or not _FOLDED_FOLDERS.isdisjoint(folders)
        or name.startswith(("_", "."))
        or name.endswith("._COPYING_")
    )
