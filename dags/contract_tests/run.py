"""A run of contract tests: load, evaluate and compare the cases of a folder of contracts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from contracts.loader import defaults_of, load_contracts
from dags.contract_tests.compare import compare
from dags.contract_tests.evaluate import Installation, evaluate, prepare_cases
from dags.contract_tests.load import find_case_files, load_cases
from dags.contract_tests.model import CaseError
from dags.pipeline.source_suggestions import contract_texts
from dags.spark.concurrency import start_with_gx
from dags.spark.errors import translate_errors
from dags.spark.local import spark_for_few_rows
from quarantine_policies.reader import check_policies, load_policies

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.contract_checks.folders import Folders
    from dags.contract_tests.compare import CaseResult
    from dags.contract_tests.model import Case
    from dags.settings import Settings


def load_installation(folders: Folders) -> Installation:
    """Load contracts and policies. Raises ConfigurationError."""
    contracts, policies = load_contracts(folders.contracts), load_policies(folders.policies)
    check_policies(policies, contracts)
    texts = contract_texts(contracts.datasets, folders.contracts)
    of_any = contracts.datasets[0].path
    return Installation(contracts, policies, texts, defaults_of(folders.contracts / of_any, of_any))


def select_cases(
    installation: Installation, folders: Folders, paths: Sequence[Path], name: str | None
) -> list[Case]:
    """Return the cases of files and folders, those whose name contains ``name`` (any case).

    Args:
        installation: contracts that the cases are about.
        folders: those of the contracts, whose cases are loaded where there are no paths.
        paths: files and folders of cases.
        name: a part of the names; None: all cases.

    Raises:
        CaseError: a file or case is invalid, or no case has the name.
    """
    cases = [
        case
        for path, shown in find_case_files(paths, folders.contracts)
        for case in load_cases(path, shown, installation.contracts)
    ]
    selected = [case for case in cases if name is None or name.casefold() in case.name.casefold()]
    if not selected:
        raise CaseError(f"none of {len(cases):,} cases has a name with {name!r}", where="-k")
    return selected


def run_cases(
    installation: Installation,
    settings: Settings,
    cases: Sequence[Case],
    on_done: Callable[[int], None],
    start_spark: Callable[[], SparkSession] | None = None,
) -> list[CaseResult]:
    """Evaluate the cases and compare them with what they expect; returns the results in order.

    Args:
        installation: contracts and policies under test.
        settings: Spark options.
        cases: to evaluate.
        on_done: receives the number of cases that are done, in several calls.
        start_spark: starts the session; None: one on this machine, for few rows.

    Raises:
        CaseError: a case is invalid under the contracts.
        ContractError: a contract cannot be applied.
    """
    start = start_spark or partial(spark_for_few_rows, settings)
    prepared = prepare_cases(installation, cases)
    with translate_errors("contract test"):
        outcomes = evaluate(installation, prepared, partial(start_with_gx, start), on_done)
    keys = {table.name: table.key for table in installation.contracts.silver_tables}
    return [compare(one.case, outcome, keys) for one, outcome in zip(prepared, outcomes, strict=True)]
