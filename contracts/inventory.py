"""One row of the file inventory: what raw_to_bronze learned of a file, so that no later reader guesses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_QUOTE = '"'


class FileFormat(StrEnum):
    """How a file's records are laid out."""

    DELIMITED = "delimited"
    JSON_LINES = "json_lines"
    JSON_ARRAY = "json_array"
    JSON_OBJECT = "json_object"
    PARQUET = "parquet"


class Reason(StrEnum):
    """Why a file is rejected, in the order in which reasons apply (spec 3)."""

    UNSUPPORTED_FORMAT = "unsupported_format"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    CONTENT_MISMATCH = "content_mismatch"
    CORRUPT_GZIP = "corrupt_gzip"
    OVERSIZED_EXPANSION = "oversized_expansion"
    CORRUPT_PARQUET = "corrupt_parquet"
    UNDECODABLE = "undecodable"
    CORRUPT_JSON = "corrupt_json"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """One file of RAW. Grain: one per key; ``reason`` is None for a valid file.

    ``names``: delimited: the header's fields as written (without a header: empty); Parquet: the
    schema's column names; JSON: the distinct top-level key spellings seen in the first 100 records.
    """

    key: str
    size_bytes: int
    checksum: str  # sha256, hex
    format: FileFormat | None = None
    compression: str = "none"  # none | gzip
    encoding: str = "utf-8"  # a Python codec name: utf-8, utf-16, or what the contract names
    delimiter: str | None = None
    quote: str = DEFAULT_QUOTE
    header: bool = False
    multiline: bool = False  # a quoted field holds a line break (or a quote is never closed)
    names: tuple[str, ...] = ()
    schema: str | None = None  # Parquet only: the Arrow schema's text, one field a line
    rows: int | None = None  # where cheap
    source: str | None = None  # the contract's source that matched
    reason: Reason | None = None
    detail: str = ""  # one clause: what was found; names the missing column for content_mismatch

    @property
    def is_valid(self) -> bool:
        """Whether the file may go to BRONZE."""
        return self.reason is None
