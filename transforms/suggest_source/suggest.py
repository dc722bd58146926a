"""Source suggestion for a whole file: by its names, and by its values where the names do not suffice."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contracts.inventory import FileFormat, Reason
from contracts.model import DateOrder, Kind, Source
from transforms.formats.text_cleaning import BYTE_ORDER_MARK
from transforms.raw_to_bronze.column_coverage import ColumnCoverage
from transforms.raw_to_bronze.file_names import Claim, match_source, parse_file_name
from transforms.raw_to_bronze.inspect_file import inspect_file
from transforms.raw_to_bronze.json_sniffer import find_records
from transforms.raw_to_bronze.text_decoder import TextLayout
from transforms.suggest_source.columns import doubtful_names, propose_columns
from transforms.suggest_source.csv_layout import drop_lines, find_layout
from transforms.suggest_source.encodings import find_encoding, guess_encoding
from transforms.suggest_source.entry import Finding, new_source
from transforms.suggest_source.hint import (
    ESCAPE_FINDING,
    Sample,
    Suggestion,
    read_text,
    record_path_finding,
    suggest_source,
    with_nearest_columns,
)
from transforms.suggest_source.names import fit_by_names, name_findings
from transforms.suggest_source.samples import records_of_parquet, records_of_text, sampled_columns
from transforms.suggest_source.values import find_value_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from transforms.suggest_source.samples import Record

MOST_SAMPLED_BYTES = 64 * 1024 * 1024
_FIXABLE = (None, Reason.CONTENT_MISMATCH, Reason.UNDECODABLE)  # reasons that an entry can remove
_DELIMITED_CLAIMS = (Claim.DELIMITED, Claim.TEXT, Claim.ANY_TEXT)
_MIN_TYPED = 0.5  # of the values of a column of times or numbers
_FIT_MISSING = -10.0  # for a required column


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file as in RAW: its key below the dataset's folder, its size, and a function that opens it."""

    key: str
    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry for a file under one contract.

    ``fit``: how well the file fits the contract's dataset; greater is better. ``problem``: in one clause, why
    no entry makes the file acceptable; else empty.
    """

    contract: Contract
    source: Source | None = None
    findings: tuple[Finding, ...] = ()
    fit: float = float("-inf")
    problem: str = ""


def suggest_entry(file: LocalFile, contract: Contract) -> Entry:
    """Return the entry that makes a file acceptable under a contract, or why none does.

    The file is read completely once to inspect it, and its beginning again as a sample.
    """
    facts = inspect_file(file.key, file.size_bytes, file.open, contract)
    if facts.reason not in _FIXABLE:
        return Entry(contract, problem=facts.detail)
    base = match_source(file.key, contract)
    if facts.format is FileFormat.PARQUET:
        return _suggest_parquet(file, contract, base)
    return _suggest_text(file, facts, contract, base)


def _suggest_parquet(file: LocalFile, contract: Contract, base: Source | None) -> Entry:
    with file.open() as stream:
        records = records_of_parquet(stream)
    names = tuple(dict.fromkeys(path[0] for record in records for path in record))
    source, columns = with_nearest_columns(contract, base or new_source(file.key, contract), names)
    findings = [Finding("form", f"Parquet, {len(names)} columns with values"), *columns]
    return _complete(contract, base, source, findings, names, records)


def _suggest_text(file: LocalFile, facts: FileFacts, contract: Contract, base: Source | None) -> Entry:
    data, is_whole = _read_head(file)
    encoding, evidence = "", f"{facts.encoding}, as every byte of the text"
    if facts.reason is Reason.UNDECODABLE or (b"\0" in data and facts.encoding == "utf-8"):
        found = find_encoding(data) or guess_encoding(data)
        if found is None:
            return Entry(contract, problem=facts.detail)
        encoding, evidence = found
    text = data.decode(encoding or facts.encoding, "replace").removeprefix(BYTE_ORDER_MARK)
    sample = Sample(file.key, text, is_whole, encoding=encoding)
    suggestion = suggest_source(sample, contract, base)
    if suggestion is None or (base is None and _is_accidental(suggestion, contract)):
        suggestion = _suggest_by_width(sample, sample.source(contract, base))
    if suggestion is None:
        return Entry(contract, problem=facts.detail)
    suggestion = _with_any_records(suggestion, contract)
    entry = _complete(
        contract,
        base,
        suggestion.source,
        [Finding("encoding", evidence), *suggestion.findings],
        suggestion.layout.names,
        _records(suggestion),
    )
    return _without_default_keys(entry, sample, suggestion.layout)


def _records(suggestion: Suggestion) -> list[Record]:
    return records_of_text(suggestion.text, suggestion.source, suggestion.layout)


def _is_accidental(suggestion: Suggestion, contract: Contract) -> bool:
    """Whether a text without known names only happens to have as many fields as the contract has columns.

    Its first record is then a header, or most values of a column of times or numbers are invalid.
    """
    if suggestion.layout.format is not FileFormat.DELIMITED or suggestion.layout.header:
        return False
    layout = find_layout(suggestion.text, suggestion.source)
    if layout is not None and layout.has_header:
        return True
    kinds = {column.name: column.type.kind for column in contract.columns}
    for sampled in sampled_columns(_records(suggestion)):
        kind = kinds[sampled.name]
        rate = 1.0
        if kind is Kind.TIMESTAMP:
            rate = max(map(sampled.time_rate, DateOrder))
        elif kind.is_number:
            rate = max(map(sampled.number_rate, ".,"))
        if rate < _MIN_TYPED:
            return True
    return False


def _read_head(file: LocalFile) -> tuple[bytes, bool]:
    """Return the first bytes of a text, decompressed, and whether they are the whole text."""
    name = parse_file_name(file.key)
    with file.open() as stream:
        if name is not None and name.is_gzip:
            with gzip.open(stream) as inner:
                data = inner.read(MOST_SAMPLED_BYTES + 1)
        else:
            data = stream.read(MOST_SAMPLED_BYTES + 1)
    return data[:MOST_SAMPLED_BYTES], len(data) <= MOST_SAMPLED_BYTES


def _suggest_by_width(sample: Sample, source: Source) -> Suggestion | None:
    """Return a suggestion for delimited text with unknown names or none, by its records' number of fields."""
    name = parse_file_name(sample.key)
    if name is None or name.claim not in _DELIMITED_CLAIMS or source.column_names:
        return None
    body = drop_lines(sample.body, source.skip_lines)
    layout = find_layout(body, source)
    if layout is None:
        return None
    width, delimiter = len(layout.names), layout.dialect.delimiter
    agreeing = f"{layout.agreeing} of the first {layout.records} records have {width} fields under it"
    findings = [Finding("delimiter", f"{delimiter!r}: {agreeing}")]
    source = replace(source, delimiter=delimiter)
    if layout.lines:
        source = replace(source, skip_lines=source.skip_lines + layout.lines)
        lines = "line of another form stands" if layout.lines == 1 else "lines of another form stand"
        findings.append(Finding("skipLines", f"{layout.lines} {lines} before the records"))
    if layout.dialect.escape:
        source = replace(source, escape=layout.dialect.escape)
        findings.append(ESCAPE_FINDING)
    if layout.has_header:
        names = layout.names
        source = replace(source, header=True)
        evidence = "the first record holds distinct names, and no value of its columns"
        findings.append(Finding("header", evidence))
    else:
        names = tuple(f"c{number}" for number in range(1, width + 1))
        source = replace(source, column_names=names)
        evidence = "no header: the first record holds values; the names are placeholders"
        findings.append(Finding("columnNames", evidence))
    found = TextLayout(FileFormat.DELIMITED, dialect=layout.dialect, header=layout.has_header, names=names)
    return Suggestion(source, found, body[layout.begin :], tuple(findings))


