"""DAG files: fast to parse, without heavy imports, with the right task order."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

import dags.orchestration
from tests.contributing import Installation

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(dags.orchestration.__file__).parent
INGESTING = ("raw_to_bronze_events", "raw_to_bronze_users", "raw_to_bronze_transactions")

# Runs in a new process: Airflow reads its settings at import.
READ = """
import json, sys, time
from pathlib import Path
# Airflow's own modules are imported before the measurement.
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import DagSerialization
import airflow.sdk, airflow.sdk.exceptions, airflow.sdk.execution_time.xcom
import airflow.providers.amazon.aws.operators.glue, airflow.providers.amazon.aws.sensors.s3
import airflow.providers.standard.operators.trigger_dagrun, airflow.providers.standard.triggers.temporal
import airflow.providers.standard.decorators.python, airflow.providers.common.messaging.triggers.msg_queue
before, began = set(sys.modules), time.process_time()
folder = Path(sys.argv[1])
bag = BundleDagBag(folder, bundle_path=folder, bundle_name="lakegate")
seconds = time.process_time() - began
print("<<<" + json.dumps({
    "seconds": seconds,
    "errors": {str(path): error for path, error in bag.import_errors.items()},
    "imported": sorted(set(sys.modules) - before),
    "dags": {name: DagSerialization.to_dict(dag)["dag"] for name, dag in bag.dags.items()},
    "resuming": [name for name, dag in bag.dags.items() if any(
        getattr(task, "durable", False) or getattr(task, "resume_glue_job_on_retry", False)
        for task in dag.tasks
    )],
}, default=str))
"""


def read_folder(home: Path, folder: Path = FOLDER, **environment: str) -> dict[str, Any]:
    """Parse a DAG folder with Airflow; return DAGs, errors, imports and CPU time."""
    process = subprocess.run(
        [sys.executable, "-c", READ, str(folder)],
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("LAKEGATE_")},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": str(FOLDER.parent.parent),
            **environment,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(process.stdout.rpartition("<<<")[2])
    return found


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_folder(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def notified(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    queue = "https://sqs.eu-west-1.amazonaws.com/123456789012/arrivals"
    return read_folder(tmp_path_factory.mktemp("airflow"), LAKEGATE_ARRIVALS_QUEUE=queue)


@pytest.fixture(scope="module")
def on_glue(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A further dataset, and ingestion as a Glue job."""
    folder = tmp_path_factory.mktemp("airflow")
    installation = Installation.copied_to(folder / "installation")
    installation.follow("Add a dataset")
    return read_folder(folder, LAKEGATE_INGEST_ON="glue", **installation.variables)


def tasks_of(read: Mapping[str, Any], dag: str) -> dict[str, dict[str, Any]]:
    return {task["__var"]["task_id"]: task["__var"] for task in read["dags"][dag]["tasks"]}


def order_of(read: Mapping[str, Any], dag: str) -> set[tuple[str, str]]:
    return {
        (name, after)
        for name, task in tasks_of(read, dag).items()
        for after in task.get("downstream_task_ids", [])
    }


def test_a_retry_resumes_the_job_that_still_runs(read: dict[str, Any], on_glue: dict[str, Any]) -> None:
    assert set(read["resuming"]) == {"bronze_to_silver", "silver_to_gold"}
    ingesting = {*INGESTING, "raw_to_bronze_returns"}
    assert set(on_glue["resuming"]) == {"bronze_to_silver", "silver_to_gold"} | ingesting


def test_every_dag_is_read_without_an_error(read: dict[str, Any]) -> None:
    assert read["errors"] == {}
    others = {"bronze_to_silver", "silver_to_gold", "gold_to_redshift", "lakehouse"}
    assert set(read["dags"]) == others | set(INGESTING)


