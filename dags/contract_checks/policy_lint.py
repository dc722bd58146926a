"""Lint of quarantine policies, alone and against the contracts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.yaml_lines import YamlLines
from dags.contract_checks.folders import shown_path
from dags.contract_checks.results import Problem
from quarantine_policies.model import DatasetPolicy, GoldPolicy
from quarantine_policies.reader import (
    GOLD,
    Policies,
    PolicyError,
    policy_errors,
    policy_files,
    read_policy_text,
    validate_policy,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from contracts.loader import Contracts
    from quarantine_policies.model import Policy

INVALID_POLICY = "invalid-policy"


@dataclass(frozen=True, slots=True)
class LintedPolicy:
    """One policy's file; ``policy`` is None if it is invalid."""

    path: Path
    lines: YamlLines
    policy: Policy | None
    problems: tuple[Problem, ...]
    seconds: float


def lint_policies(root: Path) -> tuple[LintedPolicy, ...]:
    """Return the policies of a folder, each with its problems."""
    return tuple(map(_lint_policy, policy_files(root))) if root.is_dir() else ()


def compare_policies(
    files: Sequence[LintedPolicy], contracts: Contracts, root: Path, left_out: Collection[str]
) -> list[Problem]:
    """Return the problems of policies with contracts.

    Args:
        files: all policies. An invalid one counts as present, without overrides.
        contracts: as far as they are valid.
        root: the folder of the policies.
        left_out: rules and columns that are declared, but invalid.
    """
    by_name = {file.path.stem: file for file in files}
    gold = by_name[GOLD].policy if GOLD in by_name else None
    policies = Policies(
        {
            name: file.policy if isinstance(file.policy, DatasetPolicy) else DatasetPolicy()
            for name, file in by_name.items()
            if name != GOLD
        },
        gold if isinstance(gold, GoldPolicy) else GoldPolicy(),
    )
    errors = [*policy_errors(policies, contracts)]
    if GOLD not in by_name:
        errors.append(PolicyError("missing policy", file=f"{GOLD}.yaml"))
    lines = {file.path.name: file.lines for file in files}
    return [
        _problem(error, root / error.file, lines.get(error.file))
        for error in errors
        if not any(f"{name!r}" in error.what for name in left_out)
    ]


def _lint_policy(path: Path) -> LintedPolicy:
    started = time.monotonic()
    text, policy = "", None
    errors: Sequence[PolicyError]
    try:
        text = read_policy_text(path)
        kind = GoldPolicy if path.stem == GOLD else DatasetPolicy
        policy, errors = validate_policy(text, kind, path.name)
    except PolicyError as error:
        errors = [error]
    lines = YamlLines(text)
    problems = tuple(_problem(error, path, lines) for error in errors)
    return LintedPolicy(path, lines, policy, problems, time.monotonic() - started)


def _problem(error: PolicyError, path: Path, lines: YamlLines | None) -> Problem:
    text = f"{error.what}, found {error.found}" if error.found else error.what
    step = error.next_step or (f"expected {error.expected}" if error.expected else "")
    line = None if lines is None else lines.line(error.path)
    return Problem(INVALID_POLICY, text, shown_path(path), line, error.path, next_step=step)
