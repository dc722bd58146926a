"""Judging of many small sets of measured numbers: each rule by its GX expectations, without a checkpoint.

A checkpoint costs a third of a second, whatever it judges. Here each expectation validates the same served
metrics, and equal numbers of a rule are validated once. There are no results for documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import (
    RESULT_FORMAT,
    GateResult,
    measured_metrics,
    rule_outcome,
    samples_of,
    served_metrics,
    silenced_gx,
)
from checkpoints.gate.gx_expectations import build_expectation, filled_rule, load_gx, serialized, single_rules

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import datetime

    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.validator.metric_configuration import MetricConfigurationID

    from checkpoints.gate.gx_engines import MeasuredEngine
    from checkpoints.gate.masking import Masking
    from checkpoints.gate.measures import Measured
    from contracts.model import Contract, Rule


@dataclass(frozen=True, slots=True)
class _Built:
    """An expectation, and by name the ids of the metrics that it needs."""

    expectation: Expectation
    metrics: Mapping[str, MetricConfigurationID]


class RuleJudge:
    """Judges rules like ``checkpoint.judge``, with the same outcomes, and remembers what it judged."""

    def __init__(self) -> None:
        self._built: dict[Hashable, _Built] = {}
        self._validated: dict[Hashable, ExpectationValidationResult] = {}
        self._engine: MeasuredEngine | None = None

    @serialized
    def judge(
        self,
        name: str,  # noqa: ARG002  as in ``checkpoint.judge``
        contract: Contract,
        rules: Sequence[Rule],
        measured: Measured,
        parameters: Mapping[str, object],
        masking: Masking,
        run_id: str,  # noqa: ARG002  as in ``checkpoint.judge``
        run_time: datetime,  # noqa: ARG002  as in ``checkpoint.judge``
    ) -> GateResult:
        """Return the outcomes; ``results`` is empty. Arguments and errors: see ``checkpoint.judge``."""
        with silenced_gx():
            outcomes = [
                rule_outcome(
                    contract,
                    rule,
                    [
                        self._validate(contract, single, measured, parameters, masking)
                        for single in single_rules(rule)
                    ],
                    measured,
                    masking,
                )
                for rule in rules
                if rule.domain in measured
            ]
        return GateResult(tuple(outcomes), {})

    def _validate(
        self,
        contract: Contract,
        rule: Rule,
        measured: Measured,
        parameters: Mapping[str, object],
        masking: Masking,
    ) -> ExpectationValidationResult:
        """Return the result of a rule of one expectation.

        It depends on the expectation with its arguments and on the measured metrics that it needs; those that
        GX computed are of one table, so their results are not kept.
        """
        measures = measured[rule.domain]
        filled = repr(sorted(filled_rule(contract, rule, parameters).kwargs.items()))
        written = (contract.name, rule.name, rule.domain, rule.expectation, filled)
        if written not in self._built:
            self._built[written] = self._build(contract, rule, parameters)
        built = self._built[written]
        samples = samples_of(contract, rule, measured, masking)
        known = measured_metrics(rule, built.expectation, measures, samples)
        numbers = (*written, repr([(name, known[name]) for name in built.metrics if name in known]))
        if rule.name not in measures.computed and numbers in self._validated:
            return self._validated[numbers]
        served = served_metrics(contract, rule, built.expectation, measures, samples, built.metrics)
        validated = self._result(built, served)
        if rule.name not in measures.computed:
            self._validated[numbers] = validated
        return validated

    def _build(self, contract: Contract, rule: Rule, parameters: Mapping[str, object]) -> _Built:
        load_gx()
        from checkpoints.gate.gx_engines import MeasuredEngine

        self._engine = self._engine or MeasuredEngine()
        expectation = build_expectation(contract, rule, parameters)
        wanted = expectation.get_validation_dependencies(
            execution_engine=self._engine, runtime_configuration={"result_format": RESULT_FORMAT}
        )
        ids = {name: metric.id for name, metric in wanted.metric_configurations.items()}
        return _Built(expectation, ids)

    def _result(self, built: _Built, served: Mapping[str, object]) -> ExpectationValidationResult:
        """Validate served metrics; what raises is a result that says so, as in a checkpoint."""
        from great_expectations.core.expectation_validation_result import ExpectationValidationResult

        from checkpoints.gate.gx_engines import MetricProblem

        problems = [value.message for value in served.values() if isinstance(value, MetricProblem)]
        if not problems:
            metrics = {
                metric: 0 if served[name] is None else served[name] for name, metric in built.metrics.items()
            }
            try:
                return built.expectation.metrics_validate(
                    metrics,
                    execution_engine=self._engine,
                    runtime_configuration={"result_format": RESULT_FORMAT},
                )
            except Exception as error:  # noqa: BLE001  as Great Expectations does in a checkpoint
                problems = [str(error)]
        return ExpectationValidationResult(
            success=False,
            expectation_config=built.expectation.configuration,
            exception_info={"raised_exception": True, "exception_message": problems[0]},
        )
