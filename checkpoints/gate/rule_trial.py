"""Dry run of a contract's rules: each is built and judged once, with 0 for every measured number."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from checkpoints.gate.checkpoint import RESULT_FORMAT, missing_metrics, served_metrics, silenced_gx
from checkpoints.gate.gx_expectations import (
    build_expectation,
    build_expectations,
    filled_rule,
    load_gx,
    rule_error,
    serialized,
)
from checkpoints.gate.measures import Measures, RuleCount
from checkpoints.gate.routing import condition_metric
from checkpoints.gate.safe_conditions import first_line
from checkpoints.gate.table_metrics import compute_metrics, sample_frame
from contracts.errors import YamlLocation
from contracts.measures import NOT_NUMBERS, day_values, loaded_measures, table_measures
from contracts.model import Domain, Zone
from contracts.rule_arguments import check_arguments
from contracts.rule_domains import available_types
from contracts.spark import struct_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.expectations.expectation import Expectation
    from pyspark.sql import SparkSession

    from checkpoints.gate.measures import Measured
    from contracts.errors import ContractError
    from contracts.model import Contract, Rule

KEYS_UNIQUE = "keys_unique"

_PASSED: set[bytes] = set()  # digests of contracts and parameters whose rules passed in this process


@serialized
def try_rules(contract: Contract, parameters: Mapping[str, object]) -> None:
    """Check everything that the gate will do with a contract's rules, except what needs Spark.

    Fills in every parameter, builds every expectation, checks that row rules have a condition for Spark, and
    judges each rule once by the metrics that will be measured, all of them 0. Costs the import of Great
    Expectations (seconds) and some milliseconds a rule; nothing where the same rules passed before in this
    process.

    Args:
        contract: with the rules of all domains.
        parameters: values for ``{"$PARAMETER": name}``, as in the run.

    Raises:
        ContractError: names file, YAML path and rule of the first one that cannot be judged, and a fix.
    """
    trial = hashlib.sha256(repr((contract, sorted(parameters.items()))).encode()).digest()
    if trial in _PASSED:
        return
    load_gx()
    measured = zero_measures(contract)
    with silenced_gx():
        for rule in contract.rules:
            place = YamlLocation(rule.file or contract.path, rule.path)
            check_arguments(
                filled_rule(contract, rule, parameters), available_types(contract, rule.domain), place
            )
            for single, expectation in build_expectations(contract, rule, parameters):
                if rule.is_row_rule and contract.zone is not Zone.RAW:
                    condition_metric(contract, rule, expectation)
                measures = measured[rule.domain]
                is_computed = rule.domain is Domain.TABLE and contract.zone is not Zone.RAW
                if not is_computed or not missing_metrics(single, expectation, measures):
                    _try_judging(contract, single, expectation, measures)
    _PASSED.add(trial)


def try_table_rules(spark: SparkSession, contract: Contract, parameters: Mapping[str, object]) -> None:
    """Try the table rules whose metrics GX computes: on one row, a Spark job only if there is such a rule.

    Raises:
        ContractError: names file, YAML path and rule of the first one that cannot be judged, and a fix.
    """
    measures = zero_measures(contract)[Domain.TABLE]
    computed = compute_metrics(lambda: sample_frame(spark, contract), contract, measures, parameters)
    for rule in contract.rules_in(Domain.TABLE):
        if rule.name not in computed:
            continue
        if problem := computed[rule.name].problem:
            raise _cannot_be_judged(contract, rule, problem)
        with silenced_gx():
            expectation = build_expectation(contract, rule, parameters)
            _try_judging(contract, rule, expectation, replace(measures, computed=computed))


def zero_measures(contract: Contract) -> Measured:
    """Return the numbers that the gate measures for a contract, by domain, all 0.

    Rows that break a rule are counted for row rules and, of a table, for the uniqueness of its keys. The
    columns of a table, with Spark's types, are known only where Spark is installed.
    """
    has_columns = contract.zone is not Zone.RAW and find_spec("pyspark") is not None

    def zeros(domain: Domain) -> Measures:
        counted = [rule.name for rule in contract.rules if rule.is_row_rule and rule.domain is domain]
        return Measures(1, dict.fromkeys(counted, RuleCount(0)))

    return {
        Domain.RECORDS: zeros(Domain.RECORDS),
        Domain.VALID_ROWS: zeros(Domain.VALID_ROWS),
        Domain.TABLE: Measures(
            1,
            {KEYS_UNIQUE: RuleCount(0)},
            dict.fromkeys(table_measures(contract) - NOT_NUMBERS, 0),
            by_day={name: {} for name in day_values(contract)},
            nulls={column.name: 0 for column in contract.columns if column.required},
            columns=struct_type(contract) if has_columns else None,
        ),
        Domain.LOADED: Measures(1, values=dict.fromkeys(loaded_measures(contract), 0)),
    }


def _try_judging(contract: Contract, rule: Rule, expectation: Expectation, measures: Measures) -> None:
    from great_expectations.exceptions.exceptions import GreatExpectationsError

    from checkpoints.gate.gx_engines import MeasuredEngine

    dependencies = expectation.get_validation_dependencies(
        runtime_configuration={"result_format": RESULT_FORMAT}
    )
    wanted = dependencies.metric_configurations
    served = served_metrics(contract, rule, expectation, measures, (), wanted)
    metrics = {metric.id: 0 if served[name] is None else served[name] for name, metric in wanted.items()}
    try:
        expectation.metrics_validate(
            metrics,
            runtime_configuration={"result_format": RESULT_FORMAT},
            execution_engine=MeasuredEngine(),
        )
    except (GreatExpectationsError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise _cannot_be_judged(contract, rule, first_line(error)) from error


def _cannot_be_judged(contract: Contract, rule: Rule, problem: str) -> ContractError:
    return rule_error(
        contract, rule, f"{rule.expectation} cannot be judged: {problem}", "correct its arguments"
    )