def _with_any_records(suggestion: Suggestion, contract: Contract) -> Suggestion:
    """Return the suggestion with the path to an array of objects with any keys, in a text of one object."""
    layout, source = suggestion.layout, suggestion.source
    if layout.format is not FileFormat.JSON_OBJECT or source.record_path:
        return suggestion
    if not ColumnCoverage(contract, source).missing(layout.names):
        return suggestion
    try:
        found = find_records(json.loads(suggestion.text), lambda _name: True)
    except ValueError:  # the source's footer follows the object
        found = None
    if found is None:
        return suggestion
    return replace(
        suggestion,
        source=replace(source, record_path=found.path),
        layout=replace(layout, names=found.names),
        findings=(*suggestion.findings, record_path_finding(found.path)),
    )


def _without_default_keys(entry: Entry, sample: Sample, layout: TextLayout) -> Entry:
    """Return the entry without a delimiter and header that the inspection finds by itself."""
    name = parse_file_name(sample.key)
    if entry.source is None or name is None or layout.dialect is None:
        return entry
    for fewer in (
        replace(entry.source, delimiter=None, header=None),
        replace(entry.source, header=None),
        replace(entry.source, delimiter=None),
    ):
        found = read_text(name.claim, entry.contract, fewer, sample.body)
        if (
            found.dialect is not None
            and found.dialect.delimiter == layout.dialect.delimiter
            and found.names == layout.names
            and found.header is (layout.header and not fewer.column_names)
        ):
            return replace(entry, source=fewer)
    return entry


def _complete(
    contract: Contract,
    base: Source | None,
    source: Source,
    findings: Sequence[Finding],
    names: Sequence[str],
    records: Sequence[Record],
) -> Entry:
    """Return the entry with sources for missing required columns, and the conventions of the values."""
    given = base.columns if base else {}
    nearest = {column: name for column, name in source.columns.items() if column not in given}
    sampled = sampled_columns(records)
    doubtful = doubtful_names(contract, nearest, sampled)
    columns = {column: spec for column, spec in source.columns.items() if column not in doubtful}
    named = replace(source, columns=columns)
    proposed, proposals, fit = propose_columns(contract, named, names, sampled, len(records))
    texts = [{".".join(path): text for path, text in record.items()} for record in records]
    paths = dict.fromkeys(path for text in texts for path in text)
    valued, conventions = find_value_keys(texts, paths, contract, proposed)
    if proposed.date_order is not named.date_order and proposed.date_order is not None:
        conventions["dateOrder"] = f"most values are dates as {proposed.date_order} only"
    if proposed.decimal_mark != named.decimal_mark:
        conventions["decimalMark"] = "most values are numbers with a decimal comma only"
    all_findings = [
        *(finding for finding in findings if finding.column not in doubtful),
        *name_findings(contract, named, names),
        *proposals,
        *(Finding(key, evidence) for key, evidence in conventions.items()),
    ]
    order = {column: place for place, column in enumerate(contract.column_names)}
    columns = dict(sorted(valued.columns.items(), key=lambda item: order.get(item[0], len(order))))
    valued = replace(valued, columns=columns)
    missing = ColumnCoverage(contract, valued).missing(names)
    problem = ""
    if missing:
        kinds = {column.name: column.type.kind.value for column in contract.columns}
        problem = "no column looks like " + ", ".join(f"{name} ({kinds[name]})" for name in missing)
    fit += fit_by_names(contract, named, names, sampled, len(records))
    fit += _FIT_MISSING * len(missing)
    return Entry(contract, valued, tuple(dict.fromkeys(all_findings)), fit, problem)
