"""One attempt at one transition of a run, told to other processes by its verdict file.

A job that Airflow starts on Glue, and the gate task that comes after it, share nothing but the lake.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.lake.errors import PreconditionFailed, PromotionConflict, StorageError
from contracts.faults import ConfigurationError, LakegateError, TransientError
from dags.pipeline.report import DatasetReport, Status, TransitionReport
from dags.pipeline.setup import find_lake
from dags.pipeline.verdict_file import Failure, Outcome, read_outcome, write_outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Lake
    from dags.pipeline.progress import Progress
    from dags.pipeline.settings import Settings
    from dags.pipeline.setup import Run

FAILED, MISCONFIGURED, BLOCKED = 1, 2, 3
_LONGEST_SENTENCE = 500


def attempt(
    settings: Settings,
    run: Run,
    transition: str,
    progress: Progress,
    start_spark: Callable[[], SparkSession] | None = None,
    job_run_id: str | None = None,
    dataset: str | None = None,
) -> Outcome:
    """Carry out one transition and write its verdict file, whatever happens.

    An attempt that finds the work of an earlier attempt of the same run done promotes nothing again, also
    when it is forced, and leaves the verdict that stands: ``warn`` does not become ``unchanged``. A
    blocked or failed attempt is made again: somebody may have mended what blocked it.

    Args:
        settings: where the lake and the warehouse are.
        run: its id and clock; the id is what makes an attempt another one at the same.
        transition: its name.
        progress: hears of every step.
        start_spark: makes the Spark session, if one is needed; by default as ``settings`` say.
        job_run_id: who makes the attempt, in Glue's words.
        dataset: of raw_to_bronze, the only dataset to take in; None: all.

    Returns:
        what was written. An error is part of it, not raised.

    Raises:
        Exception: the verdict file itself could not be written, or nobody knows where it belongs.
    """
    try:
        lake = find_lake(settings)
        outcome = _judge(lake, settings, run, transition, progress, start_spark, job_run_id, dataset)
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for the verdict hears of it
        return failed_attempt(settings, run, transition, error, job_run_id, dataset)
    write_outcome(lake, outcome)
    return outcome


def failed_attempt(
    settings: Settings,
    run: Run,
    transition: str,
    error: Exception,
    job_run_id: str | None = None,
    dataset: str | None = None,
) -> Outcome:
    """Write the verdict file of an attempt that came to no verdict, and return what was written.

    Raises:
        Exception: the error, when the file cannot be written either; that is most likely its consequence.
    """
    try:
        lake = find_lake(settings)
        outcome = Outcome(
            run_id=run.id,
            as_of=run.as_of.isoformat(),
            transition=transition,
            job_run_id=job_run_id,
            error=failure_of(error),
            # Another attempt at the same may have succeeded meanwhile.
            earlier=_standing(lake, run, transition, dataset),
            dataset=dataset,
        )
        write_outcome(lake, outcome)
    except StorageError as unwritten:
        raise error from unwritten
    return outcome


def _judge(
    lake: Lake,
    settings: Settings,
    run: Run,
    transition: str,
    progress: Progress,
    start_spark: Callable[[], SparkSession] | None,
    job_run_id: str | None,
    dataset: str | None,
) -> Outcome:
    from dags.pipeline.run import run_pipeline

    standing = _standing(lake, run, transition, dataset)
    if standing is not None:
        run = replace(run, is_forced=False)
    report = run_pipeline(settings, run, progress, only=transition, start_spark=start_spark, dataset=dataset)
    (made,) = report.transitions
    return Outcome(
        run_id=run.id,
        as_of=run.as_of.isoformat(),
        transition=transition,
        job_run_id=job_run_id,
        docs=report.docs,
        report=standing if standing is not None and _adds_nothing(made, standing) else made,
        dataset=dataset,
    )


def _standing(lake: Lake, run: Run, transition: str, dataset: str | None) -> TransitionReport | None:
    """Return what an earlier attempt of the same run promoted; None when none did."""
    try:
        before = read_outcome(lake, run.id, transition, dataset)
    except StorageError:
        return None  # the lake is the very trouble; the caller says so
    if before is None:
        return None
    report = before.report or before.earlier
    return None if report is None or report.verdict is Status.BLOCK else report


def _adds_nothing(made: TransitionReport, standing: TransitionReport) -> bool:
    """Whether an attempt promoted nothing beyond what an earlier one had."""
    by_name = {one.dataset: one for one in standing.datasets}
    return made.verdict is not Status.BLOCK and all(
        one.dataset in by_name and _is_as_before(one, by_name[one.dataset]) for one in made.datasets
    )


def _is_as_before(one: DatasetReport, before: DatasetReport) -> bool:
    if one.verdict is Status.UNCHANGED:
        return True
    if one.files is None or before.files is None:
        return False
    # A rejected file is counted, and warns, each time it is seen (spec 3).
    return one.files.valid == 0 and dict(one.files.quarantined) == dict(before.files.quarantined)


def failure_of(error: Exception) -> Failure:
    """Return an error as one sentence, whether it may pass, and the exit status that it deserves."""
    told = " ".join(str(error).split())[:_LONGEST_SENTENCE]
    if not isinstance(error, LakegateError):
        return Failure(
            f"{type(error).__name__}: {told or 'without a word'}", is_transient=False, exit_status=FAILED
        )
    # Another run was faster: the next attempt sees what it promoted.
    is_transient = isinstance(error, TransientError | PromotionConflict | PreconditionFailed)
    return Failure(told, is_transient, MISCONFIGURED if isinstance(error, ConfigurationError) else FAILED)
