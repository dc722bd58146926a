"""Hints: the ``sources`` entry that would make a text acceptable, suggested from its first 64 KiB and names.

The suggestion is tried on the sample: it is returned only if the text's format is recognised with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contracts.inventory import FileFormat, Reason
from transforms.raw_to_bronze.column_coverage import ColumnCoverage
from transforms.raw_to_bronze.csv_sniffer import DELIMITERS
from transforms.raw_to_bronze.file_names import Claim, parse_file_name
from transforms.raw_to_bronze.text_sniffer import sniffer_for
from transforms.suggest_source.csv_layout import (
    delimited_records,
    drop_lines,
    find_escape,
    find_footer,
    find_header,
)
from transforms.suggest_source.encodings import find_encoding
from transforms.suggest_source.entry import Finding, entry_yaml, new_source
from transforms.suggest_source.values import find_value_keys

if TYPE_CHECKING:
    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source
    from transforms.raw_to_bronze.text_decoder import TextDecoder, TextLayout

_JSON = (FileFormat.JSON_LINES, FileFormat.JSON_OBJECT, FileFormat.JSON_ARRAY, FileFormat.CONCATENATED_JSON)
ESCAPE_FINDING = Finding("escape", 'quotes are written \\" inside quotes')


@dataclass(frozen=True, slots=True)
class Sample:
    """The text of a file, or its beginning. ``encoding``: one to suggest, unless empty.

    ``layout``: of the whole text, if it is known already.
    """

    key: str
    text: str
    is_whole: bool
    layout: TextLayout | None = None
    encoding: str = ""

    @property
    def body(self) -> str:
        """The text without a last line that may be incomplete; a text of one line as it is."""
        end = -1 if self.is_whole else self.text.rfind("\n" if "\n" in self.text else "\r")
        return self.text if end < 0 else self.text[: end + 1]

    def source(self, contract: Contract, base: Source | None) -> Source:
        """Return the source to complete, with the encoding: the one that matches the file, or a new one."""
        source = base or new_source(self.key, contract)
        return replace(source, encoding=self.encoding) if self.encoding else source


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested source. ``layout``: of the text under it, from ``text`` on.

    ``missing``: required columns that no name of the file provides; with any, the file is still rejected.
    ``is_needed``: without the source the file is rejected, or misread.
    """

    source: Source
    layout: TextLayout
    text: str
    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()
    is_needed: bool = False


def suggest_hint(
    facts: FileFacts, decoder: TextDecoder, layout: TextLayout, contract: Contract, source: Source | None
) -> str:
    """Return the ``sources`` entry for an inspected file as YAML; empty where none is needed or found."""
    sample = _sample(facts, decoder, layout, has_encoding=source is not None and source.encoding is not None)
    suggestion = None if sample is None else suggest_source(sample, contract, source)
    if suggestion is None or suggestion.missing or not suggestion.is_needed:
        return ""
    return entry_yaml(suggestion.source)


def _sample(
    facts: FileFacts, decoder: TextDecoder, layout: TextLayout, *, has_encoding: bool
) -> Sample | None:
    """Return the sample to suggest a source from; None where none is needed or possible."""
    if facts.reason is Reason.UNDECODABLE or decoder.has_nul:
        found = None
        if decoder.may_be_windows_1252 and not has_encoding:
            found = find_encoding(decoder.sample_bytes)
        if found is None:
            return None
        text = decoder.sample_bytes.decode(found[0], "ignore")
        return Sample(facts.key, text, decoder.is_sample_whole, encoding=found[0])
    is_suspect = (
        facts.reason is Reason.CONTENT_MISMATCH
        or (facts.format is FileFormat.DELIMITED and f"\\{facts.quote}" in decoder.sample)
        or facts.format in _JSON
    )
    if not is_suspect or facts.reason not in (None, Reason.CONTENT_MISMATCH):
        return None
    return Sample(facts.key, decoder.sample, decoder.is_sample_whole, layout)


def suggest_source(sample: Sample, contract: Contract, base: Source | None = None) -> Suggestion | None:
    """Return the suggested source for a text; None where none is found.

    Args:
        sample: the file's text, or its beginning.
        contract: the contract of its dataset.
        base: the source that matches the file already, which the suggestion completes.
    """
    name = parse_file_name(sample.key)
    if name is None or name.claim is Claim.PARQUET:
        return None
    source = sample.source(contract, base)
    text = sample.body
    layout = sample.layout or read_text(name.claim, contract, source, text)
    body = drop_lines(text, source.skip_lines)
    if layout.format is FileFormat.DELIMITED:
        found = _suggest_delimited(body, contract, source, layout, is_whole=sample.is_whole)
    else:
        found = _suggest_json(body, contract, source, layout)
    if found is None:
        return None
    found = replace(found, is_needed=found.is_needed or bool(sample.encoding))
    if found.is_needed and not found.missing and layout.wrapped is None:
        after = read_text(name.claim, contract, found.source, text)
        if after.mismatch or after.corruption:
            return None
    return found


