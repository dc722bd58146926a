"""Run reports: the document that `lakegate run --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING

from checkpoints.gate.measure_files import MOST_LACKING
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from checkpoints.lake.ingestion import Ingestion


@dataclass(frozen=True, slots=True)
class FileCounts:
    """Files of a dataset in raw_to_bronze, by outcome.

    ``without_rows``: valid and unchanged files without a record.
    """

    valid: int = 0
    unchanged: int = 0
    ignored: int = 0
    without_rows: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LackingFile:
    """A file accepted before, and the required columns that it has no source for today."""

    file: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LackingFiles:
    """The number of files that lack required columns, and the first of them by key."""

    count: int
    files: tuple[LackingFile, ...]


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """One dataset or table in one transition; a field that does not apply is None."""

    dataset: str
    verdict: Verdict
    rows_read: int | None = None
    rows_promoted: int | None = None
    rows_quarantined: int | None = None
    rows_deduplicated: int | None = None
    rows_conflicting: int | None = (
        None  # included in rows_deduplicated; None for users, whose rows are merged
    )
    rows_discarded: int | None = None  # by corrections
    rows_fixed: int | None = None  # by corrections; each has another outcome too
    rows_waived: int | None = None  # likewise
    stale: int | None = None  # corrections whose records are no longer in their file
    rows_excluded: int | None = None  # not included in rows_read
    rows_by_rule: Mapping[str, int] | None = None
    rows_warned: Mapping[str, int] | None = None
    files: FileCounts | None = None
    files_lacking_columns: LackingFiles | None = None
    promoted: str | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TransitionReport:
    """One transition of a run.

    ``verdict``: the gate's. ``warnings``: problems beside the lake, such as a catalog that could not be
    written; None: no problem.
    """

    name: str
    verdict: Verdict
    seconds: float
    datasets: tuple[DatasetReport, ...]
    warnings: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run: the transitions that were carried out, in order."""

    run_id: str
    as_of: str
    transitions: tuple[TransitionReport, ...]
    docs: str | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of the transitions, at least warn with warnings; pass if nothing changed."""
        verdicts = [transition.verdict for transition in self.transitions]
        warned = [Verdict.WARN for transition in self.transitions if transition.warnings]
        verdict = Verdict.worst([*verdicts, *warned])
        return Verdict.PASS if verdict is Verdict.UNCHANGED else verdict


def as_document(report: RunReport) -> dict[str, object]:
    """Return the report as the JSON document of spec 7."""
    document = _plain(report)
    return {"run_id": report.run_id, "as_of": report.as_of, "verdict": report.verdict.value, **document}


def plain_document(value: TransitionReport | DatasetReport) -> dict[str, object]:
    """Return a part of a report as in that document."""
    return _plain(value)


def _plain(value: object) -> dict[str, object]:
    """Convert a report value to JSON types. None is left out, except `promoted`, which is null."""
    assert is_dataclass(value)
    plain: dict[str, object] = {}
    for name in (f.name for f in fields(value)):
        item = getattr(value, name)
        if item is None and name != "promoted":
            continue
        if isinstance(item, tuple):
            plain[name] = [_plain(i) if is_dataclass(i) else i for i in item]
        elif is_dataclass(item):
            plain[name] = _plain(item)
        else:
            plain[name] = dict(item) if isinstance(item, Mapping) else item
    return plain


def count_files(ingestion: Ingestion) -> FileCounts:
    """Return the number of files by outcome."""
    return FileCounts(
        valid=ingestion.valid,
        unchanged=ingestion.unchanged,
        ignored=ingestion.ignored,
        without_rows=len(ingestion.without_rows),
        quarantined={reason.value: count for reason, count in sorted(ingestion.quarantined.items())},
    )


def name_lacking(lacking: Mapping[str, tuple[str, ...]]) -> LackingFiles | None:
    """Return the report's entry on files that lack required columns; it lists the first of them."""
    if not lacking:
        return None
    first = [LackingFile(key, columns) for key, columns in list(lacking.items())[:MOST_LACKING]]
    return LackingFiles(len(lacking), tuple(first))
