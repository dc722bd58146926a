"""An outcome as a person reads it: in a task's log, as its note in the UI, in an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.pipeline.report import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dags.pipeline.report import DatasetReport
    from dags.pipeline.verdict_file import Outcome

MOST_RULES = 5


def note_of(outcome: Outcome, docs_link: str | None) -> str:
    """Return a line for the verdict, one for each dataset that has something to say, and the Data Docs.

    Only names and counts: no value of a row.
    """
    name = outcome.transition if outcome.dataset is None else f"{outcome.transition} of {outcome.dataset}"
    lines = [f"{name}, run {outcome.run_id}: {verdict_of(outcome)}"]
    if outcome.error is not None:
        lines.append(outcome.error.sentence)
    if outcome.report is not None:
        lines += [line for one in outcome.report.datasets for line in _told(one)]
    if docs_link:
        lines.append(f"Data Docs: {docs_link}")
    return "\n".join(lines)


def verdict_of(outcome: Outcome) -> str:
    """Return the verdict, ``failed`` where there is none."""
    return "failed" if outcome.report is None else outcome.report.verdict.value


def docs_link(outcome: Outcome, docs_url: str | None) -> str | None:
    """Return where the Data Docs are, as a browser finds them where ``docs_url`` is known."""
    return f"{docs_url.rstrip('/')}/index.html" if docs_url else outcome.docs


def _told(one: DatasetReport) -> Iterator[str]:
    rejected = {} if one.files is None else dict(one.files.quarantined)
    counts = {**rejected, **(one.rows_by_rule or {})}
    warned = {f"{rule} (warn)": count for rule, count in (one.rows_warned or {}).items()}
    top = sorted({**counts, **warned}.items(), key=lambda item: (-item[1], item[0]))[:MOST_RULES]
    if one.verdict not in (Status.WARN, Status.BLOCK):
        return
    parts = [", ".join(one.failed), ", ".join(f"{rule} {count:,}" for rule, count in top)]
    if one.rows_read is not None:
        parts.append(f"{one.rows_quarantined or 0:,} of {one.rows_read:,} rows quarantined")
    yield f"  {one.dataset}: {one.verdict.value}: " + "; ".join(part for part in parts if part)
