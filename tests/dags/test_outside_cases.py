"""Files from user reports: each record is in silver, in quarantine with its rule, or counted."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import contracts
from checkpoints.lake.bronze import current_ledger
from tests.dags.lake_runs import LakeRuns, dataset
from tests.dags.outside_cases import CASES, Case

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = "2025-12-31T00:00:00+00:00"
DATASETS = ("events", "users", "transactions")


@dataclass(frozen=True)
class Taken:
    """A lake that took in all cases, and the document of its run."""

    runs: LakeRuns
    document: dict[str, Any]
    silver: dict[str, list[dict[str, Any]]]
    quarantined: list[dict[str, Any]]


@pytest.fixture(scope="module")
def taken(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Taken:
    root = tmp_path_factory.mktemp("outside")
    runs = LakeRuns(root / "lake", spark, {"contracts": contracts_with(root / "contracts", CASES)})
    for case in CASES:
        for name, content in case.files.items():
            runs.drop(f"{case.dataset}/{case.name}/{name}", content)
    document = runs.run(as_of=AS_OF)
    silver = {name: runs.rows(f"silver/{name}") for name in DATASETS}
    return Taken(runs, document, silver, quarantined_rows(runs.root))


def contracts_with(folder: Path, cases: list[Case]) -> Path:
    """Return the shipped contracts with the sources of cases, as a user would write them."""
    shutil.copytree(Path(contracts.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__py*"))
    for name in DATASETS:
        sources = [
            {"name": case.name, "glob": f"{case.name}/*", **case.source}
            for case in cases
            if case.source is not None and case.dataset == name
        ]
        path = folder / "silver" / f"{name}.yaml"
        document = yaml.safe_load(path.read_text())
        document["customProperties"].append({"property": "sources", "value": sources})
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return folder


def quarantined_rows(lake: Path) -> list[dict[str, Any]]:
    import pyarrow.dataset as pds

    files = [str(path) for path in (lake / "quarantine/rows").rglob("*.parquet")]
    rows: list[dict[str, Any]] = pds.dataset(files).to_table().to_pylist()
    return rows


def of_case(rows: list[dict[str, Any]], case: Case, file: str) -> list[dict[str, Any]]:
    return [row for row in rows if row[file].startswith(f"{case.name}/")]


def shown(value: object) -> object:
    """A value as the cases write it: whole amounts as int, others and times as text."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else str(value)
    return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "strftime") else value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_rows_are_read_as_they_were_meant(taken: Taken, case: Case) -> None:
    rows = of_case(taken.silver[case.dataset], case, "_source_file")
    assert sorted(tuple(shown(row[name]) for name in case.columns) for row in rows) == sorted(case.rows)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_others_are_in_quarantine_with_their_rules(taken: Taken, case: Case) -> None:
    found = of_case(taken.quarantined, case, "source_file")
    assert {row["raw"]: tuple(row["failed_rules"]) for row in found} == case.quarantined


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_files_that_nobody_can_read_are_rejected(taken: Taken, case: Case) -> None:
    ledger = current_ledger(taken.runs.lake, case.dataset)
    assert ledger is not None
    reasons = {key: entry.facts.reason for key, entry in ledger.rejected.items()}
    wanted = {f"{case.name}/{name}": reason for name, reason in case.rejected.items()}
    assert {key: reason for key, reason in reasons.items() if key.startswith(f"{case.name}/")} == wanted


def test_counts_tell_what_became_of_the_rows(taken: Taken) -> None:
    found = {name: dataset(taken.document, "bronze_to_silver", name) for name in DATASETS}
    assert {name: one["rows_excluded"] for name, one in found.items()} == {
        name: sum(case.excluded for case in CASES if case.dataset == name) for name in DATASETS
    }
    transactions = found["transactions"]
    assert transactions["rows_warned"]["tx_id_mangled"] == 4
    assert (transactions["rows_deduplicated"], transactions["rows_conflicting"]) == (3, 3)
    assert "currency_mixed" in transactions["failed"]
    for one in found.values():
        went = one["rows_promoted"] + one["rows_quarantined"] + one["rows_deduplicated"]
        assert one["rows_read"] == went


def test_without_rows_are_counted(taken: Taken) -> None:
    assert dataset(taken.document, "raw_to_bronze", "events")["files"]["without_rows"] == 1


def test_no_mark_is_left_in_any_value(taken: Taken) -> None:
    values = [value for rows in taken.silver.values() for row in rows for value in row.values()]
    assert not [value for value in values if isinstance(value, str) and "\ufeff" in value]
