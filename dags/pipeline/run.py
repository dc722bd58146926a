"""A run of the pipeline: its transitions in order, from RAW to the warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from checkpoints.lake.housekeeping import prune
from checkpoints.quarantine.rows import expire_rows
from checkpoints.storage.errors import StorageError
from checkpoints.warehouse.opening import open_warehouse
from contracts.model import Zone
from dags.notifications.announce import announced
from dags.pipeline.catalog import publish_zone, read_catalog
from dags.pipeline.context import read_setup, warehouse_uri
from dags.pipeline.report import RunReport
from dags.spark.errors import translate_errors
from dags.spark.local import spark_of
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from checkpoints.catalog.address import CatalogAddress
    from dags.pipeline.context import Run, Setup
    from dags.pipeline.progress import Progress
    from dags.pipeline.report import TransitionReport
    from dags.settings import Settings

# Each is the function of this name in the module of this name, with the signature of `Transition`.
TRANSITIONS = ("raw_to_bronze", "bronze_to_silver", "silver_to_gold", "gold_to_redshift")
# Of transitions that promote tables: the zone, whose older versions become obsolete.
_ZONE_OF = {"bronze_to_silver": Zone.SILVER, "silver_to_gold": Zone.GOLD}
_PROMOTED = (Verdict.PASS, Verdict.WARN)


class Transition(Protocol):
    """Reads one zone, judges a candidate for the next, and promotes it unless the verdict is ``block``."""

    def __call__(
        self, setup: Setup, run: Run, start_spark: Callable[[int], SparkSession], progress: Progress, /
    ) -> TransitionReport:
        """Carry out the transition.

        ``start_spark`` is called only when Spark is needed, with the bytes of the files to read.
        """


def run_pipeline(
    settings: Settings,
    run: Run,
    progress: Progress,
    only: str | None = None,
    start_spark: Callable[[], SparkSession] | None = None,
    dataset: str | None = None,
) -> RunReport:
    """Carry out the transitions in order; stop after the first that is blocked.

    Args:
        settings: where the lake and the warehouse are.
        run: its id and clock.
        progress: receives every step.
        only: one transition's name; None: all four.
        start_spark: starts the Spark session; None: as ``settings`` say, for the size of the input.
        dataset: the only dataset that raw_to_bronze takes in; None: all.

    Raises:
        LakegateError: a setting, contract or policy is wrong, or the lake cannot be used.
    """
    setup = read_setup(settings)
    names = TRANSITIONS if only is None else (only,)
    start = spark_of(settings) if start_spark is None else (lambda _: start_spark())
    if TRANSITIONS[-1] in names:
        open_warehouse(warehouse_uri(setup))  # a wrong URI fails now, not after an hour's work
    catalog = read_catalog(settings) if any(name in _ZONE_OF for name in names) else None
    run = replace(run, dataset=dataset, is_whole=only is None)
    reports: list[TransitionReport] = []
    for name in names:
        progress.transition(name)
        carry_out = partial(_carry_out, name, setup, run, start, progress, catalog)
        reports.append(announced(setup, run, name, progress, carry_out))
        if reports[-1].verdict is Verdict.BLOCK:
            break
    if any(report.name in _ZONE_OF and report.verdict in _PROMOTED for report in reports):
        remove_obsolete(setup, progress, now=datetime.now(UTC))
    return RunReport(
        run.id,
        run.as_of.isoformat(),
        tuple(reports),
        setup.lake.docs.child("index.html").uri,
    )


def _carry_out(
    name: str,
    setup: Setup,
    run: Run,
    start_spark: Callable[[int], SparkSession],
    progress: Progress,
    catalog: CatalogAddress | None,
) -> TransitionReport:
    """Carry out a transition, and publish what is current in its zone, also when nothing was promoted."""
    with translate_errors(name):
        report = load_transition(name)(setup, run, start_spark, progress)
    if catalog is None or name not in _ZONE_OF:
        return report
    return replace(report, warnings=publish_zone(setup, catalog, _ZONE_OF[name], progress) or None)


def load_transition(name: str) -> Transition:
    """Import a transition. Imported when it is its turn: the names alone are needed by every DAG parse."""
    if name not in TRANSITIONS:
        raise ValueError(f"unknown transition {name!r}; expected one of {', '.join(TRANSITIONS)}")
    transition: Transition = getattr(import_module(f"dags.pipeline.{name}"), name)
    return transition


def remove_obsolete(setup: Setup, progress: Progress, *, now: datetime) -> None:
    """Delete obsolete versions and expired quarantine. A storage error is noted, not raised."""
    progress.step("removing obsolete versions and expired quarantine")
    try:
        prune(setup.lake, now=now)
        for contract in setup.contracts.datasets:
            retention = timedelta(days=setup.policies.of(contract.name).retention_days)
            expire_rows(setup.lake, contract.name, before=now - retention)
    except StorageError as error:
        progress.note(f"obsolete files could not be removed, the next run tries again: {error}")
