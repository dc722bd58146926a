"""Changes of the working contracts and policies against a base, and whether the versions follow them."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from contracts.changes import Bump, Change, ChangeKind, next_version, required_bump, version_problem
from contracts.diagnosis import Diagnosis, diagnose_contract
from contracts.diff import diff_contracts
from contracts.errors import ContractError
from contracts.model import Zone
from contracts.odcs import parse_mapping
from contracts.yaml_lines import YamlLines
from dags.contract_checks.folders import shown_path
from dags.contract_checks.reports.markdown import escaped, table
from dags.contract_checks.results import Check, Level, Outcome, Problem, Suite, make_check
from dags.contract_checks.snapshots import read_base, read_working
from quarantine_policies.diff import diff_operation, diff_policies
from quarantine_policies.model import DatasetPolicy, GoldPolicy
from quarantine_policies.reader import GOLD, validate_policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.model import Contract
    from dags.contract_checks.folders import Folders
    from dags.contract_checks.snapshots import Snapshot
    from quarantine_policies.model import Policy

SUITE = "diff"
BREAKING_CHANGE = "breaking-change"
VERSION = "version"
_RETIRE_STEP = "release it with status: deprecated first, or keep it"
_RETIRING = ("deprecated", "retired")
BUMP_NAMES = {Bump.MAJOR: "breaking", Bump.MINOR: "change", Bump.PATCH: "text", Bump.NONE: "operation"}
_POLICY = "policy."
_MOST_SHOWN = 120  # characters of a value
_NAMED = re.compile(r"^(columns|rules)\.([^.]+)")


@dataclass(frozen=True, slots=True)
class ContractChanges:
    """The changes of one contract, or of a policy that no contract depends on.

    ``name``: ``silver/events``. ``before`` and ``after``: the versions; None where there is none.
    ``violation``: what is wrong with the new version; empty if it follows the changes. ``next_version``: the
    version to write. ``note``: what could not be compared; nothing was where ``is_readable`` is false.
    """

    name: str
    file: str
    before: str | None
    after: str | None
    changes: tuple[Change, ...]
    violation: str = ""
    next_version: str | None = None
    note: str = ""
    is_readable: bool = True

    @property
    def is_breaking(self) -> bool:
        """Whether one of the changes is breaking."""
        return any(change.is_breaking for change in self.changes)


def compare(base: Snapshot, working: Snapshot) -> tuple[ContractChanges, ...]:
    """Return the changed contracts by zone and name, then the changes of policies that none promises."""
    found = []
    for path in dict.fromkeys((*working.contracts, *base.contracts)):
        changes = _compare_contract(path, base, working)
        if changes is not None:
            found.append(changes)
    return (*sorted(found, key=lambda each: each.name), *_compare_operation(base, working))


def diff(base_name: str, folders: Folders) -> tuple[Suite, tuple[ContractChanges, ...]]:
    """Compare the working contracts and policies with a base; one check for each contract.

    Raises:
        ConfigurationError: the base cannot be read.
    """
    started = time.monotonic()
    base, working = read_base(base_name, folders), read_working(folders)
    changed = compare(base, working)
    by_name = {each.name: each for each in changed}
    names = [_name(path) for path in working.contracts]
    checks = [
        _check(by_name[name], working, folders) if name in by_name else make_check(name, SUITE)
        for name in sorted(dict.fromkeys((*names, *by_name)))
    ]
    details = "\n".join(_table(changed)) if changed else ""
    return Suite(SUITE, tuple(checks), time.monotonic() - started, details), changed


def _compare_contract(path: str, base: Snapshot, working: Snapshot) -> ContractChanges | None:
    name = _name(path)
    new, old = _diagnose(working, path), _diagnose(base, path)
    if new is not None and (new.contract is None or new.errors):
        note = f"not compared until it is valid: {new.errors[0]}"
        return ContractChanges(name, path, None, None, (), note=note, is_readable=False)
    if old is None:
        version = None if new is None or new.contract is None else new.contract.version
        added = Change(ChangeKind.CONTRACT_ADDED, "", None, version, Bump.MINOR)
        return ContractChanges(name, path, None, version, (added,))
    before, after = old.contract, None if new is None else new.contract
    if after is None:
        return _removed(name, path, base.contracts[path], before)
    if before is None or before.name != after.name:
        reason = old.errors[0] if old.errors else "it is the contract of another table"
        note = f"not compared with that of the base: {reason}"
        return ContractChanges(name, path, None, after.version, (), note=note, is_readable=False)
    unsure = old.unchecked | old.altered
    found = (*diff_contracts(before, after), *_policy_changes(after, base, working))
    changes = tuple(change for change in found if not unsure & set(change.path.split(".")[1:2]))
    if not changes and before.version == after.version:
        return None
    note = f"not compared, as it is invalid in the base: {', '.join(sorted(unsure))}" if unsure else ""
    return _judged(name, path, before.version, after.version, changes, note)


def _judged(
    name: str, path: str, before: str, after: str, changes: tuple[Change, ...], note: str
) -> ContractChanges:
    """Return the changes with the verdict on the new version."""
    bump = required_bump(changes)
    violation = version_problem(before, after, bump)
    wanted = (next_version(before, bump) or "1.0.0") if violation else None
    return ContractChanges(name, path, before, after, changes, violation, wanted, note)


def _removed(name: str, path: str, text: str, before: Contract | None) -> ContractChanges:
    """Return the removal of a contract: breaking, unless the base announced it by its status."""
    version = None if before is None else before.version
    status = parse_mapping(text, path).get("status") if before is not None else None
    is_announced = status in _RETIRING
    removed = Change(
        ChangeKind.CONTRACT_REMOVED, "", version, None, Bump.MINOR if is_announced else Bump.MAJOR
    )
    violation = "" if is_announced else f"the contract is removed, and its status was {status or 'none'}"
    return ContractChanges(name, path, version, None, (removed,), violation)


def _diagnose(snapshot: Snapshot, path: str) -> Diagnosis | None:
    """Return what a snapshot's contract promises and what is wrong with it; None if it has no such file."""
    if path not in snapshot.contracts:
        return None
    try:
        defaults = snapshot.defaults_of(path)
    except ContractError as error:
        return Diagnosis(None, (error,))
    return diagnose_contract(snapshot.contracts[path], Zone(PurePosixPath(path).parent.name), path, defaults)


