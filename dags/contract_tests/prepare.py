"""Preparation of a case: contract and policy with the case's own options, its run, its files' bytes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from contracts.errors import ConfigurationError
from contracts.model import Zone
from contracts.odcs import parse_yaml
from contracts.parser import parse_contract
from dags.contract_tests.model import BROKEN, HOLDS
from dags.pipeline.context import new_run
from quarantine_policies.decision import counted_rules, routed_rules
from quarantine_policies.model import DatasetPolicy
from quarantine_policies.reader import check_policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.defaults import Defaults
    from contracts.loader import Contracts
    from contracts.model import Contract, Rule
    from dags.contract_tests.model import Case
    from dags.pipeline.context import Run
    from quarantine_policies.reader import Policies

_SOURCES = "sources"
_OPTIONS = ("sources", "dateOrder", "recency", "ignoredColumns")


@dataclass(frozen=True, slots=True)
class PreparedCase:
    """A case with what the pipeline works on. ``files``: content by key below ``raw/<dataset>/``."""

    number: int
    case: Case
    contract: Contract
    policy: DatasetPolicy
    run: Run
    files: Mapping[str, bytes]

    @property
    def routed(self) -> tuple[Rule, ...]:
        """The row rules whose offenders are quarantined."""
        return routed_rules(self.contract, self.policy)

    @property
    def counted(self) -> tuple[Rule, ...]:
        """The row rules whose offenders are counted and kept."""
        return counted_rules(self.contract, self.policy)

    @property
    def parameters(self) -> dict[str, object]:
        """The values that rules reference by ``{"$PARAMETER": name}``."""
        return {**self.policy.parameters, **self.run.parameters}


class CasePreparer:
    """Prepares cases under an installation's contracts and policies; equal contracts are parsed once."""

    def __init__(
        self, contracts: Contracts, policies: Policies, texts: Mapping[str, str], defaults: Defaults
    ) -> None:
        """Take contracts, policies, the YAML text of each dataset's contract, and their default rules."""
        self._contracts, self._policies, self._texts, self._defaults = contracts, policies, texts, defaults
        self._with_options: dict[tuple[str, str], Contract] = {}

    def prepare(self, number: int, case: Case) -> PreparedCase:
        """Return a case prepared.

        Raises:
            CaseError: its contract options, policy, clock, files or rules are invalid.
        """
        contract, policy = self._contract(case), self._policy(case)
        try:
            run = new_run(as_of=case.as_of, run_id=f"case-{number}")
        except ConfigurationError as error:
            raise case.location.at("as_of").error(
                error.what, expected=error.expected, found=error.found
            ) from error
        files = {key: given.content() for key, given in case.entry.given.items()}
        prepared = PreparedCase(number, case, contract, policy, run, files)
        self._check_expected(prepared)
        return prepared

    def _contract(self, case: Case) -> Contract:
        options = case.entry.contract
        if not options:
            return self._contracts.silver(case.dataset)
        at = case.location.at("contract")
        for name in options:
            if name not in _OPTIONS:
                raise at.at(name).error(f"unknown option {name!r}", expected=f"one of {', '.join(_OPTIONS)}")
        memo = case.dataset, json.dumps(options, sort_keys=True, default=str)
        if memo not in self._with_options:
            text, path = self._texts[case.dataset], self._contracts.silver(case.dataset).path
            try:
                changed = _with_options(text, options)
                self._with_options[memo] = parse_contract(changed, Zone.SILVER, path, self._defaults)
            except ConfigurationError as error:
                raise at.error(f"the contract is invalid with these options: {error}") from error
        return self._with_options[memo]

    def _policy(self, case: Case) -> DatasetPolicy:
        policy, given = self._policies.of(case.dataset), case.entry.policy
        if not given:
            return policy
        at = case.location.at("policy")
        try:
            changed = DatasetPolicy.model_validate({**policy.model_dump(), **given})
        except ValidationError as error:
            first = error.errors()[0]
            known = ", ".join(DatasetPolicy.model_fields)
            raise at.at(*first["loc"]).error(
                f"invalid policy: {'.'.join(map(str, first['loc']))}: {first['msg']}",
                expected=f"keys: {known}",
            ) from error
        try:
            check_policies(
                replace(self._policies, datasets={**self._policies.datasets, case.dataset: changed}),
                self._contracts,
            )
        except ConfigurationError as error:
            raise at.error(f"invalid policy: {error}") from error
        return changed

    def _check_expected(self, prepared: PreparedCase) -> None:
        """Raise CaseError for an expectation about a rule or file that there is not."""
        expected, at = prepared.case.expected, prepared.case.location.at("expect")
        row_rules = {rule.name for rule in prepared.contract.rules if rule.is_row_rule}
        table_rules = {rule.name for rule in prepared.contract.rules if not rule.is_row_rule}
        for history in self._contracts.histories_of(prepared.contract.name):
            table_rules |= {f"{history.name}.{rule.name}" for rule in history.rules}
        for name, state in (expected.rules or {}).items():
            where = at.at("rules", name)
            if name not in row_rules | table_rules:
                raise where.error(
                    f"no rule {name!r}", expected=f"one of {', '.join(sorted(row_rules | table_rules))}"
                )
            if isinstance(state, int) is not (name in row_rules):
                wanted = "a number of rows" if name in row_rules else f"{HOLDS} or {BROKEN}"
                raise where.error(f"invalid state of {name}", expected=wanted, found=repr(state))
        routed = {rule.name for rule in prepared.routed}
        for number, row in enumerate(expected.quarantined or ()):
            where = at.at("quarantined", number)
            if unknown := sorted(set(row.rules) - routed):
                raise where.at("rules").error(
                    f"no row is quarantined by {', '.join(unknown)}",
                    expected=f"among {', '.join(sorted(routed))}",
                )
            if row.file is not None and row.file not in prepared.files:
                raise where.at("file").error("no such file is given", found=repr(row.file))
        for key in expected.rejected or {}:
            if key not in prepared.files:
                raise at.at("rejected", key).error("no such file is given", found=repr(key))


def _with_options(text: str, options: Mapping[str, object]) -> str:
    """Return a contract's YAML with custom properties replaced; sources are added before its own."""
    document = parse_yaml(text)
    assert isinstance(document, dict)  # it was parsed as a contract before
    own = {item["property"]: item["value"] for item in document.get("customProperties", [])}
    before = own.get(_SOURCES) or []
    own |= options
    if isinstance(added := options.get(_SOURCES), list):
        names = [entry.get("name") for entry in added if isinstance(entry, dict)]
        own[_SOURCES] = [*added, *(entry for entry in before if entry["name"] not in names)]
    document["customProperties"] = [{"property": name, "value": value} for name, value in own.items()]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
