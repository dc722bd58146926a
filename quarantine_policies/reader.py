"""Policy loader: reads the YAML files and validates them against the contracts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import yaml
from pydantic import ValidationError

from contracts.days import DaySettings
from contracts.errors import ConfigurationError
from contracts.model import Domain
from contracts.odcs import parse_yaml
from quarantine_policies.model import Action, DatasetPolicy, GoldPolicy, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from contracts.loader import Contracts
    from contracts.model import Contract

GOLD = "gold"
_SUFFIXES = (".yaml", ".yml")
_AnyPolicy = TypeVar("_AnyPolicy", bound=Policy)


class PolicyError(ConfigurationError):
    """Invalid policy, with the file and the key (``overrides.age_range``) to edit."""

    def __init__(
        self,
        what: str,
        *,
        file: str,
        path: str = "",
        expected: str = "",
        found: str = "",
        next_step: str = "",
    ) -> None:
        self.file = file
        self.path = path
        where = ", ".join(part for part in (file, path) if part)
        super().__init__(what, where=where, expected=expected, found=found, next_step=next_step)


@dataclass(frozen=True, slots=True)
class Policies:
    """All policies of an installation."""

    datasets: Mapping[str, DatasetPolicy]
    gold: GoldPolicy
    checksums: Mapping[str, str] = field(default_factory=dict)  # sha256 of each YAML, by dataset or "gold"

    def of(self, dataset: str) -> DatasetPolicy:
        """Return a dataset's policy. Raises KeyError for another name."""
        if dataset not in self.datasets:
            raise KeyError(f"no policy for {dataset!r}; available: {', '.join(self.datasets)}")
        return self.datasets[dataset]


def load_policies(directory: Path | None = None) -> Policies:
    """Return the policies in a folder, one YAML a dataset and ``gold.yaml``; the shipped ones by default.

    Raises:
        PolicyError: a file is missing or invalid.
    """
    root = Path(__file__).parent if directory is None else directory
    if not root.is_dir():
        raise PolicyError("policy folder not found", file=str(root))
    datasets: dict[str, DatasetPolicy] = {}
    gold: GoldPolicy | None = None
    checksums: dict[str, str] = {}
    for path in policy_files(root):
        if path.stem in checksums:
            raise PolicyError(
                f"{path.stem} has a second policy", file=path.name, next_step="keep one of them"
            )
        text = read_policy_text(path)
        checksums[path.stem] = hashlib.sha256(text.encode()).hexdigest()
        if path.stem == GOLD:
            gold = parse_policy(text, GoldPolicy, path.name)
        else:
            datasets[path.stem] = parse_policy(text, DatasetPolicy, path.name)
    if gold is None:
        raise PolicyError("missing policy", file=str(root / f"{GOLD}.yaml"))
    return Policies(datasets, gold, checksums)


def policy_files(root: Path) -> list[Path]:
    """Return the YAML files of a policies folder, sorted."""
    return sorted(path for path in root.iterdir() if path.suffix in _SUFFIXES)


def parse_policy(text: str, kind: type[_AnyPolicy], file: str) -> _AnyPolicy:
    """Return the policy in a YAML text. Raises PolicyError."""
    policy, errors = validate_policy(text, kind, file)
    if policy is None:
        raise errors[0]
    return policy


def validate_policy(
    text: str, kind: type[_AnyPolicy], file: str
) -> tuple[_AnyPolicy | None, Sequence[PolicyError]]:
    """Return the policy in a YAML text, or None and all errors in it."""
    try:
        raw = parse_yaml(text)
    except yaml.YAMLError as error:
        return None, [PolicyError(f"invalid YAML: {' '.join(str(error).split())}", file=file)]
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        return None, [
            PolicyError("a policy must be a mapping", file=file, expected="key: value", found=repr(raw))
        ]
    try:
        return kind.model_validate(raw), ()
    except ValidationError as error:
        return None, [_value_error(each, kind, file) for each in error.errors()]


def _value_error(error: ErrorDetails, kind: type[Policy], file: str) -> PolicyError:
    key = ".".join(str(step) for step in error["loc"])
    if error["type"] == "extra_forbidden":
        known = ", ".join((DaySettings if len(error["loc"]) > 1 else kind).model_fields)
        return PolicyError(f"unknown key {key!r}", file=file, path=key, expected=f"one of {known}")
    return PolicyError(f"invalid {key}: {error['msg']}", file=file, path=key, found=repr(error["input"]))


def check_policies(policies: Policies, contracts: Contracts) -> None:
    """Validate policies against the contracts, so that a misspelt rule or column is not silently ignored.

    Raises:
        PolicyError: a dataset without a policy, a policy without a dataset, an override of an unknown rule,
            an unknown masked column, or ``quarantine`` for a table rule.
    """
    for error in policy_errors(policies, contracts):
        raise error


def policy_errors(policies: Policies, contracts: Contracts) -> Iterator[PolicyError]:
    """Yield all errors that ``check_policies`` could raise."""
    names = {contract.name for contract in contracts.datasets}
    for name in sorted(names - set(policies.datasets)):
        yield PolicyError("missing policy", file=f"{name}.yaml")
    for name in sorted(set(policies.datasets) - names):
        expected = f"one of {', '.join(sorted(names))}"
        yield PolicyError(f"no contract declares {name}", file=f"{name}.yaml", expected=expected)
    for contract in contracts.datasets:
        if contract.name in policies.datasets:
            judged = [contract, contracts.inventory, *contracts.histories_of(contract.name)]
            yield from _errors_of(policies.of(contract.name), judged, f"{contract.name}.yaml")
    yield from _errors_of(policies.gold, contracts.gold, f"{GOLD}.yaml")


def _errors_of(
    policy: Policy, judged: list[Contract] | tuple[Contract, ...], file: str
) -> Iterator[PolicyError]:
    rules = [rule for contract in judged for rule in contract.rules]
    names = {rule.name for rule in rules}
    for name, action in policy.overrides.items():
        path = f"overrides.{name}"
        if name not in names:
            expected = f"one of {', '.join(sorted(names))}"
            yield PolicyError(f"no contract has a rule {name!r}", file=file, path=path, expected=expected)
        elif action is Action.QUARANTINE and not any(r.is_row_rule for r in rules if r.name == name):
            yield PolicyError(
                f"{name} is a table rule and has no rows to quarantine",
                file=file,
                path=path,
                expected="warn, block or off",
            )
        elif action is Action.OFF and any(r.domain is not Domain.TABLE for r in rules if r.name == name):
            yield PolicyError(
                f"{name} cannot be switched off: it does not judge a candidate table",
                file=file,
                path=path,
                expected="warn, quarantine or block for a row rule, warn or block for any other",
            )
    columns = {column for contract in judged for column in contract.column_names}
    for number, column in enumerate(policy.masked_columns):
        if column not in columns:
            yield PolicyError(
                f"no contract has a column {column!r}",
                file=file,
                path=f"masked_columns[{number}]",
                expected=f"among {', '.join(sorted(columns))}",
            )


def read_policy_text(path: Path) -> str:
    """Return the text of a policy's file. Raises PolicyError if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"cannot read the policy: {error}", file=str(path)) from error
