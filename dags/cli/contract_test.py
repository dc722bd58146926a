"""`lakegate contract test`: run the cases of the contracts, and print what differs."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from dags.cli.console import print_json, progress_bar, say
from dags.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dags.contract_tests.compare import CaseResult

FAILED = 3


def test_command(*, paths: Sequence[Path], name: str | None, as_json: bool) -> int:
    """Print the results of the cases; return 3 if any failed."""
    from dags.contract_checks.folders import configured_folders
    from dags.contract_tests.run import load_installation, run_cases, select_cases

    began = monotonic()
    settings = read_settings()
    folders = configured_folders(settings)
    installation = load_installation(folders)
    cases = select_cases(installation, folders, paths, name)
    done = 0
    with progress_bar("cases", is_quiet=as_json) as report:
        report(0, len(cases))

        def on_done(count: int) -> None:
            nonlocal done
            done += count
            report(done, len(cases))

        results = run_cases(installation, settings, cases, on_done)
    seconds = monotonic() - began
    if as_json:
        print_json(results_document(results, seconds))
    else:
        say(_text(results, seconds))
    return FAILED if any(not result.has_passed for result in results) else 0


def results_document(results: Sequence[CaseResult], seconds: float) -> dict[str, object]:
    """Return the results as the JSON document of `--json`."""
    return {
        "passed": sum(result.has_passed for result in results),
        "failed": sum(not result.has_passed for result in results),
        "seconds": round(seconds, 3),
        "cases": [
            {
                "name": result.case.name,
                "dataset": result.case.dataset,
                "file": result.case.location.file,
                "line": result.case.location.line,
                "passed": result.has_passed,
                "differences": [
                    {"what": one.what, "expected": one.expected, "found": one.found, "line": one.line}
                    for one in result.differences
                ],
            }
            for result in results
        ],
    }


def _text(results: Sequence[CaseResult], seconds: float) -> str:
    """Return each failed case with its differences, then the totals."""
    lines = []
    failed = [result for result in results if not result.has_passed]
    for result in failed:
        location = result.case.location
        lines.append(f"FAILED {location.file}:{location.line} {result.case.name}")
        for one in result.differences:
            lines += [
                f"  {one.what} (line {one.line})",
                f"    expected {one.expected}",
                f"    found    {one.found}",
            ]
        lines.append("")
    passed = len(results) - len(failed)
    counts = f"{passed:,} passed" if not failed else f"{len(failed):,} failed, {passed:,} passed"
    return "\n".join([*lines, f"{counts} in {seconds:.1f} s"])