def test_the_dag_file_for_managed_airflow_has_every_dag_of_the_folder(
    tmp_path: Path, read: dict[str, Any]
) -> None:
    paper = (FOLDER.parents[1] / "DEPLOYMENT.md").read_text("utf-8")
    (tmp_path / "dags").mkdir()  # a folder of the same name as the package
    (block,) = re.findall(r"```python\n(.*?)```", paper, re.DOTALL)
    (tmp_path / "dags/lakegate_dags.py").write_text(dedent(block))
    found = read_folder(tmp_path / "airflow", tmp_path / "dags")
    assert found["errors"] == {}
    assert set(found["dags"]) == set(read["dags"])
    assert {dag["relative_fileloc"] for dag in found["dags"].values()} == {"lakegate_dags.py"}


def test_a_further_dataset_has_its_dag_and_its_asset(on_glue: dict[str, Any]) -> None:
    assert on_glue["errors"] == {}
    assert "raw_to_bronze_returns" in on_glue["dags"]
    assert ("check", "raw_to_bronze_returns") in order_of(on_glue, "lakehouse")
    assert ("raw_to_bronze_returns", "bronze_to_silver") in order_of(on_glue, "lakehouse")
    assert "lakegate://bronze/returns" in json.dumps(on_glue["dags"]["lakehouse"]["timetable"])
    assert "lakegate://bronze/returns" in json.dumps(tasks_of(on_glue, "raw_to_bronze_returns")["announce"])


def test_an_invalid_contract_is_the_files_import_error(tmp_path: Path) -> None:
    installation = Installation.copied_to(tmp_path / "installation")
    (installation.contracts / "silver/users.yaml").unlink()
    found = read_folder(tmp_path, **installation.variables)
    assert {Path(name).name for name in found["errors"]} == {
        *("bronze_to_silver.py", "lakehouse.py", "raw_to_bronze.py")
    }
    assert all("derived from users, which has no contract" in error for error in found["errors"].values())


def test_reading_the_folder_takes_less_than_a_second_and_imports_nothing_heavy(
    read: dict[str, Any],
) -> None:
    assert read["seconds"] < 1.0  # of processor time
    heavy = {"pyspark", "great_expectations", "pandas", "duckdb", "pyarrow", "numpy", "redshift_connector"}
    assert heavy & {name.partition(".")[0] for name in read["imported"]} == set()


@pytest.mark.parametrize("dag", INGESTING)
def test_ingestion_waits_deferred_inspects_mapped_batches_and_gates(read: dict[str, Any], dag: str) -> None:
    assert order_of(read, dag) == {
        ("check", "arrived"),
        ("arrived", "plan"),
        ("plan", "inspect"),
        ("inspect", "ingest"),
        ("ingest", "gate"),
        ("gate", "announce"),
        ("announce", "alert"),
    }
    tasks = tasks_of(read, dag)
    assert tasks["arrived"]["task_type"] == "NewFilesSensor"
    assert tasks["arrived"]["bucket_key"] == f"{{{{ raw_pattern('{dag.rpartition('_')[2]}') }}}}"
    assert tasks["inspect"]["_is_mapped"] is True


def test_ingestion_on_glue_is_a_job_of_the_dataset(on_glue: dict[str, Any]) -> None:
    assert order_of(on_glue, "raw_to_bronze_users") == {
        ("check", "arrived"),
        ("arrived", "job"),
        ("job", "gate"),
        ("gate", "announce"),
        ("announce", "alert"),
    }
    assert "'--dataset': 'users'" in str(tasks_of(on_glue, "raw_to_bronze_users")["job"]["script_args"])


def test_a_notified_ingestion_waits_for_the_queue_and_not_for_a_key(notified: dict[str, Any]) -> None:
    assert notified["errors"] == {}
    assert ("check", "plan") in order_of(notified, "raw_to_bronze_events")
    assert "arrived" not in tasks_of(notified, "raw_to_bronze_events")
    assert "arrivals" in json.dumps(notified["dags"]["raw_to_bronze_events"]["timetable"])


@pytest.mark.parametrize("dag", ["bronze_to_silver", "silver_to_gold"])
def test_a_job_is_followed_by_the_gate(read: dict[str, Any], dag: str) -> None:
    assert order_of(read, dag) == {("check", "job"), ("job", "gate"), ("gate", "alert")}


