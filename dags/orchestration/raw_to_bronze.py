"""The DAGs `raw_to_bronze_<dataset>`: take in what is new in RAW, as soon as it is there.

By default a deferred sensor waits for new files, started every quarter of an hour (``LAKEGATE_ARRIVALS``, a
cron line). With ``LAKEGATE_ARRIVALS_QUEUE``, the URL of an SQS queue that S3 notifies, a message starts them.
"""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, CronTriggerTimetable, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from contracts.reader import DATASETS
from dags.tasks.arrivals import NewFilesSensor, batches_of, inspect_batch_here
from dags.tasks.checked import check_here
from dags.tasks.dag import TAGS, asset, default_arguments, macros, transition_params
from dags.tasks.gate import Gate
from dags.tasks.told import told_by
from dags.tasks.transition import carry_out_here

TRANSITION = "raw_to_bronze"
QUEUE = os.environ.get("LAKEGATE_ARRIVALS_QUEUE")
CRON = os.environ.get("LAKEGATE_ARRIVALS", "*/15 * * * *")
LOOK_EVERY_SECONDS = float(os.environ.get("LAKEGATE_LOOK_EVERY_SECONDS", "60"))
MOST_WAITING_SECONDS = 14 * 60


def _schedule() -> Any:  # noqa: ANN401 - a timetable or a list of assets
    if not QUEUE:
        return CronTriggerTimetable(CRON, timezone="UTC")
    from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger

    arrivals = MessageQueueTrigger(scheme="sqs", sqs_queue=QUEUE, waiter_delay=int(LOOK_EVERY_SECONDS))
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
            check_here(get_current_context(), (TRANSITION,))

        @task
        def plan() -> list[dict[str, Any]]:
            return batches_of(dataset)

        @task(max_active_tis_per_dagrun=4)
        def inspect(batch: dict[str, Any]) -> int:
            return inspect_batch_here(get_current_context(), dataset, batch)

        @task(
            trigger_rule="none_failed"
        )  # without a batch there may be copies to mend, and a verdict to give
        def ingest() -> None:
            carry_out_here(get_current_context(), TRANSITION, dataset)

        @task(outlets=[asset("bronze", dataset)])
        def announce(verdict: str) -> None:
            if verdict == "unchanged" or told_by(get_current_context()).is_orchestrated:
                raise AirflowSkipException(
                    "nobody has to hear of it: what comes next is on its way, or nothing is new"
                )

        checked, batches = check(), plan()
        gate = Gate(task_id="gate", transition=TRANSITION, dataset=dataset)
        if QUEUE:
            checked >> batches
        else:
            (
                checked
                >> NewFilesSensor(
                    task_id="arrived",
                    dataset=dataset,
                    poke_interval=LOOK_EVERY_SECONDS,
                    timeout=MOST_WAITING_SECONDS,
                )
                >> batches
            )
        inspect.expand(batch=batches) >> ingest() >> gate
        announce(gate.output)  # type: ignore[arg-type]
    return dag


for _name in DATASETS:
    globals()[f"raw_to_bronze_{_name}"] = partial(_dag, _name)()
