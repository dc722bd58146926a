"""Laws for any input: accounting holds, and results depend on the rows alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dags.lake_runs import LakeRuns, verdicts
from tests.dags.spread_rows import FORMATS, accounts, drop, make_rows, outcome
from tests.oracle.contract import DATASETS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession

    from tests.dags.spread_rows import Row

Spread = dict[str, list[str]]  # dataset: the names of its files

BASE: Spread = {
    "events": ["a/part.csv", "b/part.json", "c/part.parquet"],
    "users": ["part.csv", "late/part.jsonl"],
    "transactions": ["part.csv", "year=2024/part.parquet"],
}
OTHERWISE: Spread = {
    "events": ["z/part.semicolon.csv", "a/part.ndjson.gz"],
    "users": ["part.utf16.csv"],
    "transactions": ["ü b/part.lines.json", "part.parquet"],
}
SPREADS = st.fixed_dictionaries(
    {
        name: st.lists(
            st.builds(
                "{}/{}.{}".format,
                st.sampled_from(["a", "z", "deep/er", "year=2024", "_x", "ü b"]),
                st.integers(0, 99),
                st.sampled_from(FORMATS),
            ),
            min_size=1,
            max_size=4,
            unique=True,
        )
        for name in DATASETS
    }
)
PARTITIONS = st.sampled_from([1, 8, 200])


@pytest.fixture
def new_lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], LakeRuns]:
    return lambda: LakeRuns(tmp_path_factory.mktemp("law") / "lake", spark)


@pytest.fixture
def shuffled_by(spark: SparkSession) -> Iterator[Callable[[int], None]]:
    """Sets the number of shuffle partitions until the test ends."""
    name = "spark.sql.shuffle.partitions"
    before = spark.conf.get(name)
    yield lambda partitions: spark.conf.set(name, partitions)
    spark.conf.set(name, before or "2")


def fill(runs: LakeRuns, rows: dict[str, list[Row]], spread: Spread) -> LakeRuns:
    for name, files in spread.items():
        drop(runs, name, rows[name], files)
    return runs


class Scratch:
    """A run from nothing over the rows of one seed, done once."""

    def __init__(self, runs: LakeRuns, seed: int) -> None:
        self.runs = fill(runs, make_rows(seed), BASE)
        self.document = self.runs.run()

    def outcome(self, *, with_files: bool) -> dict[str, Any]:
        return outcome(self.runs, self.document, with_files=with_files)


@pytest.fixture(scope="module")
def scratch(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Scratch]:
    known: dict[int, Scratch] = {}

    def of(seed: int) -> Scratch:
        if seed not in known:
            known[seed] = Scratch(LakeRuns(tmp_path_factory.mktemp("scratch") / "lake", spark), seed)
        return known[seed]

    return of


def assert_accounted(runs: LakeRuns, document: dict[str, Any], rows: dict[str, list[Row]]) -> None:
    silver = next(t for t in document["transitions"] if t["name"] == "bronze_to_silver")
    for entry in silver["datasets"]:
        name = entry["dataset"]
        files = accounts(runs, document)[name]
        assert entry["rows_read"] == len(rows[name])
        for count in ("rows_read", "rows_promoted", "rows_quarantined", "rows_deduplicated"):
            assert sum(file[count] for file in files) == entry[count]
        for file in (*files, entry):
            went = file["rows_promoted"] + file["rows_quarantined"] + file["rows_deduplicated"]
            assert file["rows_read"] == went


@pytest.mark.slow
def test_every_row_read_is_promoted_quarantined_or_deduplicated(scratch: Callable[[int], Scratch]) -> None:
    made = scratch(1)
    assert "block" not in verdicts(made.document).values()
    assert_accounted(made.runs, made.document, make_rows(1))
    for name in DATASETS:
        files = accounts(made.runs, made.document)[name]
        assert {file["file"] for file in files} == set(BASE[name])
        assert all(file["rows_read"] > 0 for file in files)
        assert sum(file["rows_quarantined"] for file in files) > 0
        assert sum(file["rows_deduplicated"] for file in files) > 0


def assert_spread_does_not_matter(
    new_lake: Callable[[], LakeRuns],
    scratch: Callable[[int], Scratch],
    shuffled_by: Callable[[int], None],
    spread: Spread,
    partitions: int,
    seed: int,
) -> None:
    rows = make_rows(seed)
    shuffled_by(partitions)
    runs = fill(new_lake(), {name: own[::-1] for name, own in rows.items()}, spread)
    document = runs.run()
    assert outcome(runs, document, with_files=False) == scratch(seed).outcome(with_files=False)
    assert_accounted(runs, document, rows)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_files_formats_order_and_partitions_do_not_matter(
    new_lake: Callable[[], LakeRuns],
    scratch: Callable[[int], Scratch],
    shuffled_by: Callable[[int], None],
) -> None:
    assert_spread_does_not_matter(new_lake, scratch, shuffled_by, OTHERWISE, partitions=1, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_number_of_shuffle_partitions_alone_does_not_matter(
    new_lake: Callable[[], LakeRuns],
    scratch: Callable[[int], Scratch],
    shuffled_by: Callable[[int], None],
) -> None:
    assert_spread_does_not_matter(new_lake, scratch, shuffled_by, BASE, partitions=200, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(
    max_examples=3,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spread=SPREADS, partitions=PARTITIONS, seed=st.integers(1, 2))
def test_files_formats_order_and_partitions_do_not_matter_for_other_rows_either(
    new_lake: Callable[[], LakeRuns],
    scratch: Callable[[int], Scratch],
    shuffled_by: Callable[[int], None],
    spread: Spread,
    partitions: int,
    seed: int,
) -> None:
    assert_spread_does_not_matter(new_lake, scratch, shuffled_by, spread, partitions, seed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_run_with_one_more_file_of_each_dataset_equals_a_run_from_scratch(
    new_lake: Callable[[], LakeRuns], scratch: Callable[[int], Scratch]
) -> None:
    runs = fill(new_lake(), make_rows(2), BASE)
    late = ("events/b/part.json", "users/part.csv", "transactions/year=2024/part.parquet")
    contents = {name: (runs.root / "raw" / name).read_bytes() for name in late}
    for name in late:
        (runs.root / "raw" / name).unlink()
    before = outcome(runs, runs.run(), with_files=True)
    for name, content in contents.items():
        runs.drop(name, content)
    after = outcome(runs, runs.run(), with_files=True)
    assert before != after
    assert after == scratch(2).outcome(with_files=True)


@pytest.mark.slow
def test_running_again_by_force_gives_the_same_rows(scratch: Callable[[int], Scratch]) -> None:
    made = scratch(1)
    before = made.outcome(with_files=True)
    folder = made.runs.folder("silver/events")
    again = made.runs.run(force=True)
    assert outcome(made.runs, again, with_files=True) == before
    assert made.runs.folder("silver/events") != folder


@pytest.mark.slow
def test_running_twice_changes_nothing(scratch: Callable[[int], Scratch]) -> None:
    made = scratch(1)
    pointers = made.runs.pointers()
    document = made.runs.run()
    assert made.runs.pointers() == pointers
    assert set(verdicts(document).values()) <= {"unchanged"}
