"""`lakegate source suggest`: the printed entry, pasted into the contract, makes the file acceptable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import contracts
from contracts.loader import load_contract, load_contracts
from dags.pipeline.source_suggestions import contract_texts, suggest_for
from tests.dags.lake_runs import LakeRuns, dataset, lakegate
from tests.dags.outside_cases import CASES
from transforms.raw_to_bronze.inspect_file import inspect_file
from transforms.suggest_source.entry import entry_yaml

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from dags.pipeline.source_suggestions import SuggestedSource

AS_OF = "2025-12-31T00:00:00+00:00"
FIXTURES = Path(__file__).parents[2] / "fixtures"
FILES = [
    path
    for folder in ("data", "hostile")
    for path in sorted((FIXTURES / folder).rglob("*"))
    if path.is_file() and path.name != "MANIFEST.json"
]
CASE_FILES = [(case, name) for case in CASES if case.source is None for name in case.files]
SHIPPED = load_contracts()
TEXTS = contract_texts(SHIPPED.datasets, None)
# Broken files, for which there is no entry.
BROKEN = {
    "csv_nullbyte_header.csv",
    "gz_CVE-2002-0059.csv.gz",
    "gz_CVE-2005-1849.csv.gz",
    "gz_tarball_pigz.txt.gz",
    "json_duck_top_level_two_arrays.json",
    "json_n_structure_array_trailing_garbage.json",
    "json_n_structure_no_data.json",
    "pq_ARROW-GH-41321.parquet",
    "pq_ARROW-GH-47662.parquet",
    "pq_ARROW-RS-GH-6229-LEVELS.parquet",
    "pq_duck_duckdb_fuzzer_4384.parquet",
}
# They have no times or amounts, or no ordinary line ends.
UNACCEPTABLE = {
    *(f"literal_newline/{name}.csv" for name in ("n", "r", "separator", "quoted")),
    "many_tabs/a.tsv",
    "many_tabs/b.csv",
}


def suggest(path: Path, name: str | None = None) -> SuggestedSource:
    return suggest_for(path, SHIPPED.datasets, TEXTS, name)


def with_entries(folder: Path, entries: dict[str, list[dict[str, Any]]]) -> Path:
    """Return the shipped contracts with entries under `sources`, as a person pastes them."""
    shutil.copytree(Path(contracts.__file__).parent, folder, ignore=shutil.ignore_patterns("*.py", "__py*"))
    for name, sources in entries.items():
        path = folder / "silver" / f"{name}.yaml"
        document = yaml.safe_load(path.read_text())
        document["customProperties"].append({"property": "sources", "value": sources})
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return folder


def assert_accepted(found: SuggestedSource, folder: Path) -> None:
    """Paste an entry as it is printed, and inspect its file under the contract."""
    assert found.problem == ""
    assert found.source is not None
    assert found.dataset is not None
    entries = yaml.safe_load(entry_yaml(found.source))
    pasted = load_contract(
        with_entries(folder, {found.dataset: entries}) / "silver" / f"{found.dataset}.yaml"
    )
    file = found.file
    facts = inspect_file(found.key, file.size_bytes, file.open, pasted)
    assert (facts.reason, facts.detail, facts.source) == (None, "", found.source.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_suggested_entry_accepts_a_file_of_the_fixtures(path: Path, tmp_path: Path) -> None:
    found = suggest(path)
    if path.name in BROKEN:
        assert found.problem
        assert found.source is None
    else:
        assert_accepted(found, tmp_path / "contracts")


@pytest.mark.parametrize(
    ("case", "name"), CASE_FILES, ids=[f"{case.name}/{name}" for case, name in CASE_FILES]
)
def test_the_suggested_entry_accepts_a_file_of_a_case(case: Any, name: str, tmp_path: Path) -> None:
    content = case.files[name]
    path = tmp_path / "raw" / case.dataset / case.name / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = suggest(path)
    assert (found.dataset, found.key) == (case.dataset, f"{case.name}/{name}")
    if found.key in UNACCEPTABLE:
        assert found.problem
    else:
        assert_accepted(found, tmp_path / "contracts")


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("data/dirty_cafe/dirty_cafe_sales.csv", "transactions"),
        ("data/online_retail/2011-02-06.csv", "transactions"),
        ("data/opensearch/ecommerce.json.gz", "transactions"),
        ("data/opensearch/logs.json.gz", "events"),
        ("data/kylo_users/userdata1.csv", "users"),
        ("data/kylo_users/userdata1.parquet", "users"),
    ],
)
def test_the_dataset_is_the_best_match_of_the_columns(file: str, expected: str) -> None:
    assert suggest(FIXTURES / file).dataset == expected


def test_an_existing_source_of_the_file_is_completed_and_replaced(tmp_path: Path) -> None:
    entry = {"name": "shop", "glob": "*.csv", "timezone": "Europe/Berlin", "columns": {"tx_id": "No"}}
    folder = with_entries(tmp_path / "contracts", {"transactions": [entry]})
    path = tmp_path / "orders.csv"
    path.write_text("No,Who,Sum,Day\n1,2,3.50,31.01.2025\n")
    datasets = load_contracts(folder).datasets
    found = suggest_for(path, datasets, contract_texts(datasets, folder), "transactions")
    assert found.problem == ""
    assert found.source is not None
    assert yaml.safe_load(entry_yaml(found.source)) == [
        {
            **entry,
            "columns": {"tx_id": "No", "user_id": "'unknown'", "amount": "Sum", "created_at": "Day"},
            "dateOrder": "DMY",
        }
    ]
    assert found.contract is not None
    assert found.contract.sources == (found.source,)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A RAW zone with files of one dataset that the shipped contracts reject."""
    raw = tmp_path_factory.mktemp("suggest") / "lake" / "raw" / "transactions"
    raw.mkdir(parents=True)
    for file in ("dirty_cafe/dirty_cafe_sales.csv", "online_retail/2011-04-03.csv"):
        shutil.copyfile(FIXTURES / "data" / file, raw / Path(file).name)
    (raw / "erp.csv").write_text("Export\n\nNo;Who;Sum;Day\n1;ann;3,50;31.01.2025\n2;bob;x;1.2.2025\n3;cid\n")
    return raw


