"""A row of the file inventory: the facts that raw_to_bronze determines once for all later readers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_QUOTE = '"'


class FileFormat(StrEnum):
    """Layout of a file's records."""

    DELIMITED = "delimited"
    JSON_LINES = "json_lines"
    JSON_ARRAY = "json_array"
    JSON_OBJECT = "json_object"
    CONCATENATED_JSON = "concatenated_json"  # objects in sequence, with or without blanks in between
    PARQUET = "parquet"


class Reason(StrEnum):
    """Why a file is rejected, in order of precedence (spec 3)."""

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

    ``names``: the source's columns, stripped (``column_names.strip_name``). Delimited: by position, from the
    header, the source's ``columnNames``, or the contract's order when the file was first accepted. Parquet:
    the schema's columns. JSON: the distinct top-level keys of the first 100 records.
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
    escape: str = ""  # the character that makes the next one literal inside quotes; empty: none
    line_end: str = "\n"  # "\n" (also for CRLF) or "\r"
    multiline: bool = False  # a quoted field contains a line break (or a quote is never closed)
    names: tuple[str, ...] = ()
    skip_lines: int = 0  # physical lines before the header to skip
    footer_lines: int = 0  # physical lines at the end to skip
    record_path: tuple[str, ...] = ()  # keys to the array of records within one JSON object
    has_given_names: bool = False  # the source names the fields by position (``columnNames``)
    replaced_names: tuple[str, ...] = ()  # the header's names, stripped, that ``columnNames`` replace
    schema: str | None = None  # Parquet only: the Arrow schema's text, one field a line
    rows: int | None = None  # where cheap
    source: str | None = None  # the contract's source that matched
    reason: Reason | None = None
    detail: str = ""  # what was found, in one clause; names the missing column for content_mismatch
    hint: str = ""  # the ``sources`` entry (YAML) under which the file would be accepted, if one was found

    @property
    def is_valid(self) -> bool:
        """Whether the file is accepted into BRONZE."""
        return self.reason is None
