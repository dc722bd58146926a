"""One run, from RAW to the warehouse: the story of the pipeline, top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.warehouse.opening import open_warehouse
from dags.pipeline.report import RunReport, Status
from dags.pipeline.setup import read_setup, warehouse_uri
from dags.pipeline.spark_errors import speaking
from dags.pipeline.tidy import tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from dags.pipeline.progress import Progress
    from dags.pipeline.report import TransitionReport
    from dags.pipeline.settings import Settings
    from dags.pipeline.setup import Run, Setup

TRANSITIONS = ("raw_to_bronze", "bronze_to_silver", "silver_to_gold", "gold_to_redshift")
_LEAVE_VERSIONS = ("bronze_to_silver", "silver_to_gold")  # the older ones of which are no longer needed
_PROMOTED = (Status.PASS, Status.WARN)


def run_pipeline(
    settings: Settings,
    run: Run,
    progress: Progress,
    only: str | None = None,
    start_spark: Callable[[], SparkSession] | None = None,
    dataset: str | None = None,
) -> RunReport:
    """Carry out the transitions in order, and stop behind the first that is blocked.

    Args:
        settings: where the lake and the warehouse are.
        run: its id and clock.
        progress: hears of every step.
        only: one transition's name; None means all four.
        start_spark: makes the Spark session, if one is needed; by default as ``settings`` say.
        dataset: the only dataset that raw_to_bronze takes in; None means all.

    Raises:
        LakegateError: a setting, contract or policy is wrong, or the lake cannot be used.
    """
    setup = read_setup(settings)
    if only in (None, "gold_to_redshift"):
        open_warehouse(warehouse_uri(setup))  # a wrong URI is told before an hour's work, not after it
    reports: list[TransitionReport] = []
    for name in TRANSITIONS if only is None else (only,):
        progress.transition(name)
        report = carry_out(name, setup, run, progress, start_spark or spark_of(settings), dataset)
        reports.append(report)
        if report.verdict is Status.BLOCK:
            break
    if any(report.name in _LEAVE_VERSIONS and report.verdict in _PROMOTED for report in reports):
        tidy(setup, progress, now=datetime.now(UTC))
    return RunReport(run.id, run.as_of.isoformat(), tuple(reports), setup.lake.docs.child("index.html").uri)


def carry_out(
    name: str,
    setup: Setup,
    run: Run,
    progress: Progress,
    start_spark: Callable[[], SparkSession],
    dataset: str | None = None,
) -> TransitionReport:
    """Carry out one transition; it is imported when its turn comes, as most need no Spark to be skipped."""
    match name:
        case "raw_to_bronze":
            from dags.pipeline.raw_to_bronze import raw_to_bronze

            return raw_to_bronze(setup, run, start_spark, progress, dataset)
        case "bronze_to_silver":
            from dags.pipeline.bronze_to_silver import bronze_to_silver

            with speaking(name):
                return bronze_to_silver(setup, run, start_spark, progress)
        case "silver_to_gold":
            from dags.pipeline.silver_to_gold import silver_to_gold

            with speaking(name):
                return silver_to_gold(setup, run, start_spark, progress)
        case "gold_to_redshift":
            from dags.pipeline.gold_to_redshift import gold_to_redshift

            return gold_to_redshift(setup, run, progress)
    raise ValueError(f"there is no transition {name!r}; there are {', '.join(TRANSITIONS)}")


def spark_of(settings: Settings) -> Callable[[], SparkSession]:
    """Return what starts Spark on this machine, as the settings say."""

    def start() -> SparkSession:
        from dags.pipeline.java import ensure_java
        from dags.pipeline.session import spark_session
        from dags.pipeline.spark_on_s3 import s3_options

        ensure_java()
        return spark_session({**s3_options(settings), **settings.spark_options})

    return start
