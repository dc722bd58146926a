"""All checks of contracts that CI runs, in their order, and the files with their results."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from contracts.errors import LakegateError
from dags.contract_checks import changes, lint
from dags.contract_checks.folders import Folders, Selection
from dags.contract_checks.reports.junit import junit_xml
from dags.contract_checks.reports.markdown import summary
from dags.contract_checks.reports.sarif import sarif
from dags.contract_checks.results import Outcome, Problem, Suite, make_check

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

NOT_RUN = "not-run"


@dataclass(frozen=True, slots=True)
class CiRequest:
    """What CI checks: the working folders against a base, and on the data of a lake if there is one."""

    folders: Folders
    base: str
    lake: str | None = None


def check_lint(request: CiRequest) -> Suite:
    """Return the problems of contracts and policies."""
    return lint.lint(Selection(request.folders))[0]


def check_changes(request: CiRequest) -> Suite:
    """Return the changes against the base."""
    return changes.diff(request.base, request.folders)[0]


def check_cases(request: CiRequest) -> Suite:
    """Return the results of the contracts' cases."""
    from dags.contract_tests.suite import case_suite
    from dags.settings import read_settings

    return case_suite(request.folders, read_settings())


def check_backtest(request: CiRequest) -> Suite:
    """Return what the contracts would do to the rows of the lake."""
    from dags.contract_backtests.backtest import BacktestRequest, run_backtest
    from dags.contract_backtests.report import backtest_suite
    from dags.pipeline.progress import Quiet
    from dags.settings import read_settings

    started = time.monotonic()
    settings = read_settings(lake=request.lake)
    backtest = run_backtest(BacktestRequest(request.folders, request.base, settings), Quiet())
    return backtest_suite(backtest, request.folders, time.monotonic() - started)


class CiCheck(NamedTuple):
    """One check of CI. ``needs_lake``: it is run only where a lake is given."""

    name: str
    run: Callable[[CiRequest], Suite]
    needs_lake: bool = False


CHECKS: tuple[CiCheck, ...] = (
    CiCheck(lint.SUITE, check_lint),
    CiCheck(changes.SUITE, check_changes),
    CiCheck("test", check_cases),
    CiCheck("backtest", check_backtest, needs_lake=True),
)


def run_checks(request: CiRequest) -> tuple[Suite, ...]:
    """Return the suites of all checks that apply; one that cannot run is a suite with one failed check."""
    return tuple(_run(check, request) for check in CHECKS if request.lake is not None or not check.needs_lake)


def _run(check: CiCheck, request: CiRequest) -> Suite:
    try:
        return check.run(request)
    except LakegateError as error:
        step = error.next_step or (f"expected {error.expected}" if error.expected else "")
        problem = Problem(NOT_RUN, f"{error.where}: {error.what}".removeprefix(": "), next_step=step)
        return Suite(check.name, (make_check(check.name, check.name, (problem,)),))


def is_misconfigured(suites: Sequence[Suite]) -> bool:
    """Whether a run with these contracts would be refused, or a check could not run."""
    return any(
        check.outcome is Outcome.FAILED
        and (suite.name == lint.SUITE or any(problem.code == NOT_RUN for problem in check.problems))
        for suite in suites
        for check in suite.checks
    )


def write_reports(folder: Path, title: str, suites: Sequence[Suite]) -> tuple[Path, ...]:
    """Write ``summary.md``, ``junit.xml`` and ``lakegate.sarif`` to a folder, and return their paths."""
    documents = {
        "summary.md": summary(title, suites),
        "junit.xml": junit_xml(suites),
        "lakegate.sarif": sarif(suites),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in documents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in documents)
