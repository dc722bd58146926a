"""Files accepted before stay when their contract changes, or the run blocks and names them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.dags.lake_runs import EVENTS, USERS, LakeRuns, dataset, lakegate, no_spark, verdicts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

AS_OF = "2025-06-30T00:00:00+00:00"
CHECKOUT = Path(__file__).parents[2]
HEADERLESS = """H0,U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30
H1,U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30
H2,U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30
H3,U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30
"""
NAMED = """tx_id,user_id,amount,status,created_at
N0,U1,6.00,paid,2025-05-02T10:00:00Z
N1,U1,6.00,paid,2025-05-02T10:00:00Z
N2,U1,6.00,paid,2025-05-02T10:00:00Z
N3,U1,6.00,paid,2025-05-02T10:00:00Z
"""
KEYS = ("tx_id", "user_id", "amount", "status", "name", "age")
PROMO_CODE = {
    "name": "promo_code",
    "description": "Code of the campaign.",
    "logicalType": "string",
    "physicalType": "varchar(64)",
}
Change = Callable[[list[dict[str, Any]]], object]


@pytest.fixture(scope="module")
def _accepted(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    lake = LakeRuns(tmp_path_factory.mktemp("accepted") / "lake", spark)
    lake.drop("events/events.csv", EVENTS)
    lake.drop("users/users.csv", USERS)
    lake.drop("transactions/named.csv", NAMED)
    lake.drop("transactions/part-00000.csv", HEADERLESS)
    lake.run(only="raw_to_bronze")
    (promoted,) = lake.run(only="bronze_to_silver", as_of=AS_OF)["transitions"]
    assert [one["failed"] for one in promoted["datasets"]] == [["freshness"]] * 3
    return lake


@pytest.fixture
def accepted(_accepted: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of a lake whose transactions are a file with a header and one without, taken to SILVER."""
    return _accepted.copied_to(tmp_path / "lake")


def with_columns(folder: Path, change: Change, *sources: dict[str, Any]) -> Path:
    """Return a copy of the shipped contracts in which the columns of transactions are changed."""
    contracts: Path = shutil.copytree(CHECKOUT / "contracts", folder / "contracts")
    path = contracts / "silver" / "transactions.yaml"
    document = yaml.safe_load(path.read_text())
    change(document["schema"][0]["properties"])
    if sources:
        document["customProperties"].append({"property": "sources", "value": list(sources)})
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return contracts


def at_the_end(columns: list[dict[str, Any]]) -> None:
    columns.insert(9, PROMO_CODE)


def in_the_middle(columns: list[dict[str, Any]]) -> None:
    columns.insert(2, PROMO_CODE)


def reordered(columns: list[dict[str, Any]]) -> None:
    columns[:9] = [columns[place] for place in (1, 0, 7, 3, 4, 5, 6, 2, 8)]  # name and amount change places


def required(columns: list[dict[str, Any]]) -> None:
    columns.insert(9, {**PROMO_CODE, "required": True})


def silver_rows(lake: LakeRuns) -> list[tuple[Any, ...]]:
    return sorted(tuple(str(row[key]) for key in KEYS) for row in lake.rows("silver/transactions"))


@pytest.mark.parametrize(
    ("change", "is_gone_from_raw"),
    [(in_the_middle, True), (reordered, False)],
)
def test_rows_of_a_file_without_header_stay_what_they_were(
    accepted: LakeRuns, tmp_path: Path, change: Change, *, is_gone_from_raw: bool
) -> None:
    before = silver_rows(accepted)
    assert [row[0] for row in before] == ["H0", "H1", "H2", "H3", "N0", "N1", "N2", "N3"]
    if is_gone_from_raw:
        (accepted.root / "raw/transactions/part-00000.csv").unlink()
    changed = accepted.with_settings(contracts=with_columns(tmp_path, change))
    found = dataset(changed.run(only="raw_to_bronze"), "raw_to_bronze", "transactions")
    assert (found["verdict"], found["failed"]) == ("pass", [])
    assert (found["files"]["valid"], found["files"]["unchanged"]) == (0, 1 if is_gone_from_raw else 2)
    found = dataset(changed.run(only="bronze_to_silver", as_of=AS_OF), "bronze_to_silver", "transactions")
    assert (found["rows_read"], found["rows_promoted"], found["rows_quarantined"]) == (8, 8, 0)
    assert silver_rows(changed) == before


