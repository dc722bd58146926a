"""Facts of one result, from which all its pages are made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.gate.checkpoint import GateResult
    from checkpoints.gate.measures import Offender, RejectedRow, UnknownColumn
    from checkpoints.metrics.result import ResultMetrics
    from contracts.days import ValuesByDay
    from contracts.inventory import FileFacts
    from contracts.model import Contract, Rule
    from quarantine_policies.decision import Decision
    from quarantine_policies.model import Action


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """One dataset or table in one transition of a run. Samples and offending values must be masked.

    ``effects``: by rule, what follows if it is broken. ``rules_off``: those that the policy switches off.
    ``inventory``: the files that raw_to_bronze found. ``rejected_today``: files accepted by an earlier run
    that today's contract would reject. ``rejected``: some of the quarantined rows. ``offenders``: by error
    rule, some rows that break it. ``files_by_rule``: by rule, the files with the most offenders. ``nulls``:
    by column of the written table. ``by_day``: see ``TableMeasured``.
    """

    transition: str
    dataset: str
    contract: Contract
    rules: Sequence[Rule]
    effects: Mapping[str, Action]
    gate_result: GateResult
    decision: Decision
    metrics: ResultMetrics
    rules_off: Sequence[Rule] = ()
    unknown_columns: Sequence[UnknownColumn] = ()
    inventory: Sequence[FileFacts] = ()
    rejected_today: Sequence[FileFacts] = ()
    rejected: Sequence[RejectedRow] = ()
    offenders: Mapping[str, Sequence[Offender]] = field(default_factory=dict)
    files_by_rule: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    nulls: Mapping[str, int] = field(default_factory=dict)
    by_day: Mapping[str, ValuesByDay] = field(default_factory=dict)

    @property
    def rejected_files(self) -> Mapping[str, int]:
        """Files rejected, by reason."""
        not_reasons = {"valid", "unchanged", "ignored", "without_rows"}
        return {
            name: count for name, count in self.metrics.files_by_outcome.items() if name not in not_reasons
        }

    @property
    def evaluated(self) -> dict[str, int]:
        """Rows judged, by domain."""
        return {outcome.domain.value: outcome.evaluated for outcome in self.gate_result.outcomes}

    @property
    def broken(self) -> dict[str, int]:
        """Offenders of each broken rule; 0 for a rule that counts none."""
        return {outcome.rule: outcome.failed for outcome in self.gate_result.outcomes if not outcome.passed}

    @property
    def is_of_rows(self) -> bool:
        """Whether its rows are records of files, which can be quarantined and corrected."""
        return self.metrics.rows_read is not None