def read_text(claim: Claim, contract: Contract, source: Source, text: str) -> TextLayout:
    """Return the layout of a whole text under a source."""
    sniffer = sniffer_for(claim, contract, source)
    sniffer.feed(text)
    return sniffer.finish()


def _suggest_json(text: str, contract: Contract, source: Source, layout: TextLayout) -> Suggestion | None:
    if layout.mismatch or layout.corruption:
        return None
    findings = [Finding("form", f"{layout.format.value}, with {len(layout.names)} names")]
    wrapped = layout.wrapped
    if wrapped is not None:
        source = replace(source, record_path=wrapped.path)
        layout = replace(layout, names=wrapped.names)
        findings.append(record_path_finding(wrapped.path))
    source, columns = with_nearest_columns(contract, source, layout.names)
    missing = ColumnCoverage(contract, source).missing(layout.names)
    is_needed = wrapped is not None or bool(columns)
    return Suggestion(source, layout, text, (*findings, *columns), missing, is_needed)


def _suggest_delimited(
    text: str, contract: Contract, source: Source, layout: TextLayout, *, is_whole: bool
) -> Suggestion | None:
    findings: list[Finding] = []
    missing: tuple[str, ...] = ()
    is_needed = bool(layout.mismatch)
    if layout.mismatch and not source.column_names:
        header = find_header(text, contract, source)
        if header is None:
            return None
        dialect, names = header.dialect, header.names
        findings.append(Finding("header", f"{len(names)} names in line {header.line + 1}"))
        if header.line:
            source = replace(source, skip_lines=source.skip_lines + header.line)
            evidence = f"the names stand in line {header.line + 1}, after lines of another form"
            findings.append(Finding("skipLines", evidence))
        if dialect.delimiter not in DELIMITERS and source.delimiter is None:
            source = replace(source, delimiter=dialect.delimiter)
            evidence = f"{len(names)} fields in line {header.line + 1} under it"
            findings.append(Finding("delimiter", evidence))
        source, columns = with_nearest_columns(contract, source, names)
        missing = ColumnCoverage(contract, source).missing(names)
        findings += columns
        text = text[header.begin :]
        footer = find_footer(text, dialect, len(names)) if header.line and is_whole else 0
        if footer > source.footer_lines:
            source = replace(source, footer_lines=footer)
            findings.append(Finding("footerLines", f"the last {footer} lines have another number of fields"))
    elif layout.mismatch or layout.dialect is None:
        return None
    else:
        dialect, names = layout.dialect, layout.names
        findings.append(Finding("form", f"delimited by {dialect.delimiter!r}, {len(names)} columns"))
        findings.append(Finding("header", "the names stand in the first record" if layout.header else "none"))
    if not source.escape and find_escape(text, dialect):
        source = replace(source, escape="\\")
        findings.append(ESCAPE_FINDING)
        is_needed = True
    records = delimited_records(text, dialect, names, has_header=False)
    source, values = find_value_keys(records, names, contract, source)
    findings += [Finding(key, evidence) for key, evidence in values.items()]
    layout = replace(
        layout,
        dialect=replace(dialect, escape=source.escape or dialect.escape),
        header=layout.header or bool(layout.mismatch),
        names=names,
    )
    return Suggestion(source, layout, text, tuple(findings), missing, is_needed)


def with_nearest_columns(
    contract: Contract, source: Source, names: tuple[str, ...]
) -> tuple[Source, list[Finding]]:
    """Return the source with the nearest names for missing required columns, and the evidence."""
    nearest = ColumnCoverage(contract, source).nearest(names)
    findings = [
        Finding("columns", f"{name!r} is the nearest name to {column}", column) for column, name in nearest
    ]
    return replace(source, columns={**source.columns, **dict(nearest)}), findings


def record_path_finding(path: tuple[str, ...]) -> Finding:
    """Return the evidence for a ``recordPath``."""
    return Finding("recordPath", f"the object holds an array of objects at {'.'.join(path)}")
