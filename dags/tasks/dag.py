"""What all DAGs share: their params, retries, alerts, assets, and the words of their templates."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, Param

from dags.tasks.alert import alert
from dags.tasks.arrivals import raw_bucket, raw_pattern
from dags.tasks.told import Told, told

if TYPE_CHECKING:
    from collections.abc import Mapping

TAGS = ["lakegate"]


def default_arguments() -> dict[str, Any]:
    """Return the arguments of every task. What cannot get better by a retry fails at once all the same."""
    return {
        "owner": "lakegate",
        "retries": 3,
        "retry_delay": timedelta(seconds=float(os.environ.get("LAKEGATE_RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "on_failure_callback": alert,
    }


def run_params(**further: Param) -> dict[str, Param]:
    """Return the params of a DAG: what a person may say when he starts it."""
    return {
        "as_of": Param(
            None,
            type=["null", "string"],
            title="The run's clock",
            description="ISO 8601; empty: the time after which the DAG run may run",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="judge and promote again, also if nothing changed",
        ),
        **further,
    }


def transition_params() -> dict[str, Param]:
    """Return the params of a transition's DAG; `lakehouse` gives it the run's id."""
    return run_params(
        run_id=Param(
            None,
            type=["null", "string"],
            title="The run's id",
            description="empty: one of this DAG run's own",
        )
    )


def macros() -> dict[str, Any]:
    """Return the words of the templates."""
    return {
        "told": _told,
        "raw_bucket": raw_bucket,
        "raw_pattern": raw_pattern,
        "job_name": _job_name,
        "aws_connection": _aws_connection,
    }


def asset(zone: str, name: str) -> Asset:
    """Return the asset that stands for a promoted dataset, zone or warehouse."""
    return Asset(name=f"{zone}/{name}", uri=f"lakegate://{zone}/{name}", group="lakegate")


def _job_name(transition: str) -> str:
    from dags.tasks.installation import read_installation

    return read_installation().job_name(transition)


def _aws_connection() -> str:
    from dags.tasks.installation import read_installation

    return read_installation().aws_conn_id or "aws_default"  # the provider's own, which may be missing


def _told(dag_run: Any, params: Mapping[str, Any]) -> Told:  # noqa: ANN401
    return told(dag_run.dag_id, dag_run.run_id, dag_run.run_after, params)
