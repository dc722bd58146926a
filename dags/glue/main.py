"""Run one transition as a job: parse the arguments, write the verdict file, return the exit status."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from checkpoints.storage.opening import open_storage
from checkpoints.storage.place import Place
from contracts.errors import ConfigurationError
from dags.glue.arguments import read_arguments
from dags.notifications.alerts import alert_about
from dags.pipeline.context import new_run
from dags.pipeline.progress import Logged
from dags.pipeline.transition_attempt import BLOCKED, failed_attempt, failure_of, run_transition_attempt
from dags.settings import read_settings
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.storage.storage import S3Settings
    from dags.glue.arguments import JobArguments
    from dags.pipeline.verdict_file import Outcome
    from dags.settings import Settings


_SUFFIXES = (".yaml", ".yml")


def run_job(arguments: Sequence[str]) -> int:
    """Run one transition; return the exit status: 0 passed, 3 blocked, 2 misconfigured, 1 anything else.

    With `--on_block succeed`, as on Glue, a blocked run returns 0: a Glue job run can only be SUCCEEDED or
    FAILED, and a retry of FAILED cannot fix blocked data. The gate task reads the verdict file and fails.
    """
    try:
        job = read_arguments(arguments)
        if job.ignored:
            _log(f"unknown arguments, ignored: {' '.join(job.ignored)}")
        if job.region:
            os.environ.setdefault("AWS_DEFAULT_REGION", job.region)
        with TemporaryDirectory(prefix="lakegate-") as scratch:
            outcome = _attempt(job, Path(scratch))
    except Exception as error:  # noqa: BLE001 - the job's log must end with one sentence
        failure = failure_of(error)
        _log(failure.sentence)
        return failure.exit_status
    if outcome.error is not None:
        _log(outcome.error.sentence)
        return outcome.error.exit_status
    assert outcome.report is not None  # an outcome without an error has a report
    _log(f"run {outcome.run_id}: {outcome.transition}: {outcome.report.verdict.value}")
    is_blocked = outcome.report.verdict is Verdict.BLOCK
    return BLOCKED if is_blocked and job.is_blocked_failed else 0


def _attempt(job: JobArguments, scratch: Path) -> Outcome:
    settings = read_settings(**job.settings)
    run = new_run(as_of=job.as_of, run_id=job.run_id, is_forced=job.is_forced)
    try:
        folders = {name: _local_folder(uri, scratch / name) for name, uri in job.folders.items()}
    except Exception as error:  # noqa: BLE001 - the gate task needs a verdict file
        outcome = failed_attempt(settings, run, job.transition, error, job.job_run_id, job.dataset)
        _alert(job, settings, outcome)
        return outcome
    settings = settings.model_copy(update=folders)
    outcome = run_transition_attempt(
        settings,
        run,
        job.transition,
        Logged(sys.stderr),
        start_spark=submitted_spark(settings),
        job_run_id=job.job_run_id,
        dataset=job.dataset,
    )
    _alert(job, settings, outcome)
    return outcome


def _alert(job: JobArguments, settings: Settings, outcome: Outcome) -> None:
    """Send the run's alert, unless the one who started the job does."""
    if job.is_alerting:
        alert_about(settings, [outcome], _log)


def _local_folder(uri: str, into: Path, s3: S3Settings | None = None) -> Path:
    """Return a local folder with the YAML files at a URI: those of a bucket are copied to ``into``.

    Raises:
        ConfigurationError: there are no YAML files.
        StorageError: the bucket cannot be read.
    """
    if "://" not in uri:
        return Path(uri)
    root = Place(open_storage(uri, s3))
    found = [info for info in root.list() if info.path.endswith(_SUFFIXES)]
    if not found:
        raise ConfigurationError("no YAML files found", where=uri, next_step="run `lakegate deploy`")
    for info in found:
        target = into.joinpath(*PurePosixPath(info.path).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(root.child(info.path).read_bytes())
    return into


def submitted_spark(settings: Settings) -> Callable[[], SparkSession] | None:
    """Return a function that joins the Spark that started this script; None without spark-submit."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return None

    def join() -> SparkSession:
        from dags.spark.s3a import encryption
        from dags.spark.session import spark_session

        spark = spark_session({**encryption(settings.kms_key), **settings.spark_options})
        _start_glue_metrics(spark)
        return spark

    return join


def _start_glue_metrics(spark: SparkSession) -> None:
    """Make a GlueContext where there is Glue, since the job's metrics (`--enable-metrics`) start with one.

    Without the metrics the job does its work all the same.

    Source: https://docs.aws.amazon.com/glue/latest/dg/monitor-profile-glue-job-cloudwatch-metrics.html
    """
    if find_spec("awsglue") is not None:
        try:
            from awsglue.context import GlueContext

            GlueContext(spark.sparkContext)
        except Exception as error:  # noqa: BLE001 - whatever Glue's own classes raise
            _log(f"no metrics of this job: {failure_of(error).sentence}")


def _log(sentence: str) -> None:
    print(f"lakegate: {sentence}", file=sys.stderr, flush=True)
