"""GitHub annotations: workflow commands that put problems beside the lines of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dags.contract_checks.results import Problem, Suite


def workflow_commands(suites: Sequence[Suite]) -> Iterator[str]:
    """Yield one workflow command for each problem, to be printed on a line of its own."""
    for suite in suites:
        for problem in suite.problems:
            yield _command(suite.name, problem)


def _command(suite: str, problem: Problem) -> str:
    title = f"{suite}: {problem.rule or problem.code}"
    values = {"file": problem.file, "line": problem.line, "title": title}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in values.items() if value)
    text = f"{problem.text}; {problem.next_step}" if problem.next_step else problem.text
    return f"::{problem.level} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