def _policy_changes(contract: Contract, base: Snapshot, working: Snapshot) -> tuple[Change, ...]:
    """Return the changes of the policy of a contract."""
    policies = [_policy(_policy_file(contract), snapshot.policies) for snapshot in (base, working)]
    if policies[0] is None or policies[1] is None:
        return ()
    return tuple(diff_policies(policies[0], policies[1], contract))


def _policy_file(contract: Contract) -> str | None:
    """Return the stem of the policy's file; None for the inventory, which is under that of each dataset."""
    match contract.zone:
        case Zone.GOLD:
            return GOLD
        case Zone.SILVER:
            return contract.dataset
    return None


def _policy(stem: str | None, files: Mapping[str, str] | None) -> Policy | None:
    """Return a policy; None if there is none, or an invalid one."""
    for path, text in (files or {}).items():
        if PurePosixPath(path).stem == stem:
            return validate_policy(text, GoldPolicy if stem == GOLD else DatasetPolicy, path)[0]
    return None


def _compare_operation(base: Snapshot, working: Snapshot) -> list[ContractChanges]:
    found = []
    for path in working.policies or ():
        stem = PurePosixPath(path).stem
        before, after = (_policy(stem, snapshot.policies) for snapshot in (base, working))
        changes = () if before is None or after is None else tuple(diff_operation(before, after))
        if changes:
            found.append(ContractChanges(f"policy {stem}", "", None, None, changes))
    return found


def _table(changed: Sequence[ContractChanges]) -> Iterator[str]:
    """Yield the Markdown table of all changes."""
    rows = [
        (
            each.name,
            " -> ".join(dict.fromkeys(version or "none" for version in (each.before, each.after))),
            f"**{BUMP_NAMES[change.bump]}**" if change.is_breaking else BUMP_NAMES[change.bump],
            escaped(f"{change.kind} {change.path}"),
            escaped(_shortened(change.before or "")),
            escaped(_shortened(change.after or "")),
        )
        for each in changed
        for change in each.changes
    ]
    yield from table(("contract", "version", "", "change", "before", "after"), rows)


def _name(path: str) -> str:
    return PurePosixPath(path).with_suffix("").as_posix()


def _check(changed: ContractChanges, working: Snapshot, folders: Folders) -> Check:
    """Return the check of a contract: an error for the version, and every breaking change with its line."""
    file = shown_path(folders.contracts / changed.file) if changed.file else ""
    text = working.contracts.get(changed.file, "")
    diagnosis = _diagnose(working, changed.file)
    contract = None if diagnosis is None else diagnosis.contract
    if not changed.is_readable:
        return Check(changed.name, SUITE, Outcome.SKIPPED, file=file, note=changed.note)
    problems = []
    if changed.violation:
        step = f"write version: {changed.next_version}" if text else _RETIRE_STEP
        line = YamlLines(text).line("version") if text else None
        problems.append(Problem(VERSION, changed.violation, file, line, "version", None, step))
    level = Level.ERROR if changed.violation else Level.WARNING
    for change in changed.changes:
        if change.is_breaking:
            rule = change.path.removeprefix("rules.") if change.path.startswith("rules.") else None
            at, line = _place(change, contract, text, working, folders) or (file, None)
            shown = _shown(change)
            problems.append(Problem(BREAKING_CHANGE, shown, at, line, change.path, rule, level=level))
    return make_check(changed.name, SUITE, tuple(problems), file=file, note=changed.note)


def _shown(change: Change) -> str:
    values = (_shortened(change.before or "nothing"), _shortened(change.after or "nothing"))
    return f"breaking change, {change.kind}: {' -> '.join(values)}"


def _shortened(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


def _place(
    change: Change, contract: Contract | None, text: str, working: Snapshot, folders: Folders
) -> tuple[str, int] | None:
    """Return file and line of a change in the working YAML; None if the contract is gone."""
    if contract is None:
        return None
    if change.path.startswith(_POLICY):
        stem = _policy_file(contract)
        for name, policy in (working.policies or {}).items():
            if PurePosixPath(name).stem == stem:
                line = YamlLines(policy).line(change.path.removeprefix(_POLICY))
                return shown_path(folders.policies / name), line
    path = shown_path(folders.contracts / contract.path)
    return path, YamlLines(text).line(_yaml_path(change, contract))


def _yaml_path(change: Change, contract: Contract) -> str:
    """Return where a change is in the new YAML; a part that was removed is at the contract's version."""
    named = _NAMED.match(change.path)
    if named is None:
        return "version" if change.after is None else change.path
    kind, name = named.groups()
    if kind == "columns":
        stored = [column.name for column in contract.silver_columns]
        return f"schema[0].properties[{stored.index(name)}]" if name in stored else "version"
    found = {rule.name: rule.path for rule in contract.rules}
    return found.get(name) or "version"
