"""Judging by a Great Expectations checkpoint over measured numbers, without reading the data again."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard  # Any: GX expectations, whose map_metric is not declared

from checkpoints.gate.gx_expectations import build_expectations, load_gx, rule_error, serialized
from checkpoints.gate.measures import Measured, Measures, RuleCount
from checkpoints.gate.safe_conditions import first_line
from contracts.days import DayOutOfLine
from contracts.expectation_catalog import metric_of
from contracts.model import Domain
from quarantine_policies.decision import RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource
    from great_expectations.expectations.expectation import Expectation

    from checkpoints.gate.gx_engines import MeasuredEngine
    from checkpoints.gate.masking import Masking
    from contracts.model import Contract, Rule

RESULT_FORMAT: dict[str, object] = {"result_format": "BASIC", "partial_unexpected_count": 20}
_NO_TIMESTAMP = ""  # GX would take None for a number that is 0
_NOT_NULL = "expect_column_values_to_not_be_null"


@dataclass(frozen=True, slots=True)
class GateResult:
    """Result of a checkpoint: the outcome of each rule, in their order, and GX's own results by domain."""

    outcomes: tuple[RuleOutcome, ...]
    results: Mapping[Domain, ExpectationSuiteValidationResult]


JudgeRules = Callable[
    [str, "Contract", "Sequence[Rule]", Measured, "Mapping[str, object]", "Masking", str, "datetime"],
    GateResult,
]
"""Judges rules; see ``judge`` for the arguments."""


@serialized
def judge(
    name: str,
    contract: Contract,
    rules: Sequence[Rule],
    measured: Measured,
    parameters: Mapping[str, object],
    masking: Masking,
    run_id: str,
    run_time: datetime,
) -> GateResult:
    """Judge the rules of every measured domain by one GX checkpoint; no data is read.

    Args:
        name: of the checkpoint: ``bronze_to_silver.events``.
        contract: of the rules.
        rules: those to judge; rules of domains that were not measured are skipped.
        measured: the measures by domain.
        parameters: values for ``{"$PARAMETER": name}``.
        masking: masks samples before they reach GX, so that no result holds a raw value.
        run_id: names the results.
        run_time: the run's clock (UTC).

    Raises:
        ContractError: a rule needs a number that was not measured, or cannot be judged.
    """
    gx = load_gx()
    import pandas as pd

    from checkpoints.gate.gx_engines import MeasuredEngine

    judged = [rule for rule in rules if rule.domain in measured]
    domains = [domain for domain in Domain if any(rule.domain is domain for rule in judged)]
    if not domains:
        return GateResult((), {})
    with silenced_gx():
        context = _ephemeral_context()
        source = context.data_sources.add_pandas(contract.name)
        engine = MeasuredEngine()
        _set_engine(source, engine)
        definitions = []
        for domain in domains:
            batch = source.add_dataframe_asset(domain.value).add_batch_definition_whole_dataframe("measured")
            suite = gx.ExpectationSuite(f"{name}.{domain.value}")
            for rule in judged:
                for single, expectation in build_expectations(contract, rule, parameters):
                    if rule.domain is domain:
                        samples = samples_of(contract, rule, measured, masking)
                        served = served_metrics(contract, single, expectation, measured[domain], samples)
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
            batch_parameters={"dataframe": pd.DataFrame()},  # nothing to read: all metrics are served
            run_id=gx.RunIdentifier(run_name=run_id, run_time=run_time),
        )
    by_domain = dict(zip(domains, result.run_results.values(), strict=True))
    found: dict[tuple[Domain, str], list[ExpectationValidationResult]] = {}
    for domain, results in by_domain.items():
        for validated in results.results:
            if validated.expectation_config is not None:
                rule_name = validated.expectation_config.meta["rule"]
                found.setdefault((domain, rule_name), []).append(validated)
    outcomes = [
        rule_outcome(contract, rule, found[rule.domain, rule.name], measured, masking) for rule in judged
    ]
    return GateResult(tuple(outcomes), by_domain)


def _ephemeral_context() -> EphemeralDataContext:
    """Return a GX context in memory, without pages, progress bars and analytics."""
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    context: EphemeralDataContext = load_gx().get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            progress_bars=ProgressBarsConfig(globally=False),
            analytics_enabled=False,
        ),
    )
    return context


def _set_engine(source: PandasDatasource, engine: MeasuredEngine) -> None:
    """Set the engine of a source. GX has no public way to do so, hence the check."""
    source.get_execution_engine()  # caches the arguments of its own engine
    source._execution_engine = engine
    if source.get_execution_engine() is not engine:
        raise RuntimeError("Great Expectations did not accept the engine; lakegate supports version 1.24")


def samples_of(contract: Contract, rule: Rule, measured: Measured, masking: Masking) -> tuple[str, ...]:
    """Return some of the values that break a rule, masked."""
    measures = measured[rule.domain]
    if rule.name in measures.computed:
        return masking.texts(contract, rule, measures.computed[rule.name].samples)
    return masking.samples(rule, measures.rules.get(rule.name, RuleCount(0)).samples)


