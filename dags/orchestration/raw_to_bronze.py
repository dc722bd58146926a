"""Airflow DAGs `raw_to_bronze_<dataset>`: ingest new files of RAW as they arrive.

There is one for each dataset that has a contract (in ``LAKEGATE_CONTRACTS``). By default they start every 15
minutes (``LAKEGATE_ARRIVALS``, a cron expression), and a deferred sensor waits for new files. With
``LAKEGATE_ARRIVALS_QUEUE``, the URL of an SQS queue for S3 notifications, messages start them. Airflow's
workers inspect the files, in mapped batches; with ``LAKEGATE_INGEST_ON=glue``, the Glue job does.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from dags.tasks.alert import DagPart
from dags.tasks.checks import check_installation
from dags.tasks.dag_defaults import (
    TAGS,
    alert_task,
    asset,
    dataset_names,
    default_arguments,
    macros,
    runs_on_glue,
    transition_params,
)
from dags.tasks.gate import Gate
from dags.tasks.glue_dag import transition_job
from dags.tasks.new_files import NewFilesSensor, inspect_new_batch, plan_new_batches
from dags.tasks.run_request import read_run_request
from dags.tasks.run_transition import run_transition

TRANSITION = "raw_to_bronze"
QUEUE = os.environ.get("LAKEGATE_ARRIVALS_QUEUE")
CRON = os.environ.get("LAKEGATE_ARRIVALS", "*/15 * * * *")
POLL_SECONDS = float(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))
SENSOR_TIMEOUT_SECONDS = 14 * 60
JOB_TIMEOUT_MINUTES = 490  # for waiting, longer than the job's own


def _schedule() -> Any:  # noqa: ANN401 - a timetable or a list of assets
    if not QUEUE:
        return CronTriggerTimetable(CRON, timezone="UTC")
    from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger

    arrivals = MessageQueueTrigger(scheme="sqs", sqs_queue=QUEUE, waiter_delay=int(POLL_SECONDS))
    return [Asset("raw/arrivals", watchers=[AssetWatcher(name="s3_notifications", trigger=arrivals)])]


def _dag(dataset: str) -> DAG:
    with DAG(
        f"raw_to_bronze_{dataset}",
        description=f"{dataset}: new files of RAW, inspected, gated, copied to BRONZE",
        schedule=_schedule(),
        catchup=False,
        max_active_runs=1,
        default_args=default_arguments(),
        params=transition_params(),
        user_defined_macros=macros(),
        tags=TAGS,
        doc_md=__doc__,
    ) as dag:

        @task
        def check() -> None:
            check_installation(get_current_context(), (TRANSITION,))

        @task
        def plan() -> list[int]:
            return plan_new_batches(get_current_context(), dataset)

        @task(max_active_tis_per_dagrun=4)
        def inspect(number: int) -> int:
            return inspect_new_batch(get_current_context(), dataset, number)

        @task(trigger_rule="none_failed")  # also without batches: to repair copies and write a verdict
        def ingest() -> None:
            run_transition(get_current_context(), TRANSITION, dataset)

        @task(inlets=[asset("raw", dataset)], outlets=[asset("bronze", dataset)])
        def announce(verdict: str) -> None:
            if verdict == "unchanged" or read_run_request(get_current_context()).is_orchestrated:
                raise AirflowSkipException(
                    "no announcement: lakehouse runs the next transition, or nothing is new"
                )

        start: Any = check()
        if not QUEUE:
            start >>= NewFilesSensor(
                task_id="arrived",
                dataset=dataset,
                poke_interval=POLL_SECONDS,
                timeout=SENSOR_TIMEOUT_SECONDS,
            )
        gate = Gate(task_id="gate", transition=TRANSITION, dataset=dataset)
        if runs_on_glue(TRANSITION):
            start >> transition_job(TRANSITION, JOB_TIMEOUT_MINUTES, dataset) >> gate
        else:
            batches = plan()
            start >> batches
            inspect.expand(number=batches) >> ingest() >> gate
        last = alert_task(DagPart(dag.dag_id, TRANSITION, dataset))
        announce(gate.output) >> last  # type: ignore[arg-type]
    return dag


for _name in dataset_names():
    globals()[f"raw_to_bronze_{_name}"] = partial(_dag, _name)()
