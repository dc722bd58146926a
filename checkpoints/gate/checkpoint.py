"""Lets a real Great Expectations checkpoint judge what was measured, without touching the data again."""

from __future__ import annotations

import contextlib
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checkpoints.gate.expectations import build_expectation, in_turn, load_gx, rule_error
from checkpoints.gate.measures import Measures, RuleCount
from contracts.model import Domain
from quarantine_policies.decision import RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from great_expectations.checkpoint.checkpoint import CheckpointResult
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
    from great_expectations.expectations.expectation import Expectation

    from checkpoints.gate.engines import MeasuredEngine
    from checkpoints.gate.masking import Masking
    from checkpoints.gate.measures import Measured
    from contracts.model import Contract, Rule

RESULT_FORMAT: dict[str, object] = {"result_format": "BASIC", "partial_unexpected_count": 20}
# Over one number, all of these are that number.
_OF_ONE_VALUE = ("column.max", "column.min", "column.mean", "column.sum", "column.median")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a checkpoint found: an outcome a rule, and GX's own results, by domain."""

    outcomes: tuple[RuleOutcome, ...]  # in the order of the rules
    results: Mapping[Domain, ExpectationSuiteValidationResult]
    checkpoint: CheckpointResult | None  # None when there was no rule to judge

    @property
    def success(self) -> bool:
        """Whether every rule held, warn rules too."""
        return all(outcome.passed for outcome in self.outcomes)


@in_turn
def judge(
    name: str,
    contract: Contract,
    rules: Sequence[Rule],
    measured: Measured,
    parameters: Mapping[str, object],
    masking: Masking,
    run_id: str,
    run_time: datetime,
) -> Judgement:
    """Judge the rules of every measured domain by one GX checkpoint; no data is read.

    Args:
        name: of the checkpoint: ``bronze_to_silver.events``.
        contract: that the rules belong to.
        rules: those to judge; the ones whose domain was not measured are passed over.
        measured: what was counted, by domain.
        parameters: values for ``{"$PARAMETER": name}``.
        masking: hides samples before GX sees them, so that no result holds a raw value.
        run_id: of the run; it names the results.
        run_time: the run's clock (UTC).

    Raises:
        ContractError: a rule looks at something that was not measured, or cannot be judged.
    """
    gx = load_gx()
    import pandas as pd
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    from checkpoints.gate.engines import MeasuredEngine

    judged = [rule for rule in rules if rule.domain in measured]
    domains = [domain for domain in Domain if any(rule.domain is domain for rule in judged)]
    if not domains:
        return Judgement((), {}, None)
    with _quietly():
        context = gx.get_context(
            mode="ephemeral",
            project_config=DataContextConfig(
                store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
                progress_bars=ProgressBarsConfig(globally=False),
                analytics_enabled=False,
            ),
        )
        source = context.data_sources.add_pandas(contract.name)
        engine = MeasuredEngine()
        _give_engine(source, engine)
        definitions = []
        for domain in domains:
            batch = source.add_dataframe_asset(domain.value).add_batch_definition_whole_dataframe("measured")
            suite = gx.ExpectationSuite(f"{name}.{domain.value}")
            for rule in judged:
                if rule.domain is domain:
                    expectation = build_expectation(contract, rule, parameters)
                    samples = masking.samples(rule, _count(rule, measured).samples)
                    served = _served(contract, rule, expectation, measured[domain], samples)
                    engine.serve(f"{contract.name}-{domain.value}", expectation, served)
                    suite.add_expectation(expectation)
            definition = gx.ValidationDefinition(
                name=f"{name}.{domain.value}", data=batch, suite=context.suites.add(suite)
            )
            definitions.append(context.validation_definitions.add(definition))
        checkpoint = context.checkpoints.add(
            gx.Checkpoint(name=name, validation_definitions=definitions, result_format=RESULT_FORMAT)
        )
        result = checkpoint.run(
            batch_parameters={"dataframe": pd.DataFrame()},  # nothing to read: all is served
            run_id=gx.RunIdentifier(run_name=run_id, run_time=run_time),
        )
    by_domain = dict(zip(domains, result.run_results.values(), strict=True))
    found = {
        (domain, validated.expectation_config.meta["rule"]): validated
        for domain, results in by_domain.items()
        for validated in results.results
        if validated.expectation_config is not None
    }
    outcomes = [_outcome(contract, rule, found[rule.domain, rule.name], measured, masking) for rule in judged]
    return Judgement(tuple(outcomes), by_domain, result)


def _count(rule: Rule, measured: Measured) -> RuleCount:
    return measured[rule.domain].rules.get(rule.name, RuleCount(0))


def _served(
    contract: Contract, rule: Rule, expectation: Expectation, measures: Measures, samples: Sequence[str]
) -> dict[str, object]:
    """Return the measured value of every metric that the rule's expectation looks at."""
    map_metric = getattr(expectation, "map_metric", None)
    column = rule.kwargs.get("column")
    known: dict[str, object] = {"table.row_count": measures.rows}
    if rule.name in measures.rules:
        # Nulls are not counted: they are offenders of the rules on nulls alone, which this overrides.
        known["column_values.nonnull.unexpected_count"] = None
        known[f"{map_metric}.unexpected_count"] = measures.rules[rule.name].unexpected
        known[f"{map_metric}.unexpected_values"] = list(samples)
        known[f"{map_metric}.filtered_row_count"] = measures.rows
    if column in measures.values:
        known.update(dict.fromkeys(_OF_ONE_VALUE, measures.values[str(column)]))
    wanted = expectation.get_validation_dependencies(
        runtime_configuration={"result_format": RESULT_FORMAT}
    ).metric_configurations
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise rule_error(
            contract,
            rule,
            f"{rule.expectation} looks at {', '.join(missing)}, not measured of {rule.domain.value}; "
            f"measured are {', '.join(sorted({*measures.rules, *measures.values})) or 'no rules'}",
            "use an expectation over a measured number, or measure it",
        )
    return {name: known[name] for name in wanted}


def _outcome(
    contract: Contract,
    rule: Rule,
    validated: ExpectationValidationResult,
    measured: Measured,
    masking: Masking,
) -> RuleOutcome:
    raised = validated.exception_info or {}
    flat = [raised, *(each for each in raised.values() if isinstance(each, dict))]
    if any(each.get("raised_exception") for each in flat):
        message = "; ".join(str(each["exception_message"]) for each in flat if each.get("exception_message"))
        raise rule_error(
            contract, rule, f"{rule.expectation} cannot be judged: {message}", "correct its arguments"
        )
    count = _count(rule, measured)
    observed = validated.result.get("observed_value")
    return RuleOutcome(
        rule=rule.name,
        domain=rule.domain,
        severity=rule.severity,
        passed=bool(validated.success),
        evaluated=measured[rule.domain].rows,
        failed=count.unexpected,
        observed=observed if observed is None or isinstance(observed, (int, float)) else str(observed),
        samples=masking.samples(rule, count.samples),
    )


def _give_engine(source: PandasDatasource, engine: MeasuredEngine) -> None:
    """Let the source judge with our engine. GX offers no other place, so that it is checked."""
    source.get_execution_engine()  # remembers the arguments by which it would make another
    source._execution_engine = engine
    if source.get_execution_engine() is not engine:
        raise RuntimeError("Great Expectations did not take the engine; lakegate knows version 1.24")


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep GX's progress bars, warnings and chatter off the console."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
