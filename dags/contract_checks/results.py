"""Results of contract checks: suites of checks, each with the problems it found and their places."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Weight of a problem. Only an error fails its check."""

    ERROR = "error"
    WARNING = "warning"


class Outcome(StrEnum):
    """Outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem: where it is, what is wrong and what to do.

    ``code`` names its kind, the same for all problems of the kind: ``contract``, ``breaking-change``.
    ``file`` is relative to the working folder if it is below it. ``path`` is that of the YAML.
    """

    code: str
    text: str
    file: str = ""
    line: int | None = None  # from 1
    path: str = ""
    rule: str | None = None
    next_step: str = ""
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """Return one line: ``contracts/silver/events.yaml:12: rule x: what; next step``."""
        place = ":".join(str(part) for part in (self.file, self.line) if part)
        about = f"rule {self.rule}" if self.rule else self.path
        text = ": ".join(part for part in (place, about, self.text) if part)
        return f"{text}; {self.next_step}" if self.next_step else text


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a suite: of one file, one contract, one case.

    ``note``: of a skipped check, the reason; of any other, what a reader should know beside the problems.
    """

    name: str
    suite: str
    outcome: Outcome
    problems: tuple[Problem, ...] = ()
    seconds: float = 0.0
    file: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Suite:
    """The checks of one kind. ``details``: Markdown for its chapter of the summary, such as a table."""

    name: str
    checks: tuple[Check, ...]
    seconds: float = 0.0
    details: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether no check failed."""
        return all(check.outcome is not Outcome.FAILED for check in self.checks)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of all checks, in their order."""
        return tuple(problem for check in self.checks for problem in check.problems)

    def count(self, outcome: Outcome) -> int:
        """Return the number of checks with an outcome."""
        return sum(check.outcome is outcome for check in self.checks)


def make_check(
    name: str,
    suite: str,
    problems: tuple[Problem, ...] = (),
    *,
    seconds: float = 0.0,
    file: str = "",
    note: str = "",
) -> Check:
    """Return a check that failed if one of its problems is an error, and passed otherwise."""
    is_failed = any(problem.level is Level.ERROR for problem in problems)
    outcome = Outcome.FAILED if is_failed else Outcome.PASSED
    return Check(name, suite, outcome, problems, seconds, file, note)
