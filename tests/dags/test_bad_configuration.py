"""Wrong configuration or environment: one sentence, the right exit status, and nothing half-written."""

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
from tests.dags.test_added_rules import rule, with_rules

if TYPE_CHECKING:
    from tests.dags.lake_runs import CommandResult

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


def assert_one_sentence(result: CommandResult, status: int) -> None:
    """Hold what a command said against what every error is: one line on stderr, and no traceback."""
    assert result.status == status, result.err
    assert result.out == ""
    assert result.err.startswith("lakegate: ")
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("room", "file", "old", "new", "expected"),
    [
        (CONTRACTS, "silver/events.yaml", "schema:", "schema: [", "silver/events.yaml"),
        (CONTRACTS, "silver/events.yaml", "name: events\n", "name: event\n", "silver/events.yaml"),
        (CONTRACTS, "gold/dim_date.yaml", "logicalType: date", "logicalType: day", "gold/dim_date.yaml"),
        (
            CONTRACTS,
            "gold/daily_revenue.yaml",
            "expect_revenue_to_equal_facts",
            "expect_revenue_to_equal_facts_twice",
            "expect_revenue_to_equal_facts_twice",
        ),
        (CONTRACTS, "silver/defaults.yaml", "{min_value: 1}", "{least: 1}", "silver/defaults.yaml"),
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
    expected: str,
) -> None:
    lake.drop_shop()
    before = lake.files()
    monkeypatch.setenv(VARIABLES[room], str(edited(tmp_path, room, file, old, new)))
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    assert expected in result.err
    assert lake.files() == before


@pytest.mark.parametrize("room", [CONTRACTS, POLICIES])
def test_a_folder_of_contracts_or_policies_that_does_not_exist_is_named(
    lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    monkeypatch.setenv(VARIABLES[room], str(tmp_path / "none"))
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    assert str(tmp_path / "none") in result.err


def test_a_missing_contract_is_named(lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = shutil.copytree(CHECKOUT / CONTRACTS, tmp_path / CONTRACTS)
    (contracts / "silver" / "transactions.yaml").unlink()
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(contracts))
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    assert "is derived from transactions, which has no contract; add transactions.yaml" in result.err


@pytest.mark.parametrize(
    "spec", ["rand() * number(total)", "no_such_function(total)", "sum(total)", "number(total, 2)"]
)
def test_an_expression_that_cannot_run_is_named_before_anything_is_written(
    lake: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: str
) -> None:
    lake.drop_shop()
    before = lake.files()
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(with_source(tmp_path, f"{{amount: {json.dumps(spec)}}}")))
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    for expected in ("transactions", "source till", "column amount", spec):
        assert expected in result.err
    assert lake.files() == before


BETWEEN, IN_SET = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set"
MATCHES, MAX = "expect_column_values_to_match_regex", "expect_column_max_to_be_between"


@pytest.mark.parametrize(
    ("expectation", "kwargs", "expected", "needs_spark"),
    [
        (BETWEEN, {"column": "name", "min_value": 1}, "min_value 1 does not fit name", False),
        (BETWEEN, {"column": "age", "min_value": 9, "max_value": 1}, "no value is between", False),
        (BETWEEN, {"column": "agee", "min_value": 1}, "unknown column 'agee'", False),
        (BETWEEN, {"column": "age", "minimum": 1}, "minimum", False),
        (BETWEEN, {"column": "age", "min_value": 1, "mostly": 0.9}, "mostly does not apply", False),
        (
            BETWEEN,
            {"column": "age", "min_value": {"$PARAMETER": "max_unknown_user_ratio"}},
            "not given",
            False,
        ),
        (IN_SET, {"column": "country", "value_set": ["DE", False]}, "False does not fit country", False),
        (MAX, {"column": "_uncovered_dates", "max_value": 0}, "unknown column '_uncovered_dates'", False),
        (MAX, {"column": "age", "max_value": "old"}, "'old' does not fit age", False),
        (
            "expect_column_values_to_match_like_pattern",
            {"column": "name", "like_pattern": "a"},
            "Spark",
            False,
        ),
        ("expect_column_mean_to_be_between", {"column": "name", "max_value": 9}, "numeric column type", True),
        (MATCHES, {"column": "name", "regex": "("}, "Java cannot compile the pattern '('", True),
        (BETWEEN, {"column": "age", "min_value": 1, "row_condition": "age >"}, "PARSE_SYNTAX_ERROR", True),
        (BETWEEN, {"column": "age", "min_value": 1, "row_condition": "nmae = 1"}, "`nmae`", True),
        (BETWEEN, {"column": "age", "min_value": 1, "row_condition": "rand() > 0"}, "chance", True),
    ],
)
def test_a_rule_that_cannot_be_judged_is_named_before_anything_is_written(
    lake: LakeRuns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expectation: str,
    kwargs: dict[str, object],
    expected: str,
    needs_spark: bool,
) -> None:
    lake.drop_shop()
    before = lake.files()
    contracts = with_rules(tmp_path, rule("my_rule", "error", expectation, kwargs))
    monkeypatch.setenv("LAKEGATE_CONTRACTS", str(contracts))
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    assert "silver/events.yaml, schema[0].quality[0], rule my_rule: " in result.err
    assert expected in result.err
    assert lake.files() == before
    if not needs_spark:
        with pytest.raises(ContractError, match="rule my_rule"):
            lake.with_settings(contracts=contracts).run(only="raw_to_bronze", start_spark=no_spark)
        assert lake.files() == before


