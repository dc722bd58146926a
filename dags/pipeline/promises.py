"""Holds every promise against those who must keep it, before a run writes anything."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.errors import ContractError
from contracts.suite import check_suites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source
    from dags.pipeline.setup import Setup


def check_promises(
    setup: Setup,
    start_spark: Callable[[], SparkSession],
    files: Mapping[str, Iterable[FileFacts]],
) -> None:
    """Check that Great Expectations takes every rule, Spark every source's expression and Java its encoding.

    Spark is started only if a contract has a source that computes or renames a column, or names an encoding.

    Args:
        setup: with the contracts.
        start_spark: makes the Spark session.
        files: by dataset, all files that are known of it: what is the name of a column in one of a source's
            files is no expression.

    Raises:
        ContractError: a rule, an expression or an encoding cannot be kept; names the place in its contract.
    """
    check_suites(setup.contracts.all)
    for contract in setup.contracts.datasets:
        for source in contract.sources:
            if source.encoding is not None:
                _check_encoding(start_spark(), contract, source)
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


def _check_encoding(spark: SparkSession, contract: Contract, source: Source) -> None:
    from transforms.bronze_to_silver.files import java_knows

    encoding = source.encoding or ""
    if not java_knows(spark, encoding):
        raise ContractError(
            f"this Java does not know the encoding {encoding!r}",
            file=contract.path,
            path=f"source {source.name}, encoding",
            next_step="install a full Java 17 or later (a small one has few encodings), or convert the files",
        )
