"""Markdown summary of contract checks, for a pull request or a CI job's page."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from dags.contract_checks.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dags.contract_checks.results import Problem, Suite

_MOST_PROBLEMS = 100  # of a suite: a comment on GitHub holds 65,536 characters
# Characters that begin an element of Markdown, or a mention.
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~@])")


def summary(title: str, suites: Sequence[Suite]) -> str:
    """Return the summary: a table of the suites, then each suite's problems and details."""
    is_passed = all(suite.is_passed for suite in suites)
    lines = [
        f"# {escaped(title)}: {'passed' if is_passed else 'failed'}",
        "",
        *table(("suite", "checks", "failed", "skipped", "problems", "seconds"), map(_row, suites)),
    ]
    for suite in suites:
        lines += _chapter(suite)
    return "\n".join(lines) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table; the cells are Markdown already."""
    yield f"| {' | '.join(header)} |"
    yield f"| {' | '.join('---' for _ in header)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def escaped(text: str) -> str:
    r"""Return a text as Markdown of one line that shows it and does nothing else.

    >>> escaped("a | b <i> @ops")
    'a \\| b &lt;i&gt; &#64;ops'
    """
    plain = _SPECIAL.sub(r"\\\1", html.escape(" ".join(text.split()), quote=False))
    return plain.replace("\\@", "&#64;")


def _row(suite: Suite) -> Sequence[str]:
    counts = (
        len(suite.checks),
        suite.count(Outcome.FAILED),
        suite.count(Outcome.SKIPPED),
        len(suite.problems),
    )
    return (suite.name, *map(str, counts), f"{suite.seconds:.1f}")


def _chapter(suite: Suite) -> list[str]:
    lines: list[str] = []
    if suite.problems:
        shown = suite.problems[:_MOST_PROBLEMS]
        lines += ["", *table(("", "place", "rule", "problem", "next step"), map(_problem_row, shown))]
        if len(suite.problems) > len(shown):
            lines += ["", f"and {len(suite.problems) - len(shown)} more"]
    notes = [f"- {escaped(check.name)}: {escaped(check.note)}" for check in suite.checks if check.note]
    lines += ["", *notes] if notes else []
    lines += ["", suite.details.rstrip()] if suite.details else []
    return ["", f"## {escaped(suite.name)}", *lines] if lines else []


def _problem_row(problem: Problem) -> Sequence[str]:
    place = ":".join(str(part) for part in (problem.file, problem.line) if part)
    about = problem.rule or problem.path
    return (
        f"**{problem.level}**" if problem.level == "error" else str(problem.level),
        *map(escaped, (place, about, problem.text, problem.next_step)),
    )
