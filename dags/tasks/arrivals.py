"""New files in RAW: waiting for them, and inspecting them in batches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.triggers.temporal import TimeDeltaTrigger
from airflow.sdk.exceptions import AirflowSkipException

from dags.tasks.told import told_by

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import Context


class NewFilesSensor(S3KeySensor):
    """Waits, deferred, until RAW holds a file of a dataset that BRONZE's ledger does not know.

    As RAW is immutable, a key is there for ever after the first file: from then on the sensor looks at
    listing and ledger in its interval instead. Without a new file within the timeout, the DAG run is skipped.
    A DAG run of ``lakehouse``, or one that is forced, does not wait.
    """

    def __init__(self, *, dataset: str, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(
            aws_conn_id="{{ aws_connection() }}",  # the triggerer, too, waits by it
            bucket_name="{{ raw_bucket() }}",
            bucket_key=f"{{{{ raw_pattern('{dataset}') }}}}",
            wildcard_match=True,
            deferrable=True,
            soft_fail=True,
            **kwargs,
        )
        self.dataset = dataset

    def execute(self, context: Context) -> None:
        """Return when there is something new."""
        run = told_by(context)
        if not (run.is_orchestrated or run.is_forced):
            self.look(context)

    def look(
        self,
        context: Context,  # noqa: ARG002 - Airflow gives it
        event: dict[str, Any] | None = None,
        seconds_left: float | None = None,
    ) -> None:
        """Look once; wait for the first key, or for a while, where nothing is new.

        Raises:
            AirflowSkipException: the time is up.
        """
        from dags.pipeline.batches import new_files

        if isinstance(event, dict) and event.get("status") == "error":
            self.log.warning("the wait for the first key broke: %s", event.get("message"))
        if new_files(_setup(), self.dataset):
            return
        left = float(self.timeout) if seconds_left is None else seconds_left
        if left <= 0:
            raise AirflowSkipException(f"no new file of {self.dataset} arrived in RAW")
        if not _holds_any(self.dataset):
            self.log.info("RAW holds no file of %s yet", self.dataset)
            self._defer()
        pause = min(float(self.poke_interval), left)
        self.defer(
            trigger=TimeDeltaTrigger(timedelta(seconds=pause)),
            method_name="look",
            kwargs={"seconds_left": left - pause},
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> None:
        """Look again, now that a key is there."""
        self.look(context, event)


def _holds_any(dataset: str) -> bool:
    from checkpoints.lake.bronze import list_files

    return any(True for _ in list_files(_setup().lake.raw(dataset)))


def batches_of(dataset: str) -> list[dict[str, Any]]:
    """Return the batches of new files as the mapped tasks take them: number, first and last key."""
    from dags.pipeline.batches import new_files, plan_batches
    from dags.tasks.transition import failed_by

    try:
        batches = [*plan_batches(new_files(_setup(), dataset))]
    except Exception as error:
        raise failed_by(error) from error
    return [
        {"number": number, "first": files[0].key, "last": files[-1].key}
        for number, files in enumerate(batches)
    ]


def inspect_batch_here(context: Mapping[str, Any], dataset: str, batch: Mapping[str, Any]) -> int:
    """Inspect one batch and return how many of its files are valid."""
    from dags.pipeline.batches import inspect_batch
    from dags.tasks.told import run_of
    from dags.tasks.transition import failed_by

    try:
        return inspect_batch(_setup(), run_of(told_by(context)), dataset, **batch)
    except Exception as error:
        raise failed_by(error) from error


def raw_bucket() -> str:
    """Return the bucket of RAW."""
    return _raw()[0]


def raw_pattern(dataset: str) -> str:
    """Return the pattern of the keys of a dataset in RAW."""
    return f"{_raw()[1]}{dataset}/*"


def _raw() -> tuple[str, str]:
    from checkpoints.lake.layout import Area
    from dags.pipeline.setup import find_lake
    from dags.tasks.installation import read_installation

    uri = find_lake(read_installation().settings).area(Area.RAW).uri
    bucket, _, prefix = uri.removeprefix("s3://").partition("/")
    return bucket, f"{prefix.rstrip('/')}/" if prefix else ""


def _setup() -> Any:  # noqa: ANN401 - Setup, which is imported when a task runs
    from dags.pipeline.setup import read_setup
    from dags.tasks.installation import read_installation

    return read_setup(read_installation().settings)
