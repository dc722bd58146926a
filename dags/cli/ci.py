"""`lakegate ci`: all checks of contracts, with reports for CI and pull requests."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.errors import ConfigurationError
from dags.cli.console import print_json, say
from dags.cli.contract import suite_document
from dags.contract_checks.ci import CiRequest, is_misconfigured, run_checks, write_reports
from dags.contract_checks.folders import configured_folders, shown_path
from dags.contract_checks.reports.github import workflow_commands
from dags.contract_checks.reports.markdown import summary
from dags.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dags.contract_checks.results import Suite

_INVALID = 2
_BLOCKED = 3


def ci_command(*, base: str, report: Path | None, lake: str | None, as_json: bool) -> int:
    """Run all checks and report on them; return 2 for invalid contracts, 3 for a failed check."""
    suites = run_checks(CiRequest(configured_folders(read_settings()), base, lake))
    title = f"Contracts against {base}"
    text = summary(title, suites)
    try:
        written = () if report is None else write_reports(report, title, suites)
        _report_to_github(suites, text, as_json=as_json)
    except OSError as error:
        raise ConfigurationError(
            f"cannot write the reports: {error}", where=f"--report {report}", next_step="give another folder"
        ) from error
    is_passed = all(suite.is_passed for suite in suites)
    if as_json:
        print_json(
            {
                "base": base,
                "is_passed": is_passed,
                "suites": [suite_document(suite) for suite in suites],
                "reports": [shown_path(path) for path in written],
            }
        )
    else:
        say(text.rstrip())
        if written:
            say(f"\nReports: {', '.join(shown_path(path) for path in written)}")
    return 0 if is_passed else _INVALID if is_misconfigured(suites) else _BLOCKED


def _report_to_github(suites: Sequence[Suite], text: str, *, as_json: bool) -> None:
    """Print annotations and append the summary to the job's page, in a job of GitHub Actions."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    for line in workflow_commands(suites):
        print(line, file=sys.stderr if as_json else sys.stdout, flush=True)
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if page:
        with Path(page).open("a", encoding="utf-8") as file:
            file.write(text)
