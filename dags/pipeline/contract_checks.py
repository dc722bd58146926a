"""Contract checks before a run writes anything: every rule and expression is tried in GX and Spark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.gate.rule_trial import try_rules, try_table_rules
from contracts.model import Zone
from dags.spark.concurrency import start_with_gx
from transforms.bronze_to_silver.java_patterns import check_formats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup


def check_contracts(
    setup: Setup,
    run: Run,
    start_spark: Callable[[], SparkSession],
    files: Mapping[str, Iterable[FileFacts]],
    *,
    needs_spark: bool,
) -> None:
    """Check all rules and, as far as Spark is needed, row conditions, source expressions and gold's SQL.

    Args:
        setup: with the contracts and the policies.
        run: its clock is the rules' ``as_of``.
        start_spark: starts the Spark session.
        files: all known files by dataset: a spec that is the name of a column in one of a source's files is
            not an expression.
        needs_spark: whether the run needs Spark anyway. If not, row conditions and gold's SQL are left to the
            run that does, and Spark is started only for a source that computes, renames or filters columns.

    Raises:
        ContractError: a rule or an expression is invalid; names its place in the contract.
    """
    spark = start_with_gx(start_spark) if needs_spark else None
    check_rules(setup, run, setup.contracts.all)
    if spark is not None:
        from transforms.silver_to_gold.build import check_gold

        _check_table_rules(spark, setup, run)
        check_gold(spark, setup.contracts.gold, setup.contracts.silver_tables)
    for contract in setup.contracts.datasets:
        if spark is not None:
            _check_conditions(spark, contract, _parameters(setup, run, contract))
        check_formats(contract)
        if any(source.columns or source.where for source in contract.sources):
            from transforms.bronze_to_silver.source_columns import check_expressions

            names: dict[str | None, set[str]] = {}
            for facts in files.get(contract.name, ()):
                names.setdefault(facts.source, set()).update(facts.names)
            spark = spark or start_spark()
            check_expressions(spark, contract, names)


def check_rules(setup: Setup, run: Run, contracts: Iterable[Contract]) -> None:
    """Check the rules of contracts as far as this is possible without Spark.

    Raises:
        ContractError: the gate could not judge a rule; names file, YAML path and rule.
    """
    for contract in contracts:
        for parameters in _all_parameters(setup, run, contract):
            try_rules(contract, parameters)


def _check_table_rules(spark: SparkSession, setup: Setup, run: Run) -> None:
    """Try the table rules of silver and gold whose metrics are computed on the candidate."""
    for contract in (*setup.contracts.silver_tables, *setup.contracts.gold):
        (parameters,) = _all_parameters(setup, run, contract)
        try_table_rules(spark, contract, parameters)


def _check_conditions(spark: SparkSession, contract: Contract, parameters: Mapping[str, object]) -> None:
    """Resolve the conditions of all row rules, also those that the policy does not route.

    They are resolved against the schema of the cleaned rows; no file is read and no job runs.

    Raises:
        ContractError: a condition does not resolve, or would fail; names file, YAML path and rule.
    """
    from checkpoints.gate.routing import routing_conditions
    from transforms.bronze_to_silver.clean import cleaned_rows, values_schema

    rows = cleaned_rows(spark.createDataFrame([], values_schema(contract)), contract)
    rules = [rule for rule in contract.rules if rule.is_row_rule]
    routing_conditions(spark, contract, rules, rows.schema, parameters)


def _all_parameters(setup: Setup, run: Run, contract: Contract) -> list[Mapping[str, object]]:
    """Return the distinct parameters of a contract's rules: the inventory is judged once for each dataset."""
    if contract.zone is Zone.GOLD:
        return [{**setup.policies.gold.parameters, **run.parameters}]
    if contract.zone is not Zone.RAW:
        return [_parameters(setup, run, contract)]
    distinct: list[Mapping[str, object]] = []
    for dataset in setup.contracts.datasets:
        parameters = setup.policies.of(dataset.name).parameters
        if parameters not in distinct:
            distinct.append(parameters)
    return distinct


def _parameters(setup: Setup, run: Run, contract: Contract) -> Mapping[str, object]:
    return {**setup.policies.of(contract.dataset).parameters, **run.parameters}