def test_the_triggerer_uses_the_configured_connection(read: dict[str, Any]) -> None:
    jobs = [tasks_of(read, dag)["job"] for dag in ("bronze_to_silver", "silver_to_gold")]
    sensors = [tasks_of(read, dag)["arrived"] for dag in INGESTING]
    for task in (*jobs, *sensors):
        assert task["aws_conn_id"] == "{{ aws_connection() }}"
        assert "aws_conn_id" in task["template_fields"]


def test_the_warehouse_is_loaded_behind_the_gate_of_gold(read: dict[str, Any]) -> None:
    assert order_of(read, "gold_to_redshift") == {
        ("check", "release"),
        ("release", "load"),
        ("load", "gate"),
        ("gate", "alert"),
    }


def test_the_orchestrator_starts_the_transitions_in_order(read: dict[str, Any]) -> None:
    assert order_of(read, "lakehouse") == {
        *(("check", dag) for dag in INGESTING),
        *((dag, "bronze_to_silver") for dag in INGESTING),
        ("bronze_to_silver", "silver_to_gold"),
        ("silver_to_gold", "gold_to_redshift"),
        ("gold_to_redshift", "alert"),
    }


def test_the_orchestrator_is_scheduled_by_time_and_assets_one_run_at_a_time(read: dict[str, Any]) -> None:
    dag = read["dags"]["lakehouse"]
    assert dag["max_active_runs"] == 1
    assert dag["timetable"]["__type"].endswith("AssetOrTimeSchedule")
    timetable = json.dumps(dag["timetable"])
    assert all(f"lakegate://bronze/{name}" in timetable for name in ("events", "users", "transactions"))


def test_the_orchestrator_takes_a_clock_force_and_one_transition(read: dict[str, Any]) -> None:
    assert {name for name, _ in read["dags"]["lakehouse"]["params"]} == {"as_of", "force", "only"}


def test_every_dag_checks_its_installation_before_anything_else(read: dict[str, Any]) -> None:
    for name in read["dags"]:
        after = {end for _, end in order_of(read, name)}
        assert set(tasks_of(read, name)) - after == {"check"}


def test_a_gate_is_never_retried_and_links_to_the_data_docs(read: dict[str, Any]) -> None:
    for name in (*INGESTING, "bronze_to_silver", "silver_to_gold", "gold_to_redshift"):
        gate = tasks_of(read, name)["gate"]
        assert gate.get("retries", 0) == 0
        assert gate["_operator_extra_links"] == {"Data Docs": "_link_DataDocsLink"}


def test_every_dag_ends_with_the_alert_which_does_not_count_for_its_state(read: dict[str, Any]) -> None:
    for name in read["dags"]:
        alert = tasks_of(read, name)["alert"]
        assert alert["is_teardown"] is True
        assert not alert.get("on_failure_fail_dagrun", False)


def test_gates_name_the_assets_that_their_transition_reads_and_promotes(read: dict[str, Any]) -> None:
    ends = {
        "raw_to_bronze_events": ("announce", ["raw/events"], ["bronze/events"]),
        "bronze_to_silver": (
            "gate",
            [f"bronze/{name.rpartition('_')[2]}" for name in INGESTING],
            ["silver/all"],
        ),
        "silver_to_gold": ("gate", ["silver/all"], ["gold/release"]),
        "gold_to_redshift": ("gate", ["gold/release"], ["warehouse/release"]),
    }
    for dag, (name, inlets, outlets) in ends.items():
        task = tasks_of(read, dag)[name]
        found = [[one["__var"]["name"] for one in task[kind]] for kind in ("inlets", "outlets")]
        assert found == [inlets, outlets], dag


def test_tasks_are_retried_with_backoff(read: dict[str, Any]) -> None:
    for name in (*INGESTING, "bronze_to_silver", "silver_to_gold", "gold_to_redshift"):
        check = read["dags"][name]["default_args"]["__var"]
        assert check["retries"] == 3
        assert check["retry_exponential_backoff"] == 2.0
