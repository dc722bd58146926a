"""Files of public parsers' test-suites, dropped in RAW among good ones (fixtures/hostile/MANIFEST.json)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import contracts
from tests.dags.lake_runs import LakeRuns, verdicts
from tests.oracle.sources import Source, write_contracts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HOSTILE = Path(__file__).parents[1] / "fixtures" / "hostile"

REJECTED = {
    "csv_bad_csv_file_2047.csv": "content_mismatch",
    "csv_csv_quoted_newline_odd.csv": "content_mismatch",
    "csv_inconsistent_cells.csv": "content_mismatch",
    "csv_mixed_format_fail.csv": "content_mismatch",
    "csv_mt_characters.csv": "undecodable",
    "csv_mt_sparse_with_column_errors.csv": "undecodable",
    "csv_mt_weird_head_padding.csv": "content_mismatch",
    "csv_nullbyte_header.csv": "content_mismatch",
    "csv_spectrum_json.csv": "content_mismatch",
    "csv_timestamp_timezone.csv": "content_mismatch",
    "gz_CVE-2002-0059.csv.gz": "corrupt_gzip",
    "gz_CVE-2005-1849.csv.gz": "corrupt_gzip",
    "gz_duck_multiple_line_too_long.csv.gz": "content_mismatch",
    "gz_flate2_multi_member.txt.gz": "content_mismatch",
    "gz_tarball_pigz.txt.gz": "undecodable",
    "json_duck_top_level_two_arrays.json": "corrupt_json",
    "json_n_structure_array_trailing_garbage.json": "corrupt_json",
    "json_n_structure_no_data.json": "empty",
    "pq_ARROW-GH-41321.parquet": "corrupt_parquet",
    "pq_ARROW-GH-47662.parquet": "corrupt_parquet",
    "pq_ARROW-RS-GH-6229-LEVELS.parquet": "corrupt_parquet",
    "pq_duck_duckdb_fuzzer_4384.parquet": "corrupt_parquet",
    "pq_nation.dict-malformed.parquet": "content_mismatch",
}
VALID = {  # rows read, quarantined; what is left are people with an id and no more
    "json_duck_duplicate_key.ndjson": (5, 0),
    "json_duck_multiple_objects_per_line.ndjson": (5, 0),
    "json_duck_unterminated_quotes.ndjson": (5, 1),
    "json_i_number_huge_exp.json": (1, 1),
    "json_i_string_UTF-16LE_with_BOM.json": (1, 1),
    "json_n_number_NaN.json": (1, 1),
}
NEIGHBOURS = 60
NATION = "nation/nation.parquet"  # one of them again, where a source makes it valid: Spark cannot read it
NATION_CONTENT = (HOSTILE / "pq_nation.dict-malformed.parquet").read_bytes()
NATION_SOURCE = Source(
    "nation/*.parquet",
    columns={"event_id": "'n-' || name", "user_id": "'u'", "ts": "timestamp'2024-05-01 00:00:00'"},
)


@dataclass(frozen=True)
class Hosts:
    """A lake whose three datasets each hold one good file and all hostile ones, and a run on it."""

    runs: LakeRuns
    document: dict[str, Any]


@pytest.fixture(scope="module")
def hosts(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Hosts:
    root = tmp_path_factory.mktemp("hostile")
    folder = write_contracts(Path(contracts.__file__).parent, root / "contracts", {"events": [NATION_SOURCE]})
    runs = LakeRuns(root / "lake", spark, {"contracts": folder})
    drop_neighbours(runs)
    runs.drop(f"events/{NATION}", NATION_CONTENT)
    for name in ("events", "users", "transactions"):
        for path in HOSTILE.iterdir():
            if path.name != "MANIFEST.json":
                runs.drop(f"{name}/hostile/{path.name}", path.read_bytes())
    return Hosts(runs, runs.run())


def drop_neighbours(runs: LakeRuns) -> None:
    lines = [f"e{n},u{n % 7},2024-05-{n % 28 + 1:02}T10:00:00Z" for n in range(NEIGHBOURS)]
    runs.drop("events/good.csv", "\n".join(["event_id,user_id,ts", *lines]))
    lines = [f"u{n},Name {n},2024-05-01" for n in range(NEIGHBOURS)]
    runs.drop("users/good.csv", "\n".join(["user_id,name,updated_at", *lines]))
    lines = [f"t{n},u{n % 7},{n}.25,2024-05-{n % 28 + 1:02}" for n in range(NEIGHBOURS)]
    runs.drop("transactions/good.csv", "\n".join(["tx_id,user_id,amount,created_at", *lines]))


def test_every_hostile_file_has_its_expectation() -> None:
    assert {path.name for path in HOSTILE.iterdir()} == {*REJECTED, *VALID, "MANIFEST.json"}


def test_hostile_files_warn_and_crash_nothing(hosts: Hosts) -> None:
    assert set(verdicts(hosts.document).values()) == {"warn", "pass"}
    assert verdicts(hosts.document)["raw_to_bronze"] == "warn"


@pytest.mark.parametrize("name", ["events", "users", "transactions"])
def test_every_hostile_file_lies_in_the_right_place_with_the_right_reason(hosts: Hosts, name: str) -> None:
    lake = hosts.runs.root
    for file, reason in REJECTED.items():
        copy = lake / "quarantine" / "files" / name / "hostile" / file
        assert copy.read_bytes() == (HOSTILE / file).read_bytes()
        assert json.loads(copy.with_name(f"{file}.reason.json").read_text())["reason"] == reason
        assert not (lake / "bronze" / name / "hostile" / file).exists()
    for file in VALID:
        assert (lake / "bronze" / name / "hostile" / file).read_bytes() == (HOSTILE / file).read_bytes()


@pytest.mark.parametrize(
    ("name", "key"), [("events", "event_id"), ("users", "user_id"), ("transactions", "tx_id")]
)
def test_the_neighbours_of_hostile_files_are_unharmed(hosts: Hosts, name: str, key: str) -> None:
    rows = [row for row in hosts.runs.rows(f"silver/{name}") if row["_source_file"] == "good.csv"]
    assert {row[key] for row in rows} == {f"{name[0]}{n}" for n in range(NEIGHBOURS)}
    assert all(row["_extra"] is None for row in rows)


@pytest.mark.parametrize("name", ["events", "users", "transactions"])
def test_every_row_of_a_hostile_file_is_accounted_for(hosts: Hosts, name: str) -> None:
    run = hosts.runs.root / "metrics" / hosts.document["run_id"]
    published = json.loads((run / "bronze_to_silver" / f"{name}.json").read_text())
    files = {entry.pop("file").removeprefix("hostile/"): entry for entry in published["files"]}
    assert {file: entry["rows_read"] for file, entry in files.items()} == {
        "good.csv": NEIGHBOURS,
        **({NATION: 25} if name == "events" else {}),
        **{file: rows for file, (rows, _) in VALID.items()},
    }
    for entry in files.values():
        assert entry["rows_read"] == (
            entry["rows_promoted"] + entry["rows_quarantined"] + entry["rows_deduplicated"]
        )
    if name == "users":  # for which the ids of the hostile rows are enough
        assert {file: files[file]["rows_quarantined"] for file in VALID} == {
            file: rows for file, (_, rows) in VALID.items()
        }


def test_a_parquet_file_that_spark_cannot_read_is_promoted_all_the_same(hosts: Hosts) -> None:
    assert (hosts.runs.root / "bronze" / "events" / NATION).read_bytes() == NATION_CONTENT
    rows = [row for row in hosts.runs.rows("silver/events") if row["_source_file"] == NATION]
    assert len(rows) == 25
    assert {"n-ALGERIA", "n-VIETNAM"} <= {row["event_id"] for row in rows}
