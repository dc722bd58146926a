"""A blocked gate: the old version stays, all is published, nothing later starts, and the exit status is 3."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.dags.lake_runs import AS_OF, SECRETS, LakeRuns, dataset, lakegate, transition, verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

CHECKOUT = Path(__file__).parents[2]
BLOCKED = 3


@dataclass(frozen=True)
class Blocked:
    """A lake before and after a run that was blocked, and that run's report."""

    before: LakeRuns
    after: LakeRuns
    status: int
    document: Mapping[str, Any]
    transition: str

    def report(self, name: str) -> Mapping[str, Any]:
        """Return what the run reports of one dataset or table of the blocked transition."""
        return dataset(self.document, self.transition, name)

    def published(self, folder: str, run_id: str = "blocked") -> list[str]:
        """Return the files of the run's blocked transition below ``docs`` or ``metrics``."""
        root = self.after.root / folder
        return [
            name
            for path in sorted(root.rglob("*"))
            if path.is_file()
            and run_id in (name := path.relative_to(root).as_posix())
            and self.transition in name
        ]


def run_blocked(
    before: LakeRuns, after: LakeRuns, name: str, *options: object, env: Mapping[str, str] | None = None
) -> Blocked:
    """Run the pipeline by the command line, expecting the named transition to be blocked."""
    with pytest.MonkeyPatch.context() as patched:
        for variable, value in (env or {}).items():
            patched.setenv(variable, value)
        result = lakegate(
            "run", "--lake", after.root, "--run-id", "blocked", "--as-of", AS_OF, "--json", *options
        )
    return Blocked(before, after, result.status, result.document, name)


