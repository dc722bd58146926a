"""Results of contract tests as a suite of the checks of contracts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from contracts.loader import case_files
from dags.contract_checks.folders import shown_path
from dags.contract_checks.results import Check, Outcome, Problem, Suite, make_check
from dags.contract_tests.run import load_installation, run_cases, select_cases

if TYPE_CHECKING:
    from dags.contract_checks.folders import Folders
    from dags.contract_tests.compare import CaseResult
    from dags.settings import Settings

SUITE = "test"
DIFFERENCE = "case-difference"


def case_suite(folders: Folders, settings: Settings) -> Suite:
    """Run the cases of a folder of contracts: one check for each; a skipped one where there are none.

    Raises:
        ConfigurationError: a contract, policy or case is invalid.
    """
    started = time.monotonic()
    if not folders.contracts.is_dir() or not case_files(folders.contracts):
        return Suite(SUITE, (Check("cases", SUITE, Outcome.SKIPPED, note="there are no cases"),))
    installation = load_installation(folders)
    cases = select_cases(installation, folders, (), None)
    results = run_cases(installation, settings, cases, lambda _: None)
    checks = tuple(_check(result, folders) for result in results)
    return Suite(SUITE, checks, time.monotonic() - started)


def _check(result: CaseResult, folders: Folders) -> Check:
    file = shown_path(folders.contracts / result.case.location.file)
    problems = tuple(
        Problem(
            DIFFERENCE,
            f"{result.case.name}: expected {one.expected}, found {one.found}",
            file=file,
            line=one.line,
            path=one.what,
        )
        for one in result.differences
    )
    return make_check(f"{file}: {result.case.name}", SUITE, problems, file=file)
