"""Airflow DAG `lakehouse`: all transitions in order, with one run id, one run at a time.

Runs every night (``LAKEGATE_SCHEDULE``, a cron expression) and after a `raw_to_bronze_*` DAG has promoted a
dataset. Triggered manually or by a backfill, it takes ``as_of``, ``force`` and ``only`` (one transition).
After a blocked or failed transition, no later one starts.
"""

from __future__ import annotations

import os

from airflow.sdk import (
    DAG,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Param,
    chain,
    get_current_context,
    task,
)

from dags.pipeline.run import TRANSITIONS
from dags.tasks.alert import DagPart
from dags.tasks.checks import check_installation
from dags.tasks.dag_defaults import (
    TAGS,
    alert_task,
    asset,
    dataset_names,
    default_arguments,
    macros,
    run_params,
)
from dags.tasks.start_dag import StartDag

CRON = os.environ.get("LAKEGATE_SCHEDULE", "0 3 * * *")
DATASETS = dataset_names()
POLL_SECONDS = int(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))

with DAG(
    "lakehouse",
    description="RAW to the warehouse: all transitions, gated, in order",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable(CRON, timezone="UTC"),
        assets=AssetAny(*(asset("bronze", dataset) for dataset in DATASETS)),
    ),
    catchup=False,
    max_active_runs=1,
    default_args=default_arguments(),
    params=run_params(
        only=Param(
            None,
            type=["null", "string"],
            enum=[None, *TRANSITIONS],
            title="Only",
            description="one transition; default: all",
        )
    ),
    user_defined_macros=macros(),
    tags=TAGS,
    doc_md=__doc__,
) as dag:

    @task
    def check() -> None:
        """Check the installation before anything runs."""
        only = get_current_context()["params"].get("only")
        check_installation(get_current_context(), (only,) if only else TRANSITIONS)

    def start(dag_id: str, transition: str) -> StartDag:
        """Return the task that triggers a DAG, whose alert is part of this one's."""
        return StartDag(
            task_id=dag_id,
            transition=transition,
            trigger_dag_id=dag_id,
            trigger_rule="none_failed",
            poke_interval=POLL_SECONDS,
            retries=0,
        )

    ingestion, *others = TRANSITIONS
    chain(
        check(),
        [start(f"{ingestion}_{dataset}", ingestion) for dataset in DATASETS],
        *(start(transition, transition) for transition in others),
        alert_task(
            *(DagPart(f"{ingestion}_{dataset}", ingestion, dataset) for dataset in DATASETS),
            *(DagPart(transition, transition) for transition in others),
        ),
    )
