"""CloudWatch metrics of each transition, by PutMetricData: it works where stdout is no log of CloudWatch.

One metric costs as much as any other, so there are few: see ``METRICS``. Values of a run that is announced
again are counted again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dags.notifications.transition_event import severity_of
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dags.notifications.transition_event import TransitionEvent
    from dags.pipeline.verdict_file import Outcome

VERDICT, BLOCKED, SECONDS, DPU_SECONDS = "Verdict", "Blocked", "Seconds", "DpuSeconds"
ROWS: Final = {
    "RowsRead": "rows_read",
    "RowsPromoted": "rows_promoted",
    "RowsQuarantined": "rows_quarantined",
}
BY_TRANSITION, BY_DATASET = "Transition", "Dataset"  # dimensions
_BLOCK = list(Verdict).index(Verdict.BLOCK)
_WITH_ROWS = ("bronze_to_silver", "silver_to_gold")  # files before, the same rows again after
_MOST_AT_ONCE = 1000  # metrics in one request


def announce(event: TransitionEvent) -> None:
    """Send the metrics of a transition that ended. Raises boto3's errors after its retries."""
    from checkpoints.aws import PROBE, aws_client

    if event.outcome is None:
        return
    client, found = aws_client("cloudwatch", wait=PROBE), list(metrics_of(event))
    for start in range(0, len(found), _MOST_AT_ONCE):
        client.put_metric_data(
            Namespace=event.setup.settings.metrics_namespace, MetricData=found[start : start + _MOST_AT_ONCE]
        )


def metrics_of(event: TransitionEvent) -> Iterator[Mapping[str, Any]]:
    """Yield the metrics in CloudWatch's form.

    ``Verdict`` (by transition): 0 unchanged, 1 pass, 2 warn, 3 block, 4 failed. ``Blocked``: 1 if blocked or
    failed, else 0. ``Seconds`` and, on a cluster, ``DpuSeconds``: G.1X workers are one DPU each. ``Rows…``
    by dataset or table of SILVER and GOLD.
    """
    assert event.outcome is not None  # it has ended
    level, at = severity_of(event.outcome), event.ended_at
    transition = {BY_TRANSITION: event.name}
    yield _metric(VERDICT, level, "None", at, transition)
    yield _metric(BLOCKED, int(level >= _BLOCK), "Count", at, {})
    if event.outcome.report is not None:
        yield _metric(SECONDS, event.outcome.report.seconds, "Seconds", at, transition)
    if event.worker_seconds is not None:
        yield _metric(DPU_SECONDS, event.worker_seconds, "Seconds", at, transition)
    yield from _rows(event.outcome, at)


def _rows(outcome: Outcome, at: object) -> Iterator[Mapping[str, Any]]:
    if outcome.report is None or outcome.transition not in _WITH_ROWS:
        return
    for dataset in outcome.report.datasets:
        for name, field in ROWS.items():
            count = getattr(dataset, field)
            if count is not None and dataset.verdict is not Verdict.UNCHANGED:
                yield _metric(name, count, "Count", at, {BY_DATASET: dataset.dataset})


def _metric(
    name: str, value: float, unit: str, at: object, dimensions: Mapping[str, str]
) -> Mapping[str, Any]:
    return {
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": text} for key, text in dimensions.items()],
        "Timestamp": at,
        "Value": float(value),
        "Unit": unit,
    }
