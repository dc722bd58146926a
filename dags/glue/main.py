"""Runs one transition as a job: reads the arguments, writes the verdict file, returns the exit status."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from dags.glue.arguments import read_arguments
from dags.glue.folders import local_folder
from dags.pipeline.attempt import BLOCKED, attempt, failed_attempt, failure_of
from dags.pipeline.progress import Logged
from dags.pipeline.report import Status
from dags.pipeline.settings import read_settings
from dags.pipeline.setup import new_run

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import SparkSession

    from dags.glue.arguments import JobArguments
    from dags.pipeline.settings import Settings
    from dags.pipeline.verdict_file import Outcome


def run_job(arguments: Sequence[str]) -> int:
    """Run one transition; return the exit status: 0 passed, 3 blocked, 2 misconfigured, 1 anything else.

    With `--on_block succeed`, as on Glue, a blocked run returns 0: a Glue job run can only be SUCCEEDED or
    FAILED, and FAILED invites a retry, which cannot make blocked data better. The job did its work, it
    judged; the task behind it reads the verdict file and stops there.
    """
    try:
        told = read_arguments(arguments)
        if told.ignored:
            _say(f"not ours, ignored: {' '.join(told.ignored)}")
        with TemporaryDirectory(prefix="lakegate-") as scratch:
            outcome = _attempt(told, Path(scratch))
    except Exception as error:  # noqa: BLE001 - a job's log ends with a sentence
        failure = failure_of(error)
        _say(failure.sentence)
        return failure.exit_status
    if outcome.error is not None:
        _say(outcome.error.sentence)
        return outcome.error.exit_status
    assert outcome.report is not None  # noqa: S101 - an outcome without an error has a report
    _say(f"run {outcome.run_id}: {outcome.transition}: {outcome.report.verdict.value}")
    is_blocked = outcome.report.verdict is Status.BLOCK
    return BLOCKED if is_blocked and told.is_blocked_failed else 0


def _attempt(told: JobArguments, scratch: Path) -> Outcome:
    settings = read_settings(**told.settings)
    run = new_run(as_of=told.as_of, run_id=told.run_id, is_forced=told.is_forced)
    try:
        folders = {name: local_folder(uri, scratch / name) for name, uri in told.folders.items()}
    except Exception as error:  # noqa: BLE001 - whoever waits for the verdict hears of it
        return failed_attempt(settings, run, told.transition, error, told.job_run_id)
    settings = settings.model_copy(update=folders)
    return attempt(
        settings,
        run,
        told.transition,
        Logged(sys.stderr),
        start_spark=_submitted_spark(settings),
        job_run_id=told.job_run_id,
    )


def _submitted_spark(settings: Settings) -> Callable[[], SparkSession] | None:
    """Return what joins the Spark that started this script; None when none did."""
    if "PYSPARK_GATEWAY_PORT" not in os.environ:
        return None

    def join() -> SparkSession:
        from dags.pipeline.session import spark_session

        return spark_session(settings.spark_options)

    return join


def _say(sentence: str) -> None:
    print(f"lakegate: {sentence}", file=sys.stderr, flush=True)
