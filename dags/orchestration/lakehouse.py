"""The DAG `lakehouse`: all transitions in order, under one run id, one run at a time.

Runs every night (``LAKEGATE_SCHEDULE``, a cron line) and when a dataset was promoted to BRONZE by itself.
Started by hand or by a backfill it takes ``as_of``, ``force`` and ``only`` (one transition). A blocked or
failed transition ends the run: no later one starts.
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

from contracts.reader import DATASETS
from dags.pipeline.run import TRANSITIONS
from dags.tasks.checked import check_here
from dags.tasks.dag import TAGS, asset, default_arguments, macros, run_params
from dags.tasks.start_dag import StartDag

CRON = os.environ.get("LAKEGATE_SCHEDULE", "0 3 * * *")
LOOK_EVERY_SECONDS = int(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))

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
            description="one transition; empty: all",
        )
    ),
    user_defined_macros=macros(),
    tags=TAGS,
    doc_md=__doc__,
):

    @task
    def check() -> None:
        """Say what is missing before anything runs."""
        only = get_current_context()["params"].get("only")
        check_here(get_current_context(), (only,) if only else TRANSITIONS)

    def start(dag_id: str, transition: str) -> StartDag:
        """Return the task that starts a DAG; that DAG tells of its own failures."""
        return StartDag(
            task_id=dag_id,
            transition=transition,
            trigger_dag_id=dag_id,
            trigger_rule="none_failed",
            poke_interval=LOOK_EVERY_SECONDS,
            retries=0,
            on_failure_callback=None,
        )

    ingestion, *others = TRANSITIONS
    chain(
        check(),
        [start(f"{ingestion}_{dataset}", ingestion) for dataset in DATASETS],
        *(start(transition, transition) for transition in others),
    )
