"""Section 3, the rows are files: what is ignored, what is rejected and why, and how a valid file is read."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import COLUMNS, MAX_EXPANDED_BYTES, MAX_EXPANSION
from tests.oracle.names import contract_column
from tests.oracle.records import (
    Cell,
    NotJson,
    Record,
    array_elements,
    delimited_lines,
    json_line_records,
    json_record,
    parquet_names,
    parquet_records,
    parse_object,
    text_lines,
)
from tests.oracle.sources import NO_SOURCE, Source, Sources, source_of

_TEXT_FORMS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
_DELIMITED_FORMS = (".csv", ".tsv", ".txt")
_DELIMITERS = ",\t;|"
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"PAR1": "Parquet",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
}


class Rejected(Exception):  # noqa: N818  a verdict on a file, not an error of ours
    """The file goes to quarantine/files."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class File:
    """A file of RAW. `shape` says how a valid one is read; the other facts belong to delimited text."""

    dataset: str
    key: str
    path: Path
    source: Source = NO_SOURCE
    is_ignored: bool = False
    reason: str | None = None
    detail: str = ""
    shape: str | None = None  # delimited, json_lines, json_array, json_object, parquet
    text: str = ""
    delimiter: str = ""
    header: tuple[str, ...] | None = None

    @property
    def is_valid(self) -> bool:
        return self.shape is not None


def look_at_files(raw: Path, dataset: str, sources: Sources | None = None) -> list[File]:
    folder = raw / dataset
    found = [path for path in folder.rglob("*") if path.is_file()]
    files = [look_at_file(dataset, path.relative_to(folder).as_posix(), path, sources) for path in found]
    return sorted(files, key=lambda file: file.key.encode())


def look_at_file(dataset: str, key: str, path: Path, sources: Sources | None = None) -> File:
    file = File(dataset, key, path, source_of(sources, dataset, key))
    if is_ignored(key):
        return replace(file, is_ignored=True)
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
        form = ".json" if text.lstrip().startswith(("[", "{")) else ".txt"
    if form in (".jsonl", ".ndjson"):
        return _accept_json_lines(file)
    if form == ".json":
        return _accept_json(file)
    if form == ".txt" and _are_json_lines(text):
        return replace(file, shape="json_lines")
    return _accept_delimited(file)


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
    return content.decode(encoding, errors="replace").removeprefix("\ufeff")


def _decode(content: bytes, encoding: str | None) -> str:
    if encoding is None:
        encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise Rejected("undecodable", str(error)) from error


# --- JSON --------------------------------------------------------------------------------------------------


def _are_json_lines(text: str) -> bool:
    """One of the first 100 non-blank lines begins, in column 1, an object that parses."""
    return any(line.startswith("{") and parse_object(line) is not None for line in text_lines(text)[:100])


def _accept_json_lines(file: File) -> File:
    if not any(parse_object(line) is not None for line in text_lines(file.text)[:100]):
        raise Rejected("content_mismatch", "no JSON object in the first 100 lines")
    return replace(file, shape="json_lines")


def _accept_json(file: File) -> File:
    begins = file.text.lstrip()[0]
    if begins == "[":
        try:
            array_elements(file.text)
        except NotJson as error:
            raise Rejected("corrupt_json", str(error)) from error
        return replace(file, shape="json_array")
    if parse_object(file.text) is not None:
        return replace(file, shape="json_object")
    if _are_json_lines(file.text):
        return replace(file, shape="json_lines")
    raise Rejected("corrupt_json" if begins == "{" else "content_mismatch", f"begins with {begins!r}")


# --- delimited text ----------------------------------------------------------------------------------------


def _accept_delimited(file: File) -> File:
    if file.text.lstrip().startswith(("{", "[")):
        raise Rejected("content_mismatch", "JSON under a delimited name")
    candidates = file.source.delimiter or _DELIMITERS
    first = {d: next(delimited_lines(file.text, d, file.source.quote)).fields for d in candidates}
    mapped = {d: sum(_is_known(file, name) for name in names) for d, names in first.items()}
    width = len(COLUMNS[file.dataset])
    if max(mapped.values()) > 0:
        delimiter = max(candidates, key=lambda d: mapped[d])  # max keeps the first of equals
    else:
        fitting = [d for d in candidates if len(first[d]) == width]
        delimiter = (fitting or list(candidates))[0]
    names = first[delimiter]
    if _is_header(file, names):
        _require_sources(file, names)
        return replace(file, shape="delimited", delimiter=delimiter, header=names)
    if len(names) != width:
        raise Rejected("content_mismatch", f"{len(names)} columns that have no names")
    return replace(file, shape="delimited", delimiter=delimiter)


def plain_name(name: str) -> str:
    """A source column's own name, as a source would spell it."""
    return name.strip().strip("\ufeff").strip()


def _is_known(file: File, name: str) -> bool:
    return contract_column(file.dataset, name) is not None or plain_name(name) in file.source.used


def _is_header(file: File, names: tuple[str, ...]) -> bool:
    if file.source.header is not None:
        return file.source.header
    required = {column.name for column in COLUMNS[file.dataset] if column.is_required}
    return required <= _columns_with_a_source(file, names) or (
        2 * sum(_is_known(file, name) for name in names) >= len(names)
    )


def _columns_with_a_source(file: File, names: tuple[str, ...] | list[str]) -> set[str]:
    plain = {plain_name(name) for name in names}
    listed = {c for c, spec in file.source.columns.items() if spec in plain or spec.split(".")[0] in plain}
    by_name = {contract_column(file.dataset, name) for name in names} - file.source.listed
    return listed | set(file.source.computed) | {column for column in by_name if column}


def _require_sources(file: File, names: tuple[str, ...] | list[str]) -> None:
    found = _columns_with_a_source(file, names)
    for column in COLUMNS[file.dataset]:
        if column.is_required and column.name not in found:
            raise Rejected("content_mismatch", f"no source for the required column {column.name}")


def _delimited_records(file: File) -> Iterator[Record]:
    names = file.header or tuple(column.name for column in COLUMNS[file.dataset])
    for line in delimited_lines(file.text, file.delimiter, file.source.quote):
        if line.is_broken or len(line.fields) != len(names):
            yield Record(line.raw, None)
        elif file.header is None or line.fields != file.header:
            yield Record(line.raw, tuple(zip(names, map(Cell, line.fields), strict=True)))


# --- Parquet -----------------------------------------------------------------------------------------------


def _accept_parquet(file: File) -> File:
    try:
        pq.ParquetFile(file.path).read()
        names = parquet_names(file.path)
    except (pa.ArrowException, OSError) as error:
        raise Rejected("corrupt_parquet", str(error)) from error
    _require_sources(file, names)
    return replace(file, shape="parquet")


# --- all of them -------------------------------------------------------------------------------------------


def records_of(file: File) -> list[Record]:
    match file.shape:
        case "delimited":
            return list(_delimited_records(file))
        case "json_lines":
            return list(json_line_records(file.text))
        case "json_array":
            return [json_record(raw, node) for raw, node in array_elements(file.text)]
        case "json_object":
            return [json_record(file.text.strip(), parse_object(file.text))]
        case "parquet":
            return list(parquet_records(file.path))
    raise ValueError(f"{file.key} is no valid file")