def served_metrics(
    contract: Contract,
    rule: Rule,
    expectation: Expectation,
    measures: Measures,
    samples: Sequence[str],
    wanted: Collection[str] | None = None,
) -> dict[str, object]:
    """Return the value of every metric that a rule's expectation needs: measured, or computed by GX.

    None stands for a number that was not counted because no result depends on it. ``wanted``: the names of
    the metrics, where they are known.

    Raises:
        ContractError: the expectation needs a metric that is neither measured nor computed.
    """
    known = measured_metrics(rule, expectation, measures, samples)
    if wanted is None:
        wanted = wanted_metrics(expectation)
    if computed := measures.computed.get(rule.name):
        from checkpoints.gate.gx_engines import MetricProblem

        if computed.problem is not None:
            return {name: known.get(name, MetricProblem(computed.problem)) for name in wanted}
        texts = (
            {f"{expectation.map_metric}.unexpected_values": list(samples)}
            if _counts_rows(expectation)
            else {}
        )
        known = {**computed.values, **texts, **known}
    missing = sorted(set(wanted) - set(known))
    if missing:
        raise rule_error(
            contract,
            rule,
            f"{rule.expectation} needs {', '.join(missing)}, not measured of {rule.domain}",
            "use an expectation on the row count or on a measure, or write the rule in a table's contract",
        )
    return {name: known[name] for name in wanted}


def missing_metrics(rule: Rule, expectation: Expectation, measures: Measures) -> list[str]:
    """Return the names of the metrics that a rule's expectation needs and that are not measured."""
    return sorted(set(wanted_metrics(expectation)) - set(measured_metrics(rule, expectation, measures, ())))


def wanted_metrics(expectation: Expectation) -> list[str]:
    """Return the names of the metrics that an expectation needs for a result."""
    wanted = expectation.get_validation_dependencies(runtime_configuration={"result_format": RESULT_FORMAT})
    return list(wanted.metric_configurations)


def _counts_rows(expectation: Expectation) -> TypeGuard[Any]:
    return getattr(expectation, "map_metric", None) is not None


def measured_metrics(
    rule: Rule, expectation: Expectation, measures: Measures, samples: Sequence[str]
) -> dict[str, object]:
    """Return the metrics of an expectation that follow from measured numbers."""
    if _counts_rows(expectation) and rule.name in measures.rules:
        return {
            "table.row_count": measures.rows,
            # Nulls are counted only by the rules on nulls, whose unexpected_count below overrides this.
            "column_values.nonnull.unexpected_count": None,
            f"{expectation.map_metric}.unexpected_count": measures.rules[rule.name].unexpected,
            f"{expectation.map_metric}.unexpected_values": list(samples),
            f"{expectation.map_metric}.filtered_row_count": measures.rows,
        }
    known: dict[str, object] = {metric_of(name): value for name, value in measures.values.items()}
    if measures.by_day:
        known[metric_of("values_by_day")] = measures.by_day
    known[metric_of("latest_timestamp")] = measures.latest or _NO_TIMESTAMP
    if measures.columns is not None:
        known["table.columns"] = measures.columns.fieldNames()
        known["table.column_count"] = len(measures.columns)
        known["table.column_types"] = [
            {"name": field.name, "type": field.dataType} for field in measures.columns.fields
        ]
    if "row_condition" not in rule.kwargs:  # tables are measured over all rows
        known["table.row_count"] = measures.rows
        column = rule.kwargs.get("column")
        if rule.expectation == _NOT_NULL and column in measures.nulls:
            known["column_values.nonnull.unexpected_count"] = measures.nulls[str(column)]
            known["column_values.nonnull.unexpected_values"] = []
    return known


def rule_outcome(
    contract: Contract,
    rule: Rule,
    validated: Sequence[ExpectationValidationResult],
    measured: Measured,
    masking: Masking,
) -> RuleOutcome:
    """Return the outcome of a rule; one that could not be judged is broken, and its reason is observed."""
    measures = measured[rule.domain]
    if rule.name in measures.computed:
        for each in validated:
            each.result = masking.result(rule, each.result)
    decisive = next((each for each in validated if not each.success), validated[0])
    computed = measures.computed.get(rule.name)
    failed = computed.failed if computed else measures.rules.get(rule.name, RuleCount(0)).unexpected
    observed = _problem(decisive) or decisive.result.get("observed_value")
    return RuleOutcome(
        rule=rule.name,
        domain=rule.domain,
        severity=rule.severity,
        passed=all(bool(each.success) for each in validated),
        evaluated=measures.rows,
        failed=failed or sum(int(each.result.get("unexpected_count") or 0) for each in validated),
        observed=observed if observed is None or isinstance(observed, (int, float)) else str(observed),
        samples=samples_of(contract, rule, measured, masking),
        days=tuple(day for each in validated for day in _days_out_of_line(each)),
    )


def _days_out_of_line(validated: ExpectationValidationResult) -> list[DayOutOfLine]:
    details = validated.result.get("details") or {}
    return [DayOutOfLine.from_json(day) for day in details.get("days_out_of_line", ())]


def _problem(validated: ExpectationValidationResult) -> str | None:
    """Return why an expectation could not be judged, in one line; None if it was judged."""
    raised = validated.exception_info or {}
    for each in (raised, *(each for each in raised.values() if isinstance(each, dict))):
        if each.get("raised_exception"):
            return f"cannot be judged: {first_line(each.get('exception_message') or 'no reason given')}"
    return None


@contextlib.contextmanager
def silenced_gx() -> Iterator[None]:
    """Keep GX's warnings and log messages off the console."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