@pytest.mark.parametrize("is_gone_from_raw", [False, True])
def test_a_required_column_that_accepted_files_lack_blocks_and_names_files_and_columns(
    accepted: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_gone_from_raw: bool
) -> None:
    if is_gone_from_raw:
        shutil.rmtree(accepted.root / "raw/transactions")
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(with_columns(tmp_path, required)))
    pointers = accepted.pointers()
    result = lakegate("run", "--lake", accepted.root, "--run-id", "blocked", "--json")
    assert result.status == 3
    assert verdicts(result.document) == {"raw_to_bronze": "block"}
    found = dataset(result.document, "raw_to_bronze", "transactions")
    assert (found["verdict"], found["promoted"]) == ("block", None)
    assert found["failed"] == ["accepted_files_readable"]
    assert found["files_lacking_columns"] == {
        "count": 2,
        "files": [
            {"file": "named.csv", "columns": ["promo_code"]},
            {"file": "part-00000.csv", "columns": ["promo_code"]},
        ],
    }
    assert found["files"]["quarantined"] == {}
    assert accepted.pointers() == pointers
    assert (accepted.root / "bronze/transactions/part-00000.csv").read_text() == HEADERLESS
    page = accepted.published()["docs/runs/blocked/raw_to_bronze/transactions.html"]
    assert "part-00000.csv: no source for promo_code" in page
    assert "named.csv: no source for promo_code" in page


def test_a_person_is_shown_the_files_that_block(
    accepted: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(with_columns(tmp_path, required)))
    monkeypatch.setenv("COLUMNS", "200")
    result = lakegate("run", "--lake", accepted.root)
    assert result.status == 3
    assert "named.csv (promo_code), part-00000.csv (promo_code)" in result.out
    at = ("quarantine", "--lake", accepted.root, "--dataset", "transactions")
    assert lakegate(*at, "--json").document["files_lacking_columns"] == [
        {"dataset": "transactions", "key": "named.csv", "columns": ["promo_code"]},
        {"dataset": "transactions", "key": "part-00000.csv", "columns": ["promo_code"]},
    ]
    assert "part-00000.csv" in lakegate(*at).out
    assert lakegate(*at, "--json", "--rule", "empty").document["files_lacking_columns"] == []
    by_rule = lakegate(*at, "--json", "--rule", "accepted_files_readable").document
    assert len(by_rule["files_lacking_columns"]) == 2


def test_a_contract_that_is_taken_back_blocks_no_more(accepted: LakeRuns, tmp_path: Path) -> None:
    changed = accepted.with_settings(contracts=with_columns(tmp_path, required))
    assert verdicts(changed.run(only="raw_to_bronze", start_spark=no_spark)) == {"raw_to_bronze": "block"}
    document = accepted.run(only="raw_to_bronze", start_spark=no_spark)
    assert verdicts(document) == {"raw_to_bronze": "unchanged"}


def test_a_source_for_the_required_column_lets_the_accepted_files_be_read(
    accepted: LakeRuns, tmp_path: Path
) -> None:
    before = silver_rows(accepted)
    source = {"name": "before promo codes", "glob": "*.csv", "columns": {"promo_code": "'none yet'"}}
    changed = accepted.with_settings(contracts=with_columns(tmp_path, required, source))
    assert verdicts(changed.run(only="raw_to_bronze")) == {"raw_to_bronze": "pass"}
    found = dataset(changed.run(only="bronze_to_silver", as_of=AS_OF), "bronze_to_silver", "transactions")
    assert (found["rows_read"], found["rows_promoted"]) == (8, 8)
    assert silver_rows(changed) == before
    assert {row["promo_code"] for row in changed.rows("silver/transactions")} == {"none yet"}


def test_new_files_go_by_the_order_of_the_new_contract(accepted: LakeRuns, tmp_path: Path) -> None:
    changed = accepted.with_settings(contracts=with_columns(tmp_path, in_the_middle))
    changed.drop("transactions/late.csv", "L0,U1,SPRING,7.00,paid,2025-05-03T10:00:00Z,,a@x.test,Ann,30\n")
    found = dataset(changed.run(only="raw_to_bronze"), "raw_to_bronze", "transactions")
    assert (found["files"]["valid"], found["files"]["unchanged"]) == (1, 2)
    changed.run(only="bronze_to_silver", as_of=AS_OF)
    codes = {row["tx_id"]: row["promo_code"] for row in changed.rows("silver/transactions")}
    assert codes == {"L0": "SPRING"} | dict.fromkeys(("H0", "H1", "H2", "H3", "N0", "N1", "N2", "N3"))


def test_a_run_says_which_accepted_files_would_be_refused_today(
    accepted: LakeRuns, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = accepted.with_settings(contracts=with_columns(tmp_path, at_the_end))
    changed.run(only="raw_to_bronze", run_id="changed")
    assert "rejected today: 1, such as part-00000.csv (content_mismatch)" in capsys.readouterr().err
    page = changed.published()["docs/runs/changed/raw_to_bronze/transactions.html"]
    assert "Accepted files that would be rejected today" in page
