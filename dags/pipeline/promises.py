"""Holds every promise against those who must keep it, before a run writes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.suite import check_suites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from dags.pipeline.setup import Setup


def check_promises(
    setup: Setup,
    start_spark: Callable[[], SparkSession],
    files: Mapping[str, Iterable[FileFacts]],
) -> None:
    """Check that Great Expectations takes every rule, and Spark every source's expression.

    Spark is started only if a contract has a source that computes or renames a column.

    Args:
        setup: with the contracts.
        start_spark: makes the Spark session.
        files: by dataset, all files that are known of it: what is the name of a column in one of a source's
            files is no expression.

    Raises:
        ContractError: a rule or an expression cannot be kept; names the place in its contract.
    """
    check_suites(setup.contracts.all)
    for contract in setup.contracts.datasets:
        sources = [source for source in contract.sources if source.columns]
        if not sources:
            continue
        from transforms.bronze_to_silver.expressions import check_expressions

        names: dict[str | None, set[str]] = {}
        for facts in files.get(contract.name, ()):
            names.setdefault(facts.source, set()).update(facts.names)
        for source in sources:
            check_expressions(
                start_spark(), replace(contract, sources=(source,)), names.get(source.name, frozenset())
            )
