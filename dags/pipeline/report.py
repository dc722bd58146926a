"""What a run did, as values: the very document that `lakegate run --json` prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a transition or a dataset in it came out; ordered from best to worst."""

    UNCHANGED = "unchanged"
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    BLOCK = "block"


def worst(statuses: list[Status]) -> Status:
    """Return the worst of some statuses, `pass` when there are none."""
    order = list(Status)
    return max(statuses, key=order.index, default=Status.PASS)


@dataclass(frozen=True, slots=True)
class FileCounts:
    """How many files of a dataset raw_to_bronze met, by what became of them."""

    valid: int = 0
    unchanged: int = 0
    ignored: int = 0
    quarantined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """One dataset or table in one transition; a field that does not apply is None and left out."""

    dataset: str
    verdict: Status
    rows_read: int | None = None
    rows_promoted: int | None = None
    rows_quarantined: int | None = None
    rows_deduplicated: int | None = None
    rows_by_rule: Mapping[str, int] | None = None
    rows_warned: Mapping[str, int] | None = None
    files: FileCounts | None = None
    promoted: str | None = None
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TransitionReport:
    """One transition of a run."""

    name: str
    verdict: Status
    seconds: float
    datasets: tuple[DatasetReport, ...]


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run: its transitions in order, as far as it came."""

    run_id: str
    as_of: str
    transitions: tuple[TransitionReport, ...]
    docs: str | None = None

    @property
    def verdict(self) -> Status:
        """The worst verdict of the transitions; a run that changed nothing passes."""
        status = worst([t.verdict for t in self.transitions])
        return Status.PASS if status is Status.UNCHANGED else status


def as_document(report: RunReport) -> dict[str, object]:
    """Return the report as the JSON document of spec 7."""
    document = _plain(report)
    return {"run_id": report.run_id, "as_of": report.as_of, "verdict": report.verdict.value, **document}


def transition_document(report: TransitionReport) -> dict[str, object]:
    """Return one transition's entry in that document."""
    return _plain(report)


def _plain(value: object) -> dict[str, object]:
    """Turn a report value into plain JSON types; None is left out, but `promoted` stays, as null."""
    assert is_dataclass(value)  # noqa: S101
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
