"""All DAGs on a real scheduler, against AWS stand-ins that run jobs and statements."""

from __future__ import annotations

import os
import shutil
import signal
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import quote

import pytest

from checkpoints.lake.bronze import current_ledger
from checkpoints.lake.promotion import current_release
from tests.dags.lake_runs import AS_OF, EVENTS, TRANSACTIONS, USERS, lakegate
from tests.stand_ins.airflow import until
from tests.stand_ins.lakehouse import services_on_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.stand_ins.lakehouse import Installation, Services

pytestmark = [pytest.mark.aws, pytest.mark.timeout(1800)]

CHECKOUT = Path(__file__).parents[3]
INGESTING = ("raw_to_bronze_events", "raw_to_bronze_users", "raw_to_bronze_transactions")
MORE_EVENTS = "event_id,user_id,ts,country\ne4,u1,2024-05-04T10:00:00Z,IT\n"
REJECTED = "event_id,user_id,ts,country,age\ne9,u1,2024-05-04T10:00:00Z,IT,300\n"
FULL_RUN_SECONDS = 1200


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    folder = tmp_path_factory.mktemp("aws")
    with services_on_loopback(folder) as running, patch.dict(os.environ, running.environment):
        yield running


def drop_shop(shop: Installation) -> None:
    shop.drop("events/events.csv", EVENTS)
    shop.drop("users/users.csv", USERS)
    shop.drop("transactions/transactions.csv", TRANSACTIONS)


def orchestrate(shop: Installation, run_id: str, **params: object) -> str:
    shop.airflow.trigger("lakehouse", run_id, as_of=AS_OF, **params)
    return shop.airflow.wait("lakehouse", run_id, FULL_RUN_SECONDS)


@dataclass
class Arrival:
    """Result of dropping files into RAW."""

    shop: Installation
    waited: list[Mapping[str, str]]  # states of the ingesting DAGs' tasks, before there was a file


@pytest.fixture(scope="module")
def arrival(services: Services) -> Arrival:
    """Three waiting DAGs; files arrive, one of them with a row to reject, and trigger everything else."""
    shop = services.install("arrival")
    airflow = shop.airflow
    for dag in INGESTING:
        airflow.trigger(dag, "waiting", as_of=AS_OF)
    until(lambda: all(airflow.states(dag, "waiting").get("arrived") == "deferred" for dag in INGESTING))
    waited = [airflow.states(dag, "waiting") for dag in INGESTING]
    drop_shop(shop)
    shop.drop("events/app.csv", REJECTED)
    for dag in INGESTING:
        assert airflow.wait(dag, "waiting") == "success", airflow.states(dag, "waiting")
    until(lambda: airflow.runs("lakehouse"))
    airflow.wait_for_rest(FULL_RUN_SECONDS)
    return Arrival(shop, waited)


def test_ingestion_waits_for_files(arrival: Arrival) -> None:
    for states in arrival.waited:
        assert (states["check"], states["plan"]) == ("success", "None")


def test_files_dropped_into_raw_end_as_rows_in_the_warehouse(arrival: Arrival) -> None:
    shop = arrival.shop
    runs = shop.airflow.runs("lakehouse")
    assert {run["state"] for run in runs} == {"success"}
    assert {run["run_type"] for run in runs} == {"asset_triggered"}
    assert shop.query("SELECT count(*) FROM fact_events") == [(3,)]
    assert shop.query("SELECT count(*) FROM dim_users") == [(2,)]
    ((revenue,),) = shop.query("SELECT sum(total_revenue) FROM daily_revenue")
    assert str(revenue) == "31.0000"


def test_one_run_id_goes_through_all_transitions(arrival: Arrival) -> None:
    airflow = arrival.shop.airflow
    first = airflow.runs("lakehouse")[0]["dag_run_id"]
    for dag in (*INGESTING, "bronze_to_silver", "silver_to_gold", "gold_to_redshift"):
        assert airflow.state(dag, f"lakehouse__{first}") == "success", dag
    (job,) = [
        run
        for run in arrival.shop.job_runs("silver_to_gold")
        if run["Arguments"]["--run_id"] == f"lakehouse__{first}"
    ]
    assert job["JobRunState"] == "SUCCEEDED"


def test_the_gate_shows_its_note_and_the_data_docs(arrival: Arrival) -> None:
    airflow = arrival.shop.airflow
    run_id = f"lakehouse__{airflow.runs('lakehouse')[0]['dag_run_id']}"
    note = airflow.xcom("bronze_to_silver", run_id, "gate", "note")
    assert note.splitlines()[0] == f"bronze_to_silver, run {run_id}: warn"  # the feeds are late
    link = airflow.call("GET", f"/dags/bronze_to_silver/dagRuns/{run_id}/taskInstances/gate/links")
    assert link["extra_links"]["Data Docs"] == "s3://arrival/docs/index.html"


