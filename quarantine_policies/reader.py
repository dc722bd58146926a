"""Reads the policies and holds them against the contracts: a typing error must not switch a rule off."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import ValidationError

from contracts.document import parse_yaml
from contracts.faults import ConfigurationError
from quarantine_policies.model import Action, DatasetPolicy, GoldPolicy, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract
    from contracts.reader import Contracts

GOLD = "gold"
_USERS_HISTORY = "users_history"
_USERS = "users"
_SUFFIXES = (".yaml", ".yml")
_AnyPolicy = TypeVar("_AnyPolicy", bound=Policy)


class PolicyError(ConfigurationError):
    """A policy cannot be followed as it is written. Names file, key, expected, found."""


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies."""

    datasets: Mapping[str, DatasetPolicy]
    gold: GoldPolicy
    checksums: Mapping[str, str] = field(default_factory=dict)  # sha256 of each YAML, by dataset or "gold"

    def of(self, dataset: str) -> DatasetPolicy:
        """Return a dataset's policy (users_history follows users'). Raises KeyError for another name."""
        name = _USERS if dataset == _USERS_HISTORY else dataset
        if name not in self.datasets:
            raise KeyError(f"there is no policy for {dataset!r}; there are {', '.join(self.datasets)}")
        return self.datasets[name]


def load_policies(directory: Path | None = None) -> Policies:
    """Return the policies in a folder, one YAML a dataset and ``gold.yaml``; the shipped ones by default.

    Raises:
        PolicyError: names file, key, expected and found for anything that cannot be followed.
    """
    root = Path(__file__).parent if directory is None else directory
    if not root.is_dir():
        raise PolicyError("there is no such folder of policies", where=str(root))
    datasets: dict[str, DatasetPolicy] = {}
    gold: GoldPolicy | None = None
    checksums: dict[str, str] = {}
    for path in sorted(path for path in root.iterdir() if path.suffix in _SUFFIXES):
        if path.stem in checksums:
            raise PolicyError(
                f"{path.stem} already has a policy", where=path.name, next_step="keep one of them"
            )
        text = _read(path)
        checksums[path.stem] = hashlib.sha256(text.encode()).hexdigest()
        if path.stem == GOLD:
            gold = parse_policy(text, GoldPolicy, path.name)
        else:
            datasets[path.stem] = parse_policy(text, DatasetPolicy, path.name)
    if gold is None:
        raise PolicyError("this policy is missing", where=str(root / f"{GOLD}.yaml"))
    return Policies(datasets, gold, checksums)


def parse_policy(text: str, kind: type[_AnyPolicy], file: str) -> _AnyPolicy:
    """Return the policy that a YAML text holds. Raises PolicyError."""
    try:
        raw = parse_yaml(text)
    except yaml.YAMLError as error:
        raise PolicyError(f"this is no YAML: {' '.join(str(error).split())}", where=file) from error
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise PolicyError("a policy is a mapping", where=file, expected="key: value", found=repr(raw))
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(step) for step in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.model_fields)
            raise PolicyError(f"unknown key {key!r}", where=file, expected=f"one of {known}") from error
        raise PolicyError(
            f"{key} cannot be followed: {first['msg']}", where=f"{file}, {key}", found=repr(first["input"])
        ) from error


def check_policies(policies: Policies, contracts: Contracts) -> None:
    """Hold policies and contracts against each other.

    Raises:
        PolicyError: a dataset without a policy, a policy without a dataset, an override of a rule or a masked
            column that no contract has, or ``quarantine`` for a rule that judges no row.
    """
    names = {contract.name for contract in contracts.datasets}
    for name in sorted(names - set(policies.datasets)):
        raise PolicyError("this policy is missing", where=f"{name}.yaml")
    for name in sorted(set(policies.datasets) - names):
        raise PolicyError(
            f"no contract declares {name}",
            where=f"{name}.yaml",
            expected=f"one of {', '.join(sorted(names))}",
        )
    for contract in contracts.datasets:
        judged = [contract, contracts.inventory]
        judged += [other for other in (contracts.users_history,) if contract.name in other.derived_from]
        _check_policy(policies.of(contract.name), judged, f"{contract.name}.yaml")
    _check_policy(policies.gold, contracts.gold, f"{GOLD}.yaml")


def _check_policy(policy: Policy, judged: list[Contract] | tuple[Contract, ...], file: str) -> None:
    rules = [rule for contract in judged for rule in contract.rules]
    names = {rule.name for rule in rules}
    for name, action in policy.overrides.items():
        where = f"{file}, overrides.{name}"
        if name not in names:
            raise PolicyError(
                f"no contract has a rule {name!r}", where=where, expected=f"one of {', '.join(sorted(names))}"
            )
        if action is Action.QUARANTINE and not any(r.is_row_rule for r in rules if r.name == name):
            raise PolicyError(
                f"{name} judges a table, so it has no row to quarantine",
                where=where,
                expected="warn or block",
            )
    columns = {column for contract in judged for column in contract.column_names}
    for column in policy.masked_columns:
        if column not in columns:
            raise PolicyError(
                f"no contract has a column {column!r}",
                where=f"{file}, masked_columns",
                expected=f"among {', '.join(sorted(columns))}",
            )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"it cannot be read: {error}", where=str(path)) from error