@pytest.mark.slow
def test_counts_are_those_of_a_run_with_the_entries(shop: Path, spark: SparkSession, tmp_path: Path) -> None:
    result = lakegate("source", "suggest", *sorted(shop.iterdir()), "--json")
    assert (result.status, result.err) == (0, "")
    files = result.document["files"]
    assert [(one["key"], one["dataset"], one["problem"]) for one in files] == [
        (name, "transactions", None) for name in ("2011-04-03.csv", "dirty_cafe_sales.csv", "erp.csv")
    ]
    assert files[2]["counts"] == {
        "rows_read": 3,
        "rows_passing": 1,
        "rows_excluded": 0,
        "rows_by_rule": {"malformed": 1, "amount_uncastable": 1},
    }
    folder = with_entries(tmp_path / "contracts", {"transactions": [one["entry"] for one in files]})
    runs = LakeRuns(shop.parents[1], spark, {"contracts": folder})
    runs.run(only="raw_to_bronze", as_of=AS_OF)
    ran = dataset(runs.run(only="bronze_to_silver", as_of=AS_OF), "bronze_to_silver", "transactions")
    counts = [one["counts"] for one in files]
    by_rule: dict[str, int] = {}
    for one in counts:
        for rule, rows in one["rows_by_rule"].items():
            by_rule[rule] = by_rule.get(rule, 0) + rows
    assert ran["rows_by_rule"] == by_rule
    assert ran["rows_read"] == sum(one["rows_read"] for one in counts)
    assert ran["rows_quarantined"] == sum(one["rows_read"] - one["rows_passing"] for one in counts)


def test_evidence_entry_and_counts_are_printed_as_text(shop: Path, spark: SparkSession) -> None:
    result = lakegate("source", "suggest", shop / "erp.csv")
    assert result.status == 0
    assert (
        result.out
        == f"""\
{shop}/erp.csv: transactions
  encoding     utf-8, as every byte of the text
  delimiter    ';': 3 of the first 5 records have 4 fields under it
  skipLines    1 line of another form stands before the records
  header       the first record holds distinct names, and no value of its columns
  names        no column is called 'No', 'Who', 'Sum', 'Day'
  columns      tx_id: each of 2 records has another value of 'No'; a guess
  columns      user_id: a stand-in: no column looks like user_id; replace it by one that is
  columns      amount: 50% of the values of 'Sum' are numbers, and its name is like amount; a guess
  columns      created_at: 100% of the values of 'Day' are times; a guess
  dateOrder    most values are dates as DMY only
  decimalMark  most values are numbers with a decimal comma only

# under sources in silver/transactions.yaml
- name: erp
  glob: erp.csv
  skipLines: 1
  columns:
    tx_id: 'No'
    user_id: '''unknown'''
    amount: Sum
    created_at: Day
  dateOrder: DMY
  decimalMark: ','

1 of 3 records pass the row rules.
  1 break malformed
  1 break amount_uncastable
"""
    )


def test_excluded_records_are_counted_apart(spark: SparkSession, tmp_path: Path) -> None:
    entry = {"name": "shop", "glob": "*.csv", "where": "total is not null"}
    folder = with_entries(tmp_path / "contracts", {"transactions": [entry]})
    path = tmp_path / "orders.csv"
    path.write_text("order_id,uid,total,order_date\n1,2,3,2025-01-31\n1,2,,2025-01-31\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAKEGATE_CONTRACTS", str(folder))
        result = lakegate("source", "suggest", path, "--dataset", "transactions")
    assert result.out.endswith(
        "1 of 1 records pass the row rules.\n  1 more record is excluded by the condition\n"
    )


def test_the_status_is_1_only_if_no_file_has_an_entry(
    shop: Path, spark: SparkSession, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("[1] x")
    alone = lakegate("source", "suggest", broken)
    assert (alone.status, alone.out) == (
        1,
        f"{broken}\nNo entry under sources accepts this file: no JSON array: 'x' follows its end after 1 "
        "elements.\n",
    )
    assert lakegate("source", "suggest", broken, shop / "erp.csv").status == 0


def test_wrong_usage_is_one_sentence_and_status_2(shop: Path, tmp_path: Path) -> None:
    absent = lakegate("source", "suggest", tmp_path / "absent.csv")
    assert (absent.status, absent.out) == (2, "")
    assert absent.err == f"lakegate: {tmp_path}/absent.csv: file not found; name a local file\n"
    other = lakegate("source", "suggest", shop / "erp.csv", "--dataset", "orders", "--json")
    assert other.status == 2
    assert other.document["error"].startswith("--dataset: unknown dataset (expected events or users")
