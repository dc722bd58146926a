"""Whatever is wrong around the pipeline: one sentence, the right exit status, and nothing half-written."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from contracts.errors import ContractError
from tests.dags.lake_runs import LakeRuns, dataset, lakegate, no_spark, verdicts

if TYPE_CHECKING:
    from tests.dags.lake_runs import Spoken

CHECKOUT = Path(__file__).parents[2]
CONTRACTS, POLICIES = "contracts", "quarantine_policies"
VARIABLES = {CONTRACTS: "LAKEGATE_CONTRACTS", POLICIES: "LAKEGATE_POLICIES"}


def edited(folder: Path, room: str, file: str, old: str, new: str) -> Path:
    """Return a copy of the shipped contracts or policies with one edit."""
    copied: Path = shutil.copytree(CHECKOUT / room, folder / room)
    path = copied / file
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    return copied


def with_source(folder: Path, columns: str) -> Path:
    """Return a copy of the shipped contracts in which transactions have a source with these columns."""
    source = f"  - property: sources\n    value: [{{name: till, glob: 'till/**', columns: {columns}}}]\n"
    return edited(
        folder,
        CONTRACTS,
        "silver/transactions.yaml",
        "  - property: ignoredColumns",
        source + "  - property: ignoredColumns",
    )


def assert_one_sentence(spoken: Spoken, status: int) -> None:
    """Hold what a command said against what every error is: one line on stderr, and no traceback."""
    assert spoken.status == status, spoken.err
    assert spoken.out == ""
    assert spoken.err.startswith("lakegate: ")
    assert spoken.err.count("\n") == 1
    assert "Traceback" not in spoken.err


@pytest.mark.parametrize(
    ("room", "file", "old", "new", "told"),
    [
        (CONTRACTS, "silver/events.yaml", "schema:", "schema: [", "silver/events.yaml"),
        (CONTRACTS, "silver/events.yaml", "name: events\n", "name: event\n", "silver/events.yaml"),
        (CONTRACTS, "gold/dim_date.yaml", "logicalType: date", "logicalType: day", "gold/dim_date.yaml"),
        (
            CONTRACTS,
            "gold/daily_revenue.yaml",
            "expect_column_max_to_be_between",
            "expect_column_max_to_be_nice",
            "expect_column_max_to_be_nice",
        ),
        (CONTRACTS, "silver/users.yaml", "{column: _rows_left,", "{column: _rows_lost,", "_rows_lost"),
        (POLICIES, "events.yaml", "max_quarantine_ratio", "max_quarantined_ratio", "max_quarantined_ratio"),
        (POLICIES, "users.yaml", "retention_days: 90", "retention_days: soon", "retention_days"),
        (POLICIES, "gold.yaml", "overrides: {}", "overrides: {no_such_rule: warn}", "no_such_rule"),
        (POLICIES, "gold.yaml", "overrides: {}", "overrides: {", "gold.yaml"),
    ],
)
def test_a_wrong_contract_or_policy_is_named_before_anything_is_written(
    lake: LakeRuns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: str,
    file: str,
    old: str,
    new: str,
    told: str,
) -> None:
    lake.drop_shop()
    before = lake.files()
    monkeypatch.setenv(VARIABLES[room], str(edited(tmp_path, room, file, old, new)))
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 2)
    assert told in spoken.err
    assert lake.files() == before


@pytest.mark.parametrize("room", [CONTRACTS, POLICIES])
def test_a_folder_of_contracts_or_policies_that_does_not_exist_is_named(
    lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setenv(VARIABLES[room], str(tmp_path / "none"))
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 2)
    assert str(tmp_path / "none") in spoken.err


def test_a_missing_contract_is_named(lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = shutil.copytree(CHECKOUT / CONTRACTS, tmp_path / CONTRACTS)
    (contracts / "gold" / "user_ltv.yaml").unlink()
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(contracts))
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 2)
    assert "user_ltv.yaml" in spoken.err


@pytest.mark.parametrize(
    "spec", ["cast(total as", "no_such_function(total)", "sum(total)", "total price in euro"]
)
def test_an_expression_that_cannot_run_is_named_before_anything_is_written(
    lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    lake.drop_shop()
    before = lake.files()
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(with_source(tmp_path, f"{{amount: {json.dumps(spec)}}}")))
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 2)
    for told in ("transactions", "source till", "column amount", spec):
        assert told in spoken.err
    assert lake.files() == before


def test_a_source_columns_name_need_not_parse(lake: LakeRuns, tmp_path: Path) -> None:
    lake.drop_shop()
    lake.drop("transactions/till/a.csv", "tx_id,user_id,total price (EUR,created_at\nt9,u1,3.00,2024-05-01\n")
    contracts = with_source(tmp_path, '{amount: "total price (EUR"}')
    document = lake.with_settings(contracts=contracts).run(only="raw_to_bronze")
    assert dataset(document, "raw_to_bronze", "transactions")["files"]["valid"] == 2


def test_a_wrong_expression_added_later_is_told_before_silver_is_built(
    messy_shop: LakeRuns, tmp_path: Path
) -> None:
    before = messy_shop.files()
    changed = messy_shop.with_settings(contracts=with_source(tmp_path, '{amount: "cast(total as"}'))
    for only in (None, "raw_to_bronze", "bronze_to_silver"):
        with pytest.raises(ContractError, match="source till, column amount"):
            changed.run(only=only)
    assert messy_shop.files() == before


def test_contracts_without_a_source_need_no_spark_to_be_checked(lake: LakeRuns) -> None:
    lake.drop_shop()
    assert verdicts(lake.run(only="raw_to_bronze", start_spark=no_spark)) == {"raw_to_bronze": "pass"}


@pytest.mark.parametrize("variable", ["LAKEGATE_SHOWN_RUNS", "LAKEGATE_INGEST_THREADS"])
def test_a_wrong_variable_of_the_environment_is_named(
    lake: LakeRuns, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "many")
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 2)
    assert variable in spoken.err


@pytest.mark.parametrize(
    "uri", ["postgres://host/db", "warehouse.duckdb", "duckdb:///", "duckdb://db.duckdb"]
)
def test_a_wrong_warehouse_is_told_before_anything_is_written(lake: LakeRuns, uri: str) -> None:
    lake.drop_shop()
    before = lake.files()
    spoken = lakegate("run", "--lake", lake.root, "--warehouse", uri)
    assert_one_sentence(spoken, 2)
    assert uri in spoken.err
    assert lake.files() == before


@pytest.mark.parametrize("command", ["run", "status", "quarantine"])
@pytest.mark.parametrize("kind", ["missing", "a file", "below a file", "a dangling link"])
def test_a_lake_that_cannot_be_read_is_named_and_not_made(tmp_path: Path, command: str, kind: str) -> None:
    file = tmp_path / "file"
    file.write_text("no lake")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    lake = {
        "missing": tmp_path / "none",
        "a file": file,
        "below a file": file / "lake",
        "a dangling link": tmp_path / "link",
    }[kind]
    spoken = lakegate(command, "--lake", lake)
    assert_one_sentence(spoken, 1)
    assert str(lake) in spoken.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]
    assert file.read_text() == "no lake"


def test_a_lake_without_raw_says_where_files_are_expected(lake: LakeRuns) -> None:
    lake.root.mkdir()
    spoken = lakegate("run", "--lake", lake.root)
    assert_one_sentence(spoken, 1)
    assert str(lake.root / "raw") in spoken.err
    assert lake.files() == {}


@pytest.mark.parametrize("zone", ["bronze", "silver", "gold"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "pointer", "format": 99}'])
def test_a_damaged_pointer_is_named_and_left_as_it_is(messy_shop: LakeRuns, zone: str, content: str) -> None:
    pointer = messy_shop.root / zone / "_manifests" / "current.json"
    pointer.write_text(content)
    before = messy_shop.files()
    for command in (("run",), ("status",), ("path", f"{zone}/events")):
        spoken = lakegate(*command, "--lake", messy_shop.root)
        assert_one_sentence(spoken, 1)
        assert str(pointer) in spoken.err
    assert messy_shop.files() == before


def test_a_damaged_warehouse_is_named_and_left_as_it_is(messy_shop: LakeRuns) -> None:
    warehouse = messy_shop.root / "warehouse.duckdb"
    warehouse.write_bytes(b"this is no database" * 1000)
    spoken = lakegate("run", "--lake", messy_shop.root, "--only", "gold_to_redshift")
    assert_one_sentence(spoken, 1)
    assert str(warehouse) in spoken.err
    assert warehouse.read_bytes() == b"this is no database" * 1000


def test_a_disk_that_takes_no_more_leaves_no_half_file_and_the_next_run_heals(lake: LakeRuns) -> None:
    lake.drop_shop()
    big = lake.drop("events/big.csv", "event_id,user_id,ts\n" + "e9,u1,2024-05-01\n" * 20_000)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({big.stat().st_size // 2},) * 2)"
    told = (
        f"{limit}; import sys; from dags.cli.main import main; "
        f"sys.argv = ['lakegate', 'run', '--only', 'raw_to_bronze', '--lake', {str(lake.root)!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("lakegate: cannot write: ")
    assert done.stderr.count("\n") == 1
    assert "bronze/events/big.csv" in done.stderr
    assert lake.pointers() == {}
    for path in (lake.root / "bronze").rglob("*.*"):
        assert path.read_bytes() == (lake.root / "raw" / path.relative_to(lake.root / "bronze")).read_bytes()

    assert verdicts(lake.run(only="raw_to_bronze")) == {"raw_to_bronze": "pass"}
    assert (lake.root / "bronze/events/big.csv").read_bytes() == big.read_bytes()


def test_a_disk_that_takes_no_more_from_spark_is_one_sentence_and_promotes_nothing(
    messy_shop: LakeRuns,
) -> None:
    pointers = messy_shop.pointers()
    java = messy_shop.spark.sparkContext._gateway.proc.pid  # type: ignore[union-attr]
    before = resource.prlimit(java, resource.RLIMIT_FSIZE)
    resource.prlimit(java, resource.RLIMIT_FSIZE, (512, before[1]))
    try:
        spoken = lakegate("run", "--only", "bronze_to_silver", "--force", "--lake", messy_shop.root)
    finally:
        resource.prlimit(java, resource.RLIMIT_FSIZE, before)
    assert_one_sentence(spoken, 1)
    assert "bronze_to_silver: Spark gave up" in spoken.err
    assert "File too large" in spoken.err
    assert messy_shop.pointers() == pointers


def test_an_interrupted_run_says_so_and_exits_with_1(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    pointers = messy_shop.pointers()
    monkeypatch.setattr("dags.pipeline.run.spark_of", lambda _settings: interrupted)
    spoken = lakegate("run", "--only", "bronze_to_silver", "--force", "--lake", messy_shop.root)
    assert_one_sentence(spoken, 1)
    assert "interrupted" in spoken.err
    assert messy_shop.pointers() == pointers