def test_a_steward_gets_a_rejected_row_back(arrival: Arrival, tmp_path: Path) -> None:
    shop, sheet = arrival.shop, tmp_path / "sheet.csv"
    lake = ("--lake", f"s3://{shop.name}")
    assert shop.query("SELECT count(*) FROM fact_events") == [(3,)]

    exported = lakegate("quarantine", "export", "--dataset", "events", "--out", sheet, *lake)
    assert exported.status == 0, exported.err
    sheet.write_text(sheet.read_text("utf-8-sig").replace("'300", "30"))
    fixed = lakegate("quarantine", "fix", sheet, "--reason", "asked u1", "--yes", *lake)
    assert fixed.status == 0, fixed.err
    assert orchestrate(shop, "fixed") == "success"
    assert shop.query("SELECT count(*) FROM fact_events") == [(4,)]
    (decision,) = lakegate("quarantine", "log", "--json", *lake).document["decisions"]
    assert (decision["rows_in_last_run"], decision["stale"]) == (1, 0)


@pytest.fixture(scope="module")
def race(services: Services) -> Installation:
    """Two runs of the orchestrator, started at the same time; the first one's Spark job is killed once."""
    shop = services.install("race")
    drop_shop(shop)
    shop.airflow.trigger("lakehouse", "one", as_of=AS_OF)
    until(lambda: shop.airflow.state("lakehouse", "one") == "running", FULL_RUN_SECONDS)
    shop.airflow.trigger("lakehouse", "two", as_of=AS_OF)

    def working() -> Path | None:
        """Return the folder of the job's run, once it writes candidates."""
        for run in silver_jobs(shop, "one"):
            folder = shop.glue_folder / run["Id"]
            if (folder / "pid").exists() and b"_staging" in staged(shop):
                return folder
        return None

    folder = until(working, FULL_RUN_SECONDS, every=0.2)
    os.killpg(int((folder / "pid").read_text()), signal.SIGKILL)
    for run_id in ("one", "two"):
        assert shop.airflow.wait("lakehouse", run_id, FULL_RUN_SECONDS) == "success"
    return shop


def silver_jobs(shop: Installation, run_id: str) -> list[dict[str, Any]]:
    """Return the runs of the job to silver that an orchestrator's run started."""
    runs = shop.job_runs("bronze_to_silver")
    return [run for run in runs if run["Arguments"]["--run_id"] == f"lakehouse__{run_id}"]


def staged(shop: Installation) -> bytes:
    found: dict[str, Any] = shop.client("s3").list_objects_v2(Bucket=shop.name, Prefix="silver/")
    return "\n".join(one["Key"] for one in found.get("Contents", [])).encode()


def test_a_killed_job_is_retried(race: Installation) -> None:
    assert [run["JobRunState"] for run in silver_jobs(race, "one")] == ["FAILED", "SUCCEEDED"]
    assert race.airflow.tasks("bronze_to_silver", "lakehouse__one")["job"]["try_number"] == 2


def test_orchestrator_runs_wait_for_each_other_and_the_second_changes_nothing(
    race: Installation,
) -> None:
    airflow = race.airflow
    found = sorted(airflow.runs("lakehouse"), key=lambda run: str(run["start_date"]))
    # Runs before the first of the two are of other lakes. After it, the ingestion's assets may start more.
    first = next(number for number, run in enumerate(found) if run["dag_run_id"] in ("one", "two"))
    runs = [run for run in found[first:] if run["state"] == "success"]
    assert {"one", "two"} <= {run["dag_run_id"] for run in runs}
    for earlier, later in pairwise(runs):
        assert str(earlier["end_date"]) <= str(later["start_date"])
    release = current_release(race.lake)
    assert release is not None
    ids = [f"lakehouse__{run['dag_run_id']}" for run in runs]
    notes = [airflow.xcom("silver_to_gold", run_id, "gate", "note") for run_id in ids]
    changing = [run_id for run_id, note in zip(ids, notes, strict=True) if not is_unchanged(note)]
    assert changing == ids[: len(changing)]
    assert not {"lakehouse__one", "lakehouse__two"} <= set(changing)
    assert release.run_id == changing[-1]
    assert race.query("SELECT count(*) FROM fact_events") == [(3,)]


def is_unchanged(note: str) -> bool:
    return note.splitlines()[0].endswith(": unchanged")


