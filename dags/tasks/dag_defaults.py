"""Shared DAG settings: default arguments, params, template macros and assets."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, Param, get_current_context, task

from contracts.errors import ConfigurationError
from contracts.loader import load_contracts
from dags.tasks.alert import DagPart, alert, keep_failure
from dags.tasks.new_files import raw_bucket, raw_pattern
from dags.tasks.run_request import RunRequest, run_request

if TYPE_CHECKING:
    from collections.abc import Mapping

TAGS = ["lakegate"]
_ON_GLUE = frozenset({"bronze_to_silver", "silver_to_gold"})


def default_arguments() -> dict[str, Any]:
    """Return the default arguments of every task. Terminal errors fail without a retry all the same."""
    return {
        "owner": "lakegate",
        "retries": 3,
        "retry_delay": timedelta(seconds=float(os.environ.get("LAKEGATE_RETRY_SECONDS", "60"))),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "on_failure_callback": keep_failure,
    }


def run_params(**extra: Param) -> dict[str, Param]:
    """Return the params with which a DAG can be triggered."""
    return {
        "as_of": Param(
            None,
            type=["null", "string"],
            title="Clock of the run",
            description="ISO 8601; default: the DAG run's run_after",
        ),
        "force": Param(
            False,
            type="boolean",
            title="Force",
            description="judge and promote again even if nothing changed",
        ),
        **extra,
    }


def transition_params() -> dict[str, Param]:
    """Return the params of a transition's DAG; `lakehouse` passes its run id."""
    return run_params(
        run_id=Param(
            None,
            type=["null", "string"],
            title="Run id",
            description="default: derived from this DAG run",
        )
    )


def macros() -> dict[str, Any]:
    """Return the macros for templates."""
    return {
        "run_request": _run_request,
        "raw_bucket": raw_bucket,
        "raw_pattern": raw_pattern,
        "job_name": _job_name,
        "aws_connection": _aws_connection,
    }


def dataset_names() -> tuple[str, ...]:
    """Return the datasets of the contracts in ``LAKEGATE_CONTRACTS``; unset, of the shipped ones.

    Read from the environment, not from the Airflow Variable, as this happens whenever a DAG file is parsed.

    Raises:
        ContractError: a contract is invalid; Airflow shows it as the file's import error.
    """
    folder = os.environ.get("LAKEGATE_CONTRACTS")
    contracts = load_contracts(Path(folder) if folder else None)
    return tuple(contract.name for contract in contracts.datasets)


def runs_on_glue(transition: str) -> bool:
    """Whether a transition is a Glue job; raw_to_bronze is one if ``LAKEGATE_INGEST_ON`` is ``glue``.

    Raises:
        ConfigurationError: the variable has another value than ``airflow`` and ``glue``.
    """
    chosen = os.environ.get("LAKEGATE_INGEST_ON") or "airflow"
    if chosen not in ("airflow", "glue"):
        raise ConfigurationError(
            "invalid value", where="LAKEGATE_INGEST_ON", expected="airflow or glue", found=repr(chosen)
        )
    return transition in _ON_GLUE or (transition == "raw_to_bronze" and chosen == "glue")


def asset(zone: str, name: str) -> Asset:
    """Return the asset of a promoted dataset, zone or warehouse."""
    return Asset(name=f"{zone}/{name}", uri=f"lakegate://{zone}/{name}", group="lakegate")


def alert_task(*parts: DagPart) -> Any:  # noqa: ANN401 - Airflow's
    """Return the last task of a DAG: it sends the run's alert, and does not count for the run's state."""

    @task(task_id="alert", retries=0)
    def send() -> None:
        alert(get_current_context(), parts)

    return send().as_teardown()


def _job_name(transition: str) -> str:
    from dags.tasks.installation import read_installation

    return read_installation().job_name(transition)


def _aws_connection() -> str:
    from dags.tasks.installation import read_installation

    return (
        read_installation().aws_conn_id or "aws_default"
    )  # Airflow falls back to boto3's credentials if it is missing


def _run_request(dag_run: Any, params: Mapping[str, Any]) -> RunRequest:  # noqa: ANN401  (Airflow's)
    return run_request(dag_run.dag_id, dag_run.run_id, dag_run.run_after, params)
