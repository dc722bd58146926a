"""The judging step of every transition: a GX checkpoint over measured numbers, then the policy's decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from contracts.model import Domain
from dags.pipeline.publish import PublishedResult
from quarantine_policies.decision import decide, effect_of, split_rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.gate.checkpoint import GateResult, JudgeRules
    from checkpoints.gate.measures import Accounting, Measures, RecordsMeasured, TableMeasured
    from checkpoints.lake.ingestion import Ingestion
    from contracts.model import Contract, Rule
    from dags.pipeline.context import Run
    from dags.pipeline.report import DatasetReport
    from quarantine_policies.decision import Decision, Verdict
    from quarantine_policies.model import Action, Policy

_Subject = TypeVar("_Subject")


@dataclass(frozen=True, slots=True)
class Judged(Generic[_Subject]):
    """A dataset, table or load that went through the gate.

    ``subject``: what was judged, such as a candidate or an ingestion. ``rules``: those judged, or skipped
    because their domain was not measured. ``rules_off``: those that the policy switches off.
    ``effects``: what follows each broken rule, by its name.
    """

    subject: _Subject
    contract: Contract
    rules: tuple[Rule, ...]
    measured: Mapping[Domain, Measures]
    result: GateResult
    decision: Decision
    effects: Mapping[str, Action]
    rules_off: tuple[Rule, ...] = ()

    @property
    def name(self) -> str:
        """The contract's name."""
        return self.contract.name

    @property
    def verdict(self) -> Verdict:
        """The decision's verdict."""
        return self.decision.verdict


def judge_and_decide(
    checkpoint: str,
    run: Run,
    subject: _Subject,
    contract: Contract,
    rules: Sequence[Rule],
    measured: Mapping[Domain, Measures],
    policy: Policy,
    *,
    files_rejected: int = 0,
    rows_quarantined: int = 0,
    judge_rules: JudgeRules = judge,
) -> Judged[_Subject]:
    """Judge measured numbers by a contract's rules and let the policy decide. Reads no data.

    Args:
        checkpoint: name of the GX checkpoint: ``bronze_to_silver.events``.
        run: its id names the results, its clock is the rules' ``as_of``.
        subject: carried over into the result.
        contract: the rules belong to.
        rules: those to judge; rules of domains that were not measured, or that the policy switches off, are
            skipped.
        measured: the measures by domain.
        policy: gives the rules' limits, the masked columns and the overrides.
        files_rejected: files that this run quarantined; any make the verdict ``warn``.
        rows_quarantined: rows that this run quarantined; any make the verdict ``warn``.
        judge_rules: judges the rules.

    Raises:
        ContractError: a rule needs a number that was not measured, or cannot be judged.
    """
    parameters = {**policy.parameters, **run.parameters}
    masking = Masking.of(contract, policy.masked_columns)
    judged, off = split_rules(rules, policy)
    result = judge_rules(checkpoint, contract, judged, measured, parameters, masking, run.id, run.as_of)
    decision = decide(
        result.outcomes, policy, files_rejected=files_rejected, rows_quarantined=rows_quarantined
    )
    effects = {rule.name: effect_of(rule, policy) for rule in rules}
    return Judged(subject, contract, judged, measured, result, decision, effects, off)


def published_result(
    judged: Judged[_Subject],
    report: DatasetReport,
    *,
    ingestion: Ingestion | None = None,
    records: RecordsMeasured | None = None,
    accounting: Accounting | None = None,
    table: TableMeasured | None = None,
    nulls: Mapping[str, int] | None = None,
) -> PublishedResult:
    """Return what metrics and Data Docs publish of a judged subject; an ingestion has no table measures."""
    values: dict[str, float] = {}
    if ingestion is None:
        for domain in (Domain.TABLE, Domain.LOADED):
            if domain in judged.measured:
                values |= {name: float(value) for name, value in judged.measured[domain].values.items()}
    return PublishedResult(
        contract=judged.contract,
        rules=judged.rules,
        judgement=judged.result,
        decision=judged.decision,
        report=report,
        ingestion=ingestion,
        records=records,
        accounting=accounting,
        table=table,
        measures=values,
        nulls=nulls or {},
        effects=judged.effects,
        rules_off=judged.rules_off,
    )
