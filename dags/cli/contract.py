"""`lakegate contract lint`, `contract diff`, `contract backtest`: problems, changes and their effects."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from dags.cli.console import print_json, say
from dags.contract_checks.changes import BREAKING_CHANGE, BUMP_NAMES, diff
from dags.contract_checks.explain import effective_rules
from dags.contract_checks.folders import configured_folders, select
from dags.contract_checks.lint import lint
from dags.contract_checks.results import Outcome
from dags.settings import read_settings
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dags.contract_checks.changes import ContractChanges
    from dags.contract_checks.explain import EffectiveRule
    from dags.contract_checks.results import Check, Problem, Suite

_INVALID = 2  # as of a run with such contracts
_BLOCKED = 3


def lint_command(*, paths: Sequence[Path], explain: bool, as_json: bool) -> int:
    """Print all problems of contracts and policies, with ``explain`` their rules; return 2 for an error."""
    suite, contracts = lint(select(paths, configured_folders(read_settings())))
    rules = effective_rules(contracts) if explain else ()
    if as_json:
        document = suite_document(suite)
        if explain:
            document["rules"] = [_rule_document(rule) for rule in rules]
        print_json(document)
    else:
        _say_rules(rules)
        say_suite(suite)
    return 0 if suite.is_passed else _INVALID


def diff_command(*, base: str, as_json: bool) -> int:
    """Print the changes against a base.

    Returns:
        3 if a version does not follow the changes, 2 if a contract is invalid and was not compared.
    """
    suite, changed = diff(base, configured_folders(read_settings()))
    if as_json:
        documents = [_changes_document(each) for each in changed]
        print_json({"base": base, **suite_document(suite), "contracts": documents})
    else:
        for each in changed:
            _say_changes(each)
        say_suite(suite, hidden=BREAKING_CHANGE)  # they are listed already
    if not suite.is_passed:
        return _BLOCKED
    return _INVALID if suite.count(Outcome.SKIPPED) else 0


def backtest_command(
    *,
    base: str,
    lake: str | None,
    dataset: str | None,
    as_of: str | None,
    scratch: str | None,
    as_json: bool,
) -> int:
    """Print what changes for the rows and verdicts; return 3 if a transition would be blocked."""
    # These start Spark, which lint and diff do without.
    from dags.cli.run import show_progress
    from dags.contract_backtests.backtest import BacktestRequest, run_backtest
    from dags.contract_backtests.report import backtest_document, backtest_lines

    settings = read_settings(lake=lake)
    request = BacktestRequest(configured_folders(settings), base, settings, dataset, as_of, scratch)
    with show_progress(is_quiet=as_json) as progress:
        backtest = run_backtest(request, progress)
    if as_json:
        print_json(backtest_document(backtest, base))
    else:
        say("\n".join(backtest_lines(backtest)))
    return _BLOCKED if backtest.verdict is Verdict.BLOCK else 0


def suite_document(suite: Suite) -> dict[str, object]:
    """Return the JSON document of a suite."""
    return {
        "suite": suite.name,
        "is_passed": suite.is_passed,
        "seconds": round(suite.seconds, 3),
        "checks": [_check_document(check) for check in suite.checks],
    }


def say_suite(suite: Suite, *, hidden: str = "") -> None:
    """Print the problems, except those of a hidden code, and notes of a suite, and how many checks passed."""
    for check in suite.checks:
        for problem in check.problems:
            if problem.code != hidden:
                say(f"{problem.level}: {problem}")
        if check.note:
            say(f"{check.outcome}: {check.name}: {check.note}")
    failed = suite.count(Outcome.FAILED)
    ran = len(suite.checks) - suite.count(Outcome.SKIPPED)
    problems = "1 problem" if len(suite.problems) == 1 else f"{len(suite.problems)} problems"
    say(f"{suite.name}: {ran - failed} of {ran} checks passed, {problems}")


def _check_document(check: Check) -> dict[str, object]:
    return {
        "name": check.name,
        "outcome": check.outcome.value,
        "file": check.file,
        "seconds": round(check.seconds, 3),
        "note": check.note,
        "problems": [_problem_document(problem) for problem in check.problems],
    }


def _problem_document(problem: Problem) -> dict[str, object]:
    return asdict(problem)


def _changes_document(changed: ContractChanges) -> dict[str, object]:
    return {
        "contract": changed.name,
        "file": changed.file,
        "before": changed.before,
        "after": changed.after,
        "is_breaking": changed.is_breaking,
        "violation": changed.violation,
        "next_version": changed.next_version,
        "changes": [
            {
                "kind": change.kind.value,
                "path": change.path,
                "before": change.before,
                "after": change.after,
                "bump": change.bump.name.lower(),
                "is_breaking": change.is_breaking,
            }
            for change in changed.changes
        ],
    }


def _say_changes(changed: ContractChanges) -> None:
    versions = " -> ".join(dict.fromkeys(version or "none" for version in (changed.before, changed.after)))
    say(f"{changed.name}  {versions}")
    for change in changed.changes:
        say(f"  {BUMP_NAMES[change.bump]:9}  {change.kind}  {change.path}".rstrip())
        for sign, value in (("-", change.before), ("+", change.after)):
            if value is not None:
                say(f"             {sign} {value}")


def _rule_document(effective: EffectiveRule) -> dict[str, object]:
    rule = effective.rule
    return {
        "contract": effective.contract,
        "rule": rule.name,
        "severity": rule.severity.value,
        "domain": rule.domain.value,
        "expectation": rule.expectation,
        "kwargs": dict(rule.kwargs),
        "origin": effective.origin,
    }


def _say_rules(rules: Sequence[EffectiveRule]) -> None:
    """Print the rules by contract."""
    contract = ""
    width = max((len(effective.rule.name) for effective in rules), default=0)
    for effective in rules:
        rule = effective.rule
        if effective.contract != contract:
            contract = effective.contract
            say(contract)
        say(f"  {rule.name:{width}}  {rule.severity:5}  {rule.domain:10}  {effective.origin}")
