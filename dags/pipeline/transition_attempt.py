"""One attempt at one transition, whose outcome other processes read from its verdict file.

A Glue job started by Airflow and the gate task after it share only the lake.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.storage.errors import PreconditionFailedError, PromotionConflictError, StorageError
from contracts.errors import ConfigurationError, LakegateError, TransientError
from dags.pipeline.context import find_lake
from dags.pipeline.verdict_file import Failure, Outcome, read_outcome, write_outcome
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Lake
    from dags.pipeline.context import Run
    from dags.pipeline.progress import Progress
    from dags.pipeline.report import DatasetReport, TransitionReport
    from dags.settings import Settings

FAILED, MISCONFIGURED, BLOCKED = 1, 2, 3
_LONGEST_SENTENCE = 500  # characters


def run_transition_attempt(
    settings: Settings,
    run: Run,
    transition: str,
    progress: Progress,
    start_spark: Callable[[], SparkSession] | None = None,
    job_run_id: str | None = None,
    dataset: str | None = None,
) -> Outcome:
    """Carry out one transition and write its verdict file, also after an error.

    If an earlier attempt of the same run has promoted, nothing is promoted again, even if forced, and the
    earlier verdict is kept: ``warn`` does not become ``unchanged``. A blocked or failed attempt is repeated:
    its cause may have been removed.

    Args:
        settings: where the lake and the warehouse are.
        run: attempts with the same run id are attempts at the same run.
        transition: its name.
        progress: receives every step.
        start_spark: starts the Spark session; None: as ``settings`` say.
        job_run_id: Glue's id of the attempt.
        dataset: the only dataset that raw_to_bronze takes in; None: all.

    Returns:
        what was written. An error is part of it, not raised.

    Raises:
        Exception: the verdict file could not be written, or its place is unknown.
    """
    try:
        lake = find_lake(settings)
        outcome = _run(lake, settings, run, transition, progress, start_spark, job_run_id, dataset)
    except Exception as error:  # noqa: BLE001 - any error ends up in the verdict file
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
    """Write the verdict file of an attempt that failed before a verdict, and return what was written.

    Raises:
        Exception: ``error``, when the file cannot be written either, most likely for the same reason.
    """
    try:
        lake = find_lake(settings)
        outcome = Outcome(
            run_id=run.id,
            as_of=run.as_of.isoformat(),
            transition=transition,
            job_run_id=job_run_id,
            error=failure_of(error),
            # An earlier attempt at the same run may have succeeded.
            earlier=_promoted_earlier(lake, run, transition, dataset),
            dataset=dataset,
        )
        write_outcome(lake, outcome)
    except StorageError as unwritten:
        raise error from unwritten
    return outcome


def _run(
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

    earlier = _promoted_earlier(lake, run, transition, dataset)
    if earlier is not None:
        run = replace(run, is_forced=False)
    report = run_pipeline(settings, run, progress, only=transition, start_spark=start_spark, dataset=dataset)
    (made,) = report.transitions
    if earlier is not None and _adds_nothing(made, earlier):
        made = replace(earlier, warnings=made.warnings)
    return Outcome(
        run_id=run.id,
        as_of=run.as_of.isoformat(),
        transition=transition,
        job_run_id=job_run_id,
        docs=report.docs,
        report=made,
        dataset=dataset,
    )


def _promoted_earlier(lake: Lake, run: Run, transition: str, dataset: str | None) -> TransitionReport | None:
    """Return the report of an earlier attempt of the same run that promoted; None when none did."""
    try:
        before = read_outcome(lake, run.id, transition, dataset)
    except StorageError:
        return None  # the caller reports the same error
    if before is None:
        return None
    report = before.report or before.earlier
    return None if report is None or report.verdict is Verdict.BLOCK else report


def _adds_nothing(made: TransitionReport, earlier: TransitionReport) -> bool:
    """Whether an attempt promoted nothing beyond an earlier one."""
    by_name = {one.dataset: one for one in earlier.datasets}
    return made.verdict is not Verdict.BLOCK and all(
        one.dataset in by_name and _is_as_before(one, by_name[one.dataset]) for one in made.datasets
    )


def _is_as_before(one: DatasetReport, before: DatasetReport) -> bool:
    if one.verdict is Verdict.UNCHANGED:
        return True
    if one.files is None or before.files is None:
        return False
    # A rejected file is counted, and warns, each time it is seen (spec 3).
    return one.files.valid == 0 and dict(one.files.quarantined) == dict(before.files.quarantined)


def failure_of(error: Exception) -> Failure:
    """Return an error as one sentence, with its exit status and whether a retry may help."""
    sentence = " ".join(str(error).split())[:_LONGEST_SENTENCE]
    if not isinstance(error, LakegateError):
        sentence = f"{type(error).__name__}: {sentence or 'no message'}"
        return Failure(sentence, is_transient=False, exit_status=FAILED)
    # A conflict is transient: another run promoted first, and the next attempt sees what it promoted.
    is_transient = isinstance(error, TransientError | PromotionConflictError | PreconditionFailedError)
    return Failure(sentence, is_transient, MISCONFIGURED if isinstance(error, ConfigurationError) else FAILED)
