"""Lint of a folder of contracts and its policies: all problems that can be found without Spark and GX."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from contracts.defaults import DEFAULTS_FILE
from contracts.diagnosis import Diagnosis, diagnose_contract
from contracts.errors import ContractError
from contracts.loader import (
    assemble_contracts,
    check_file_name,
    contract_files,
    defaults_of,
    read_text,
    zone_of,
)
from contracts.yaml_lines import YamlLines
from dags.contract_checks.folders import shown_path
from dags.contract_checks.policy_lint import compare_policies, lint_policies
from dags.contract_checks.results import Check, Problem, Suite, make_check
from dags.contract_checks.rule_problems import rule_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from contracts.loader import Contracts
    from dags.contract_checks.folders import Selection

SUITE = "lint"
INVALID_CONTRACT = "invalid-contract"
INSTALLATION = "all contracts and policies together"


@dataclass(frozen=True, slots=True)
class LintedContract:
    """One contract's file: what is left of the contract without its invalid parts, and its problems."""

    path: Path
    lines: YamlLines
    diagnosis: Diagnosis
    problems: tuple[Problem, ...]
    seconds: float


def lint(selection: Selection) -> tuple[Suite, tuple[LintedContract, ...]]:
    """Check contracts and policies: one check for each file, and one for all of them together.

    Returns:
        The checks, and the contracts of the selection.
    """
    started = time.monotonic()
    folders = selection.folders
    found = contract_files(folders.contracts) if folders.contracts.is_dir() else []
    contracts = tuple(_lint_contract(path, folders.contracts) for path in found)
    policies = lint_policies(folders.policies)
    assembled, together = _assemble(contracts, folders.contracts)
    if assembled is not None:
        left_out = {name for file in contracts for name in file.diagnosis.unchecked}
        together += compare_policies(policies, assembled, folders.policies, left_out)
    checks = [_check(file.path, [*file.problems, *together], file.seconds, _note(file)) for file in contracts]
    checks += [_check(file.path, [*file.problems, *together], file.seconds) for file in policies]
    if selection.files is None:
        shown = {check.file for check in checks}
        others = tuple(problem for problem in together if problem.file not in shown)
        note = "" if assembled or others else "not checked until the invalid contracts can be read"
        checks.append(make_check(INSTALLATION, SUITE, others, note=note))
    else:
        chosen_files = {shown_path(path) for path in selection.files}
        checks = [check for check in checks if check.file in chosen_files]
    chosen = tuple(file for file in contracts if selection.includes(file.path))
    return Suite(SUITE, tuple(checks), time.monotonic() - started), chosen


def _lint_contract(path: Path, root: Path) -> LintedContract:
    started = time.monotonic()
    text, diagnosis = "", Diagnosis(None)
    errors: list[ContractError] = []
    try:
        zone, file = zone_of(path, root)
        text = read_text(path, file)
        diagnosis = diagnose_contract(text, zone, file, defaults_of(path, file))
        errors += diagnosis.errors
        if diagnosis.contract is not None:
            check_file_name(diagnosis.contract.name, path, file)
    except ContractError as error:
        errors.append(error)
    lines = YamlLines(text)
    problems = [_contract_problem(error) for error in errors]
    if diagnosis.contract is not None:
        problems += rule_problems(diagnosis.contract)
    placed = [replace(each, file=shown_path(path), line=lines.line(each.path)) for each in problems]
    return LintedContract(path, lines, diagnosis, tuple(placed), time.monotonic() - started)


def _contract_problem(error: ContractError) -> Problem:
    if error.file.endswith(DEFAULTS_FILE):  # a problem of each contract that takes the rules over
        return Problem(INVALID_CONTRACT, str(error), rule=error.rule)
    return Problem(INVALID_CONTRACT, error.what, path=error.path, rule=error.rule, next_step=error.next_step)


def _assemble(contracts: Sequence[LintedContract], root: Path) -> tuple[Contracts | None, list[Problem]]:
    """Return the contracts together, or None and what is wrong with the folder.

    A contract that cannot be read is not reported as missing.
    """
    readable = [file.diagnosis.contract for file in contracts if file.diagnosis.contract is not None]
    try:
        if not root.is_dir():
            raise ContractError("contracts folder not found", file="")
        return assemble_contracts(readable, root), []
    except ContractError as error:
        path = root / error.file
        if any(file.path == path and file.diagnosis.contract is None for file in contracts):
            return None, []
        return None, [replace(_contract_problem(error), file=shown_path(path))]


def _check(path: Path, problems: Iterable[Problem], seconds: float, note: str = "") -> Check:
    shown = shown_path(path)
    of_file = dict.fromkeys(problem for problem in problems if problem.file == shown)
    ordered = sorted(of_file, key=lambda problem: problem.line or 0)
    return make_check(shown, SUITE, tuple(ordered), seconds=seconds, file=shown, note=note)


def _note(file: LintedContract) -> str:
    """Return what was not checked because it depends on invalid parts."""
    reported = {problem.rule for problem in file.problems}
    names = sorted(name for name in file.diagnosis.unchecked if name not in reported)
    return f"not checked until the errors are corrected: {', '.join(names)}" if names else ""
