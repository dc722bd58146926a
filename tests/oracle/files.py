"""Section 3, the rows are files: what is ignored, what is rejected and why, and how a valid file is read."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import MAX_EXPANDED_BYTES, MAX_EXPANSION, SHIPPED, Contract, Contracts
from tests.oracle.delimited import BOM
from tests.oracle.delimited_files import (
    Layout,
    Rejected,
    columns_without_a_source,
    layout_of,
    require_sources,
    table_records,
)
from tests.oracle.json_text import (
    NotJson,
    are_json_lines,
    array_elements,
    concatenated_records,
    is_concatenated,
    json_line_records,
    json_record,
    parse_object,
    text_lines,
    wrapped_records,
)
from tests.oracle.names import strip_name
from tests.oracle.parquet_rows import parquet_names, parquet_records
from tests.oracle.records import Record
from tests.oracle.sources import NO_SOURCE, Source, Sources, source_of

_DELIMITED_FORMS = (".csv", ".tsv", ".txt")
_TEXT_FORMS = (*_DELIMITED_FORMS, ".json", ".jsonl", ".ndjson")
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
}


@dataclass(frozen=True)
class File:
    """A file of RAW. `shape` says how a valid one is read; the other facts belong to text."""

    contract: Contract
    key: str
    path: Path
    source: Source = NO_SOURCE
    is_ignored: bool = False
    reason: str | None = None
    detail: str = ""
    shape: str | None = (
        None  # delimited, json_lines, json_array, json_object, concatenated_json, wrapped, parquet
    )
    text: str = ""
    layout: Layout | None = None  # delimited
    record_path: str = ""  # wrapped

    @property
    def dataset(self) -> str:
        return self.contract.dataset

    @property
    def is_valid(self) -> bool:
        return self.shape is not None


Accepted = Mapping[str, File]  # by key: what an earlier run learned of the valid files


def look_at_files(
    raw: Path,
    dataset: str,
    sources: Sources | None = None,
    contracts: Contracts = SHIPPED,
    accepted: Accepted | None = None,
) -> list[File]:
    folder = raw / dataset
    found = [path for path in folder.rglob("*") if path.is_file()]
    files = [
        look_at_file(dataset, path.relative_to(folder).as_posix(), path, sources, contracts, accepted)
        for path in found
    ]
    return sorted(files, key=lambda file: file.key.encode())


def look_at_file(
    dataset: str,
    key: str,
    path: Path,
    sources: Sources | None = None,
    contracts: Contracts = SHIPPED,
    accepted: Accepted | None = None,
) -> File:
    """What was learned of a file that an earlier run accepted holds, under a new contract too."""
    file = File(contracts[dataset], key, path, source_of(sources, dataset, key))
    if is_ignored(key):
        return replace(file, is_ignored=True)
    before = (accepted or {}).get(key)
    if before is not None and before.path.read_bytes() == path.read_bytes():
        return replace(before, contract=file.contract, path=path, source=file.source)
    try:
        return _accept(file)
    except Rejected as rejected:
        return replace(file, reason=rejected.reason, detail=rejected.detail)


def is_ignored(key: str) -> bool:
    *folders, name = key.split("/")
    if any(folder.startswith(".") or folder in ("_temporary", "_delta_log") for folder in folders):
        return True
    return (
        name in ("", "_SUCCESS")
        or name.startswith(("_committed_", "_started_", "."))
        or name.endswith((".crc", "_$folder$"))
    )


# --- from bytes to a form ----------------------------------------------------------------------------------


def _accept(file: File) -> File:
    name = file.key.split("/")[-1].lower()
    is_gzip = name.endswith(".gz")
    inner = name.removesuffix(".gz")
    form = next((form for form in (*_TEXT_FORMS, ".parquet") if inner.endswith(form)), None)
    if (form is None and not is_gzip) or (form == ".parquet" and is_gzip):
        raise Rejected("unsupported_format", name)
    content = file.path.read_bytes()
    if not content.strip():
        raise Rejected("empty")
    if form == ".parquet":
        return _accept_parquet(file)
    return _accept_text(file, form, *(_expand(content) if is_gzip else (content, None)))


def _accept_text(file: File, form: str | None, content: bytes, problem: Rejected | None) -> File:
    """Judges in the spec's order: empty, magic bytes, gzip, encoding, then the form's own matters."""
    if problem is None and not _lenient_text(content).strip():
        raise Rejected("empty")
    for magic, what in _MAGIC.items():
        if content.startswith(magic):
            raise Rejected("content_mismatch", f"is {what}")
    if problem is not None:
        raise problem
    text = _decode(content, file.source.encoding)
    if "\0" in text:
        raise Rejected("content_mismatch", "NUL in text")
    file = replace(file, text=text)
    if form is None:
        form = ".json" if _begins_with(text) in ("[", "{") else ".txt"
    if file.source.record_path is not None and form not in (".csv", ".tsv"):
        return _accept_wrapped(file, file.source.record_path)
    if form == ".json":
        return _accept_json(file)
    if form in (".jsonl", ".ndjson"):
        return _accept_json_lines(file)
    if form == ".txt" and is_concatenated(text):
        return replace(file, shape="concatenated_json")
    if form == ".txt" and are_json_lines(text):
        return replace(file, shape="json_lines")
    return replace(file, shape="delimited", layout=layout_of(text, file.contract, file.source))


def _expand(content: bytes) -> tuple[bytes, Rejected | None]:
    """All members of a gzip file, and what is wrong with it."""
    expanded = bytearray()
    rest = content
    while rest.strip(b"\0") or not expanded:
        member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            while not member.eof:
                piece = member.decompress(rest, 1 << 20)
                rest = member.unconsumed_tail
                expanded += piece
                limit = max(MAX_EXPANDED_BYTES, MAX_EXPANSION * len(content))
                if len(expanded) > limit:
                    return bytes(expanded), Rejected("oversized_expansion")
                if not piece and not rest and not member.eof:
                    return bytes(expanded), Rejected("corrupt_gzip", "truncated")
        except zlib.error as error:
            return bytes(expanded), Rejected("corrupt_gzip", str(error))
        rest = member.unused_data
        if not rest.strip(b"\0"):
            break
    return bytes(expanded), None


def _lenient_text(content: bytes) -> str:
    """Only to see whether there is anything but blanks."""
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    return content.decode(encoding, errors="replace").removeprefix(BOM)


def _decode(content: bytes, encoding: str | None) -> str:
    if encoding is None:
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return content.decode(encoding).removeprefix(BOM)
    except UnicodeDecodeError as error:
        raise Rejected("undecodable", str(error)) from error


def _begins_with(text: str) -> str:
    return text.lstrip()[:1]


# --- JSON --------------------------------------------------------------------------------------------------


def _accept_json_lines(file: File) -> File:
    if is_concatenated(file.text):
        return replace(file, shape="concatenated_json")
    if not any(parse_object(line) is not None for line in text_lines(file.text)[:100]):
        raise Rejected("content_mismatch", "no JSON object in the first 100 lines")
    return replace(file, shape="json_lines")


def _accept_json(file: File) -> File:
    begins = _begins_with(file.text)
    if begins == "[":
        try:
            array_elements(file.text)
        except NotJson as error:
            raise Rejected("corrupt_json", str(error)) from error
        return replace(file, shape="json_array")
    if parse_object(file.text) is not None:
        return replace(file, shape="json_object")
    if is_concatenated(file.text):
        return replace(file, shape="concatenated_json")
    if are_json_lines(file.text):
        return replace(file, shape="json_lines")
    raise Rejected("corrupt_json" if begins == "{" else "content_mismatch", f"begins with {begins!r}")


def _accept_wrapped(file: File, record_path: str) -> File:
    if wrapped_records(file.text, record_path) is None:
        raise Rejected("content_mismatch", f"no array of records at {record_path}")
    return replace(file, shape="wrapped", record_path=record_path)


# --- Parquet -----------------------------------------------------------------------------------------------


def _accept_parquet(file: File) -> File:
    try:
        pq.ParquetFile(file.path).read()
        names = parquet_names(file.path)
    except (pa.ArrowException, OSError) as error:
        raise Rejected("corrupt_parquet", str(error)) from error
    require_sources(names, file.contract, file.source)
    return replace(file, shape="parquet")


# --- all of them -------------------------------------------------------------------------------------------


def records_of(file: File) -> list[Record]:
    match file.shape:
        case "delimited" if file.layout is not None:
            return list(table_records(file.text, file.layout))
        case "json_lines":
            return list(json_line_records(file.text))
        case "json_array":
            return [json_record(raw, node) for raw, node in array_elements(file.text)]
        case "json_object":
            return [json_record(file.text.strip(), parse_object(file.text))]
        case "concatenated_json":
            return list(concatenated_records(file.text))
        case "wrapped":
            return wrapped_records(file.text, file.record_path) or []
        case "parquet":
            return list(parquet_records(file.path))
    raise ValueError(f"{file.key} is no valid file")


def names_of(file: File) -> set[str]:
    """The stripped names of a valid file's columns; of JSON, the keys of its records."""
    if file.layout is not None:
        return set(file.layout.names)
    if file.shape == "parquet":
        return {strip_name(name) for name in parquet_names(file.path)}
    return {strip_name(name) for record in records_of(file) for name, _ in record.cells or ()}


def unreadable_columns(file: File) -> list[str]:
    """The required columns without a source in a file that was accepted under another contract."""
    if file.layout is not None:
        return columns_without_a_source(file.layout.names, file.contract, file.source)
    if file.shape == "parquet":
        return columns_without_a_source(parquet_names(file.path), file.contract, file.source)
    return []