@pytest.fixture(scope="module")
def blocked(race: Installation, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """A rule of gold that its rows break; then one more file, and the orchestrator."""
    shop = race
    contracts = shutil.copytree(CHECKOUT / "contracts", tmp_path_factory.mktemp("broken") / "contracts")
    table = contracts / "gold" / "dim_country.yaml"
    text = table.read_text()
    rule = "type: expect_dimension_to_cover_facts"
    assert rule in text
    broken = "type: expect_table_row_count_to_be_between\n          kwargs: {max_value: 0}"
    table.write_text(text.replace(rule, broken))
    shop.configure(contracts=str(contracts))
    shop.drop("events/more.csv", MORE_EVENTS)
    assert orchestrate(shop, "blocked") == "failed"
    return shop


def test_a_broken_gold_rule_keeps_the_old_release_in_the_warehouse(blocked: Installation) -> None:
    states = blocked.airflow.states("lakehouse", "blocked")
    assert states["alert"] == "success"
    assert states["bronze_to_silver"] == "success"
    assert (states["silver_to_gold"], states["gold_to_redshift"]) == ("failed", "upstream_failed")
    assert blocked.query("SELECT count(*) FROM fact_events") == [(3,)]


def test_a_blocked_gate_names_rule_and_data_docs_and_is_not_retried(blocked: Installation) -> None:
    airflow, run_id = blocked.airflow, "lakehouse__blocked"
    tasks = airflow.tasks("silver_to_gold", run_id)
    assert (tasks["job"]["state"], tasks["job"]["try_number"]) == (
        "success",
        1,
    )  # a blocked run succeeds as a job
    assert (tasks["gate"]["state"], tasks["gate"]["try_number"]) == ("failed", 1)
    log = airflow.log("silver_to_gold", run_id, "gate")
    assert "dim_country: block: covers_facts" in log
    assert "Data Docs: s3://race/docs/index.html" in log
    assert "dim_country: block" in airflow.xcom("silver_to_gold", run_id, "gate", "note")


def test_one_alert_contains_verdict_rule_and_link(blocked: Installation) -> None:
    assert blocked.airflow.states("silver_to_gold", "lakehouse__blocked")["alert"] == "success"
    (alert,) = blocked.alerts()  # of the orchestrator, not another one of the job or the transition's DAG
    assert alert["Subject"] == "lakegate: block: silver_to_gold, run lakehouse__blocked"
    assert "dim_country: block: covers_facts" in alert["Message"]
    assert "Data Docs: s3://race/docs/index.html" in alert["Message"]


def test_a_missing_resource_is_reported_before_anything_runs(services: Services) -> None:
    shop = services.install("missing")
    shop.configure(gold_root="s3://nowhere")
    assert orchestrate(shop, "missing") == "failed"
    states = shop.airflow.states("lakehouse", "missing")
    assert (states.pop("check"), states.pop("alert")) == ("failed", "success")
    assert set(states.values()) == {"upstream_failed"}
    assert "bucket nowhere not found; run `lakegate deploy`" in shop.airflow.log(
        "lakehouse", "missing", "check"
    )
    (alert,) = shop.alerts()
    assert alert["Subject"] == "lakegate: failed: lakehouse, run lakehouse__missing"
    assert "bucket nowhere not found" in alert["Message"]


def test_a_backfilled_run_judges_by_the_clock_of_its_day(services: Services) -> None:
    shop, airflow = services.install("backfill"), services.airflow
    drop_shop(shop)
    wanted = {
        "dag_id": "lakehouse",
        "from_date": "2024-12-31T00:00:00Z",  # the stand-in's cron line names the first of January
        "to_date": "2025-01-02T00:00:00Z",
        "dag_run_conf": {"only": "raw_to_bronze"},
    }
    airflow.call("POST", "/backfills", wanted)
    (run,) = until(lambda: [one for one in airflow.runs("lakehouse") if one["run_type"] == "backfill"])
    assert airflow.wait("lakehouse", run["dag_run_id"], FULL_RUN_SECONDS) == "success"
    assert airflow.states("lakehouse", run["dag_run_id"])["bronze_to_silver"] == "skipped"
    run_id = f"lakehouse__{run['dag_run_id']}"
    found = airflow.call("GET", f"/dags/raw_to_bronze_events/dagRuns/{quote(run_id)}")
    assert found["conf"]["as_of"] == "2025-01-01T00:00:00+00:00"
    ledger = current_ledger(shop.lake, "events")
    assert ledger is not None
    assert list(ledger.files) == ["events.csv"]


def test_ingestion_polls_once_raw_has_files(services: Services) -> None:
    shop, airflow = services.install("again"), services.airflow
    airflow.call("PATCH", "/dags/lakehouse", {"is_paused": True})  # only the ingestion is tested
    try:
        shop.drop("events/events.csv", EVENTS)
        airflow.trigger("raw_to_bronze_events", "known", run_id="again", as_of=AS_OF)
        assert airflow.wait("raw_to_bronze_events", "known") == "success"
        airflow.trigger("raw_to_bronze_events", "new", as_of=AS_OF)
        until(lambda: airflow.states("raw_to_bronze_events", "new").get("arrived") == "deferred")
        trigger = airflow.tasks("raw_to_bronze_events", "new")["arrived"]["trigger"]
        assert trigger["classpath"].endswith("DateTimeTrigger")
        shop.drop("events/more.csv", MORE_EVENTS)
        assert airflow.wait("raw_to_bronze_events", "new") == "success"
        assert airflow.states("raw_to_bronze_events", "new")["alert"] == "success"
    finally:
        airflow.call("PATCH", "/dags/lakehouse", {"is_paused": False})
    ledger = current_ledger(shop.lake, "events")
    assert ledger is not None
    assert list(ledger.files) == ["events.csv", "more.csv"]