def test_a_condition_that_only_spark_can_check_stops_bronze_to_silver_before_it_reads(
    messy_shop: LakeRuns, tmp_path: Path
) -> None:
    contracts = with_rules(tmp_path, rule("my_rule", "error", MATCHES, {"column": "name", "regex": "("}))
    before = messy_shop.files()
    with pytest.raises(ContractError, match="rule my_rule: Java cannot compile"):
        messy_shop.with_settings(contracts=contracts).run(only="bronze_to_silver")
    assert messy_shop.files() == before


def test_a_rule_that_a_policy_does_not_route_is_checked_too(lake: LakeRuns, tmp_path: Path) -> None:
    lake.drop_shop()
    contracts = with_rules(tmp_path, rule("my_rule", "error", MATCHES, {"column": "name", "regex": "("}))
    policies = edited(tmp_path, POLICIES, "events.yaml", "overrides: {}", "overrides: {my_rule: warn}")
    with pytest.raises(ContractError, match="rule my_rule: Java cannot compile"):
        lake.with_settings(contracts=contracts, policies=policies).run()


def test_a_run_that_changes_nothing_checks_without_spark(messy_shop: LakeRuns) -> None:
    for transition in messy_shop.run(start_spark=no_spark)["transitions"]:
        assert transition["verdict"] in ("unchanged", "warn")


def test_a_source_columns_name_need_not_parse(lake: LakeRuns, tmp_path: Path) -> None:
    lake.drop_shop()
    lake.drop("transactions/till/a.csv", "tx_id,user_id,total price (EUR,created_at\nt9,u1,3.00,2024-05-01\n")
    contracts = with_source(tmp_path, '{amount: "total price (EUR"}')
    document = lake.with_settings(contracts=contracts).run(only="raw_to_bronze")
    assert dataset(document, "raw_to_bronze", "transactions")["files"]["valid"] == 2


def test_a_wrong_expression_added_later_is_reported_before_silver_is_built(
    messy_shop: LakeRuns, tmp_path: Path
) -> None:
    before = messy_shop.files()
    changed = messy_shop.with_settings(contracts=with_source(tmp_path, '{amount: "sum(total)"}'))
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
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 2)
    assert variable in result.err


@pytest.mark.parametrize(
    "uri", ["postgres://host/db", "warehouse.duckdb", "duckdb:///", "duckdb://db.duckdb"]
)
def test_a_wrong_warehouse_is_reported_before_anything_is_written(lake: LakeRuns, uri: str) -> None:
    lake.drop_shop()
    before = lake.files()
    result = lakegate("run", "--lake", lake.root, "--warehouse", uri)
    assert_one_sentence(result, 2)
    assert uri in result.err
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
    result = lakegate(command, "--lake", lake)
    assert_one_sentence(result, 1)
    assert str(lake) in result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]
    assert file.read_text() == "no lake"


def test_a_lake_without_raw_says_where_files_are_expected(lake: LakeRuns) -> None:
    lake.root.mkdir()
    result = lakegate("run", "--lake", lake.root)
    assert_one_sentence(result, 1)
    assert str(lake.root / "raw") in result.err
    assert lake.files() == {}


@pytest.mark.parametrize("zone", ["bronze", "silver", "gold"])
@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "pointer", "format": 99}'])
def test_a_damaged_pointer_is_named_and_left_as_it_is(messy_shop: LakeRuns, zone: str, content: str) -> None:
    pointer = messy_shop.root / zone / "_manifests" / "current.json"
    pointer.write_text(content)
    before = messy_shop.files()
    for command in (("run",), ("status",), ("path", f"{zone}/events")):
        result = lakegate(*command, "--lake", messy_shop.root)
        assert_one_sentence(result, 1)
        assert str(pointer) in result.err
    assert messy_shop.files() == before


def test_a_damaged_warehouse_is_named_and_left_as_it_is(messy_shop: LakeRuns) -> None:
    warehouse = messy_shop.root / "warehouse.duckdb"
    warehouse.write_bytes(b"this is no database" * 1000)
    result = lakegate("run", "--lake", messy_shop.root, "--only", "gold_to_redshift")
    assert_one_sentence(result, 1)
    assert str(warehouse) in result.err
    assert warehouse.read_bytes() == b"this is no database" * 1000


@pytest.mark.slow
def test_a_disk_that_takes_no_more_leaves_no_half_file_and_the_next_run_heals(lake: LakeRuns) -> None:
    lake.drop_shop()
    big = lake.drop("events/big.csv", "event_id,user_id,ts\n" + "e9,u1,2024-05-01\n" * 20_000)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({big.stat().st_size // 2},) * 2)"
    script = (
        f"{limit}; import sys; from dags.cli.main import main; "
        f"sys.argv = ['lakegate', 'run', '--only', 'raw_to_bronze', '--lake', {str(lake.root)!r}]; main()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
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
        result = lakegate("run", "--only", "bronze_to_silver", "--force", "--lake", messy_shop.root)
    finally:
        resource.prlimit(java, resource.RLIMIT_FSIZE, before)
    assert_one_sentence(result, 1)
    assert "bronze_to_silver: Spark job failed" in result.err
    assert "File too large" in result.err
    assert messy_shop.pointers() == pointers


def test_an_interrupted_run_says_so_and_exits_with_1(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    pointers = messy_shop.pointers()
    monkeypatch.setattr("dags.pipeline.run.spark_of", lambda _settings: interrupted)
    result = lakegate("run", "--only", "bronze_to_silver", "--force", "--lake", messy_shop.root)
    assert_one_sentence(result, 1)
    assert "interrupted" in result.err
    assert messy_shop.pointers() == pointers