@pytest.fixture(scope="module")
def silver(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Blocked:
    """All events bad, more than a quarter of the transactions bad, users as before."""
    lake = _messy_shop.copied_to(tmp_path_factory.mktemp("silver") / "lake")
    for path in (lake.root / "raw" / "events").rglob("*.csv"):
        path.write_text("event_id,user_id,ts\nx1,u1,never\n,u1,2024-05-01\n")
    lake.drop(
        "events/app.jsonl", '{"event_id": "x1", "user_id": "u1", "ts": "never"}\n{"ts": "2024-05-01"}\n'
    )
    lake.drop("transactions/late.csv", "tx_id,user_id,amount,created_at\n" + "t9,u1,free,2024-05-01\n" * 5)
    return run_blocked(_messy_shop, lake, "bronze_to_silver")


@pytest.fixture(scope="module")
def gold(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Blocked:
    """A rule of gold/dim_country that its rows break."""
    folder = tmp_path_factory.mktemp("gold")
    lake = _messy_shop.copied_to(folder / "lake")
    contracts = shutil.copytree(CHECKOUT / "contracts", folder / "contracts")
    edit(
        contracts / "gold" / "dim_country.yaml",
        "type: expect_dimension_to_cover_facts",
        "type: expect_table_row_count_to_be_between\n          kwargs: {max_value: 0}",
    )
    return run_blocked(_messy_shop, lake, "silver_to_gold", env={"LAKEGATE_CONTRACTS": str(contracts)})


@pytest.fixture(scope="module")
def load(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Blocked:
    """A file of the release whose amounts were changed behind the pipeline's back."""
    lake = _messy_shop.copied_to(tmp_path_factory.mktemp("load") / "lake")
    files = lake.folder("gold/fact_transactions").rglob("*.parquet")
    change_an_amount(max(files, key=lambda file: file.stat().st_size))
    with duckdb.connect(str(lake.root / "warehouse.duckdb")) as connection:
        connection.execute("UPDATE _lakegate_release SET version = 'older'")  # else there is nothing to load
    return run_blocked(_messy_shop, lake, "gold_to_redshift", "--force", "--only", "gold_to_redshift")


@pytest.fixture(scope="module")
def misfit(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> Blocked:
    """A column added to the warehouse by hand, which a load would remove."""
    lake = _messy_shop.copied_to(tmp_path_factory.mktemp("misfit") / "lake")
    with duckdb.connect(str(lake.root / "warehouse.duckdb")) as connection:
        connection.execute("ALTER TABLE dim_users ADD COLUMN segment VARCHAR")
    return run_blocked(_messy_shop, lake, "gold_to_redshift", "--force", "--only", "gold_to_redshift")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))


def change_an_amount(file: Path) -> None:
    """Rewrite a Parquet file with one more unit of revenue, the same rows and the same size in bytes."""
    from decimal import Decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(file)
    amounts = table.column("amount").to_pylist()
    amounts[0] += Decimal("1.0000")
    position = table.schema.get_field_index("amount")
    changed = table.set_column(position, "amount", pa.array(amounts, table.schema.field("amount").type))
    size_bytes = file.stat().st_size
    for filling in range(size_bytes):
        with pq.ParquetWriter(
            file, changed.schema.remove_metadata(), use_dictionary=False, store_schema=False
        ) as writer:
            writer.write_table(changed.replace_schema_metadata(None))
            writer.add_key_value_metadata({"filling": "x" * filling})
        if file.stat().st_size == size_bytes:
            return
    raise AssertionError("no file of that size can be made")


@pytest.fixture(params=["silver", "gold", "load", "misfit"])
def blocked(request: pytest.FixtureRequest) -> Blocked:
    found: Blocked = request.getfixturevalue(request.param)
    return found


def test_a_blocked_run_exits_with_3_and_says_block(blocked: Blocked) -> None:
    assert blocked.status == BLOCKED
    assert blocked.document["verdict"] == "block"
    assert verdicts(blocked.document)[blocked.transition] == "block"


def test_no_transition_starts_behind_a_blocked_one(blocked: Blocked) -> None:
    assert blocked.document["transitions"][-1]["name"] == blocked.transition


def test_what_was_current_before_a_blocked_run_still_is(blocked: Blocked) -> None:
    zone = {"bronze_to_silver": "silver", "silver_to_gold": "gold", "gold_to_redshift": "gold"}
    name = zone[blocked.transition]
    assert blocked.after.pointers()[name] == blocked.before.pointers()[name]
    for table in ("silver/events", "silver/users", "gold/dim_country", "gold/daily_revenue"):
        assert blocked.after.folder(table).name == blocked.before.folder(table).name
        assert blocked.after.rows(table) == blocked.before.rows(table)


def test_the_warehouse_shows_the_old_release_behind_a_blocked_run(blocked: Blocked) -> None:
    for query in (
        "SELECT sum(amount) FROM fact_transactions",
        "SELECT count(*) FROM dim_users",
        "SELECT * FROM daily_revenue ORDER BY ALL",
    ):
        assert blocked.after.warehouse(query) == blocked.before.warehouse(query)


def test_a_blocked_transition_promotes_none_of_its_datasets(blocked: Blocked) -> None:
    found = transition(blocked.document, blocked.transition)["datasets"]
    assert [one["promoted"] for one in found] == [None] * len(found)


def test_metrics_are_published_for_every_dataset_of_a_blocked_transition(blocked: Blocked) -> None:
    published = " ".join(blocked.published("metrics"))
    for one in transition(blocked.document, blocked.transition)["datasets"]:
        assert one["dataset"] in published


def test_a_page_of_data_docs_says_block_and_names_the_rule(blocked: Blocked) -> None:
    pages = [
        (blocked.after.root / "docs" / name).read_text()
        for name in blocked.published("docs")
        if name.endswith(".html")
    ]
    rules = {
        rule
        for one in transition(blocked.document, blocked.transition)["datasets"]
        if one["verdict"] == "block"
        for rule in one["failed"]
    }
    assert rules
    not_promoted = [page for page in pages if "The candidate was not promoted" in page]
    assert all(any(f"<code>{rule}</code>" in page for page in not_promoted) for rule in rules)
    assert "blocked" in (blocked.after.root / "docs" / "index.html").read_text()


def test_a_blocked_run_publishes_no_personal_value(blocked: Blocked) -> None:
    texts = blocked.after.published().items()
    assert {(name, secret) for name, text in texts for secret in SECRETS if secret in text} == set()


def test_a_dataset_of_which_every_row_is_bad_fails_strictly(silver: Blocked) -> None:
    found = silver.report("events")
    assert found["verdict"] == "block"
    assert {"strict_fail", "quarantine_ratio"} <= set(found["failed"])
    assert (found["rows_read"], found["rows_quarantined"], found["rows_promoted"]) == (6, 6, 0)


def test_a_quarantined_ratio_above_the_policys_limit_blocks(silver: Blocked) -> None:
    found = silver.report("transactions")
    assert found["verdict"] == "block"
    assert found["failed"] == ["quarantine_ratio", "freshness"]
    assert (found["rows_read"], found["rows_quarantined"]) == (10, 6)
    assert found["rows_by_rule"] == {"amount_uncastable": 5, "amount_negative": 1}


def test_a_dataset_beside_a_blocked_one_keeps_its_own_verdict(silver: Blocked) -> None:
    found = silver.report("users")
    assert found["verdict"] == "warn"
    assert found["failed"] == ["freshness"]
    assert found["promoted"] is None


def test_the_rows_of_a_blocked_run_are_in_quarantine(silver: Blocked) -> None:
    result = lakegate("quarantine", "--lake", silver.after.root, "--dataset", "events", "--json")
    (found,) = result.document["rows"]
    assert (found["run_id"], found["rows"]) == ("blocked", 6)
    assert found["rows_by_rule"] == {"ts_uncastable": 3, "event_id_required": 3, "user_id_required": 1}


def test_the_transition_before_a_blocked_one_is_promoted(silver: Blocked) -> None:
    assert silver.after.pointers()["bronze"] != silver.before.pointers()["bronze"]


def test_a_broken_rule_of_one_gold_table_holds_the_whole_release_back(gold: Blocked) -> None:
    found = {one["dataset"]: one for one in transition(gold.document, "silver_to_gold")["datasets"]}
    assert len(found) == 10
    assert found["dim_country"]["failed"] == ["covers_facts"]
    assert {name for name, one in found.items() if one["verdict"] == "block"} == {"dim_country"}


def test_revenue_that_is_not_the_releases_is_rolled_back(load: Blocked) -> None:
    found = {one["dataset"]: one for one in transition(load.document, "gold_to_redshift")["datasets"]}
    assert found["fact_transactions"]["failed"] == ["revenue_loaded"]
    assert {name for name, one in found.items() if one["verdict"] == "block"} == {"fact_transactions"}


def test_a_release_that_does_not_fit_the_warehouse_blocks_and_names_the_column(misfit: Blocked) -> None:
    found = {one["dataset"]: one for one in transition(misfit.document, "gold_to_redshift")["datasets"]}
    assert found["dim_users"]["failed"] == ["release_fits"]
    assert {name for name, one in found.items() if one["verdict"] == "block"} == {"dim_users"}
    (page,) = [
        name for name in misfit.published("docs") if "dim_users" in name and name.endswith("index.html")
    ] or [name for name in misfit.published("docs") if name.endswith("dim_users.html")]
    assert "dim_users.segment" in (misfit.after.root / "docs" / page).read_text()
