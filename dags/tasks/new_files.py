"""New files in RAW: sensor, and inspection in batches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowSkipException

from dags.tasks.run_request import read_run_request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context


class NewFilesSensor(S3KeySensor):
    """Deferred sensor for a file of a dataset in RAW that is not in BRONZE's ledger.

    RAW is immutable, so the wait for a first key succeeds at once after the first file; from then on the
    sensor compares listing and ledger at its interval. Without a new file within the timeout, the task is
    skipped. A DAG run that is forced or started by ``lakehouse`` does not wait.
    """

    def __init__(self, *, dataset: str, **kwargs: Any) -> None:
        super().__init__(
            aws_conn_id="{{ aws_connection() }}",  # also for the triggerer
            bucket_name="{{ raw_bucket() }}",
            bucket_key=f"{{{{ raw_pattern('{dataset}') }}}}",
            wildcard_match=True,
            deferrable=True,
            soft_fail=True,
            **kwargs,
        )
        self.dataset = dataset

    def execute(self, context: Context) -> None:
        """Return at once for forced and orchestrated runs, else when there is a new file."""
        run = read_run_request(context)
        if not (run.is_orchestrated or run.is_forced):
            self.look(context)

    def look(
        self,
        context: Context,  # noqa: ARG002 - passed by Airflow
        event: dict[str, Any] | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Check once; defer until the first key or the next interval if there is no new file.

        Raises:
            AirflowSkipException: the timeout has passed.
        """
        from dags.pipeline.inspection_batches import new_files

        if isinstance(event, dict) and event.get("status") == "error":
            self.log.warning("waiting for the first key failed: %s", event.get("message"))
        if new_files(_setup(), self.dataset):
            return
        remaining = float(self.timeout) if seconds_left is None else seconds_left
        if remaining <= 0:
            raise AirflowSkipException(f"no new file of {self.dataset} in RAW")
        if not _has_files(self.dataset):
            self.log.info("RAW has no file of %s yet", self.dataset)
            self._defer()
        pause = min(float(self.poke_interval), remaining)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=pause)),
            method_name="look",
            kwargs={"seconds_left": remaining - pause},
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Check again now that a first key exists."""
        self.look(context, event)


def _has_files(dataset: str) -> bool:
    from checkpoints.lake.bronze import list_files

    return any(True for _ in list_files(_setup().lake.raw(dataset)))


def plan_new_batches(context: Mapping[str, Any], dataset: str) -> list[int]:
    """Store the batches of new files; return their numbers, the arguments of mapped tasks."""
    from dags.pipeline.inspection_batches import plan_batches
    from dags.tasks.run_request import run_of
    from dags.tasks.run_transition import error_to_airflow

    try:
        return [*range(plan_batches(_setup(), run_of(read_run_request(context)), dataset))]
    except Exception as error:
        raise error_to_airflow(error) from error


def inspect_new_batch(context: Mapping[str, Any], dataset: str, number: int) -> int:
    """Inspect one batch; return the number of valid files."""
    from dags.pipeline.inspection_batches import inspect_batch
    from dags.tasks.run_request import run_of
    from dags.tasks.run_transition import error_to_airflow

    try:
        return inspect_batch(_setup(), run_of(read_run_request(context)), dataset, number)
    except Exception as error:
        raise error_to_airflow(error) from error


def raw_bucket() -> str:
    """Return RAW's bucket."""
    return _raw()[0]


def raw_pattern(dataset: str) -> str:
    """Return the key pattern of a dataset in RAW."""
    return f"{_raw()[1]}{dataset}/*"


def _raw() -> tuple[str, str]:
    from checkpoints.lake.layout import Area
    from dags.pipeline.context import find_lake
    from dags.tasks.installation import read_installation

    uri = find_lake(read_installation().settings).area(Area.RAW).uri
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix else ""


def _setup() -> Any:  # noqa: ANN401 - Setup, imported only when a task runs
    from dags.pipeline.context import read_setup
    from dags.tasks.installation import read_installation

    return read_setup(read_installation().settings)
