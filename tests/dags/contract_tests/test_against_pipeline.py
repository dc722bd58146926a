"""Outcomes of cases against a run of the pipeline on a lake with the same files.

One case for each dataset holds the files of a third of the dataset's shipped cases, each below a folder of
its case: files of all formats, whose rows share keys. Some of the cases have sources; none has other options.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.dataset as pds
import pytest

from dags.contract_tests.evaluate import evaluate, prepare_cases
from dags.contract_tests.load import find_case_files, load_cases
from dags.contract_tests.model import Case, CaseEntry, Expected, ExpectedVerdict
from dags.contract_tests.run import load_installation
from tests.dags.contract_checks.conftest import SHIPPED, copy_shipped, edit
from tests.dags.lake_runs import AS_OF, LakeRuns, dataset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import SparkSession

    from dags.contract_tests.evaluate import CaseOutcome, Installation, SilverOutcome

DATASETS = ("events", "users", "transactions")
# Most rows of the cases break a rule on purpose.
LIMIT = ("max_quarantine_ratio: 0.25", "max_quarantine_ratio: 1.0")
SOURCES = """\
customProperties:
  - property: sources
    value:
      - name: german_shop
        glob: "an_order_export_of_a_german_shop/**/*.csv"
        delimiter: ";"
        decimalMark: ","
        dateOrder: DMY
        timezone: Europe/Berlin
        columns:
          tx_id: order_no
          amount: number(quantity) * number(unit_price)
      - name: without_returns
        glob: "returns_are_left_out_by_a_condition/*.csv"
        where: number(amount) >= 0
"""
WITH_SOURCES = ("an order export of a German shop", "returns are left out by a condition")


@dataclass(frozen=True)
class Both:
    """The same files in a case of each dataset, and in a lake after a run of both transitions."""

    outcomes: Mapping[str, CaseOutcome]
    lake: LakeRuns
    document: Mapping[str, Any]

    def silver(self, name: str) -> SilverOutcome:
        """Return a case's outcome of bronze_to_silver."""
        silver = self.outcomes[name].silver
        assert silver is not None
        return silver


def joined_case(installation: Installation, name: str) -> Case:
    """Return one case with the files of every third shipped case, and of the cases with sources."""
    every = [
        case
        for path, shown in find_case_files((), SHIPPED.contracts)
        for case in load_cases(path, shown, installation.contracts)
        if case.dataset == name
    ]
    cases = [case for case in every[::3] if not case.entry.contract]
    cases += [case for case in every if case.name in WITH_SOURCES]
    given = {
        f"{case.name.replace(' ', '_')}/{key}": file
        for case in cases
        for key, file in case.entry.given.items()
    }
    entry = CaseEntry(name=name, given=given, expect=Expected(verdict=ExpectedVerdict.PASS), as_of=AS_OF)
    return Case(name, entry, AS_OF, cases[0].location)


@pytest.fixture(scope="module")
def both(compiled_spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Evaluate the cases, and run the pipeline on a lake with their files."""
    root = tmp_path_factory.mktemp("both")
    copied = copy_shipped(root)
    edit(copied.contracts / "silver/transactions.yaml", ("customProperties:\n", SOURCES))
    for name in DATASETS:
        edit(copied.policies / f"{name}.yaml", LIMIT)
    installation = load_installation(copied)
    cases = [joined_case(installation, name) for name in DATASETS]
    prepared = prepare_cases(installation, cases)
    lake = LakeRuns(
        root / "lake", compiled_spark, {"contracts": copied.contracts, "policies": copied.policies}
    )
    for case in prepared:
        for key, content in case.files.items():
            lake.drop(f"{case.contract.name}/{key}", content)
    outcomes = evaluate(installation, prepared, lambda: compiled_spark, lambda _: None)
    document = lake.run(only="raw_to_bronze", run_id="both")
    silver = lake.run(only="bronze_to_silver", run_id="both")
    document["transitions"] += silver["transitions"]
    return Both({one.case.dataset: one for one in outcomes}, lake, document)


def sorted_rows(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row.values()])


@pytest.mark.parametrize("name", DATASETS)
def test_the_rows_of_silver_are_equal(both: Both, name: str) -> None:
    tables = both.silver(name).tables
    assert set(tables) == ({name, "users_history"} if name == "users" else {name})
    for table, rows in tables.items():
        promoted = both.lake.rows(f"silver/{table}")
        assert promoted
        columns = list(rows[0])
        in_order = [{column: plain(row[column]) for column in columns} for row in promoted]
        assert sorted_rows({key: plain(value) for key, value in row.items()} for row in rows) == sorted_rows(
            in_order
        )


def plain(value: object) -> object:
    """Return a value without what writing it to Parquet changes: a folder's name is a text."""
    return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else value


@pytest.mark.parametrize("name", DATASETS)
def test_the_quarantined_rows_are_equal(both: Both, name: str) -> None:
    folder = both.lake.root / "quarantine/rows" / name
    files = [str(path) for path in folder.rglob("*.parquet")]
    stored = pds.dataset(files).to_table().to_pylist()
    assert stored
    assert Counter((row["source_file"], row["raw"], tuple(row["failed_rules"])) for row in stored) == Counter(
        (row.file, row.raw, row.rules) for row in both.silver(name).quarantined
    )


@pytest.mark.parametrize("name", DATASETS)
def test_the_counts_are_equal(both: Both, name: str) -> None:
    silver, reported = both.silver(name), dataset(both.document, "bronze_to_silver", name)
    assert {
        "rows_read": silver.records.rows_read,
        "rows_promoted": silver.accounting.rows_promoted,
        "rows_quarantined": silver.records.rows_quarantined,
        "rows_deduplicated": silver.accounting.rows_deduplicated,
        "rows_excluded": silver.records.rows_excluded,
        "rows_discarded": 0,
        "rows_fixed": 0,
        "rows_waived": 0,
    } == {
        "rows_excluded": 0,
        **{
            key: value
            for key, value in reported.items()
            if key.startswith("rows_") and isinstance(value, int) and key != "rows_conflicting"
        },
    }
    assert silver.rows_conflicting == reported.get("rows_conflicting")


@pytest.mark.parametrize("name", DATASETS)
def test_the_broken_rules_and_verdicts_are_equal(both: Both, name: str) -> None:
    silver, reported = both.silver(name), dataset(both.document, "bronze_to_silver", name)

    def broken(counts: Mapping[str, Any]) -> dict[str, int]:
        return {rule: count.unexpected for rule, count in counts.items() if count.unexpected}

    assert broken(silver.records.broken) == {k: v for k, v in reported["rows_by_rule"].items() if v}
    assert broken(silver.records.warned) == {k: v for k, v in reported["rows_warned"].items() if v}
    assert silver.decision is not None
    assert set(silver.decision.failed) == set(reported["failed"])
    assert silver.decision.verdict.value == reported["verdict"]


@pytest.mark.parametrize("name", DATASETS)
def test_the_rejected_files_are_equal(both: Both, name: str) -> None:
    outcome, reported = both.outcomes[name], dataset(both.document, "raw_to_bronze", name)
    reasons = Counter(reason.value for reason in outcome.rejected.values())
    assert reasons == reported["files"]["quarantined"]
    assert outcome.verdict.value == reported["verdict"]
