"""Object keys: claimed format, ignored keys, source globs, and keys that need an aliased copy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.model import Contract, Source


class Claim(StrEnum):
    """The format that a name claims."""

    DELIMITED = "delimited"  # .csv, .tsv
    TEXT = "text"  # .txt: JSON objects or delimited
    JSON = "json"  # .json: an array, an object or several
    JSON_LINES = "json_lines"  # .jsonl, .ndjson
    ANY_TEXT = "any_text"  # .gz around any other name: as .json or .txt, as it begins
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class FileName:
    """A supported name: the claimed format, and whether the file is compressed with gzip."""

    claim: Claim
    is_gzip: bool = False


_CLAIMS = {
    "csv": Claim.DELIMITED,
    "tsv": Claim.DELIMITED,
    "txt": Claim.TEXT,
    "json": Claim.JSON,
    "jsonl": Claim.JSON_LINES,
    "ndjson": Claim.JSON_LINES,
    "parquet": Claim.PARQUET,
}
_IGNORED_SUFFIXES = (".crc", "_$folder$")
_IGNORED_PREFIXES = ("_committed_", "_started_")
_IGNORED_FOLDERS = frozenset({"_temporary", "_delta_log"})
_GLOB_TOKEN = re.compile(r"(?:\A|(?<=/))\*\*/|\*\*|\*|\?|\[!?\]?[^/\]]*\]|.", re.DOTALL)
_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
# Measured on Spark 4.1 and Hadoop 3.4: a name that begins with `_` or `.`, or ends with `._COPYING_`, is
# skipped silently; `:` is a URI scheme to Hadoop's Path; empty, `.` and `..` folders are collapsed; how Java
# decodes a name outside ASCII depends on the machine's locale. Blanks, `%`, `#`, `?`, quotes and brackets are
# read correctly.
_SAFE_KEY = re.compile(r"[ -9;-\[\]-~]+")
_COLLAPSED_FOLDERS = frozenset({"", ".", ".."})


def parse_file_name(key: str) -> FileName | None:
    """Parse a key's last part, in any case; None for an unsupported format.

    >>> parse_file_name("2024/Orders.JSON.GZ")
    FileName(claim=<Claim.JSON: 'json'>, is_gzip=True)
    >>> parse_file_name("orders.parquet.gz") is None
    True
    """
    name = key.rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return None
    if extension != "gz":
        claim = _CLAIMS.get(extension)
        return FileName(claim) if claim else None
    inner_claim = _CLAIMS.get(stem.rpartition(".")[2] if "." in stem else "", Claim.ANY_TEXT)
    return None if inner_claim is Claim.PARQUET else FileName(inner_claim, is_gzip=True)


def is_ignored(key: str, size_bytes: int) -> bool:
    """Whether a key below ``raw/<dataset>/`` is not a data file.

    An empty object whose key ends in ``/`` is the marker of an empty folder on S3.

    >>> [is_ignored(key, 9) for key in ("a/_SUCCESS", ".hidden/a.csv", "a/b.csv.crc", "a/_b.csv")]
    [True, True, True, False]
    """
    *folders, name = key.split("/")
    if any(folder.startswith(".") or folder in _IGNORED_FOLDERS for folder in folders):
        return True
    if not name:
        return size_bytes == 0
    return (
        name == "_SUCCESS" or name.startswith((".", *_IGNORED_PREFIXES)) or name.endswith(_IGNORED_SUFFIXES)
    )


def match_source(key: str, contract: Contract) -> Source | None:
    """Return the first source whose glob matches the whole key, or None."""
    return next((source for source in contract.sources if matches(key, source.glob)), None)


def matches(key: str, glob: str) -> bool:
    """Whether a glob matches a whole key: ``*`` matches within a folder, ``**`` across folders.

    ``**/`` is any number of folders, also none; ``?`` is one character and ``[...]``, ``[!...]`` one of a
    set, never a ``/``. Case-sensitive, as object stores are.

    >>> [matches(key, "shop/**/*.csv") for key in ("shop/a.csv", "shop/x/y/a.csv", "shop.csv")]
    [True, True, False]
    """
    return _pattern(glob).fullmatch(key) is not None


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join(_translate(token) for token in _GLOB_TOKEN.findall(glob)), re.DOTALL)


def _translate(token: str) -> str:
    if token in _WILDCARDS:
        return _WILDCARDS[token]
    if len(token) == 1:
        return re.escape(token)
    is_negated = token.startswith("[!")
    members = "-".join(re.escape(part) for part in token[1 + is_negated : -1].split("-"))
    return f"(?!/)[{'^' if is_negated else ''}{members}]"


def needs_alias(key: str) -> bool:
    """Whether Spark or Hadoop could skip or misread a key, on a local disk or on S3.

    >>> needs_alias("2024/part 0 100%.csv")
    False
    >>> [needs_alias(key) for key in ("_part.csv", "a:b.csv", "a//b.csv", "ünï.csv")]
    [True, True, True, True]
    """
    folders = key.split("/")
    name = folders[-1]
    return (
        _SAFE_KEY.fullmatch(key) is None
        or not _COLLAPSED_FOLDERS.isdisjoint(folders)
        or name.startswith(("_", "."))
        or name.endswith("._COPYING_")
    )
