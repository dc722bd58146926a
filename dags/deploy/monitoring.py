"""CloudWatch alarms and a dashboard on the metrics of `dags/notifications/cloudwatch.py`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.plan import Step, diff_settings, make_step
from dags.notifications.cloudwatch import (
    BLOCKED,
    BY_DATASET,
    BY_TRANSITION,
    DPU_SECONDS,
    ROWS,
    SECONDS,
    VERDICT,
)
from dags.pipeline.run import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws import AwsClient
    from contracts.loader import Contracts
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

LATE_HOURS: Final = 26  # a nightly run, and two hours
_DAILY: Final = TRANSITIONS[2]  # every run of `lakehouse` that gets so far judges GOLD, or finds it unchanged
_NO_DASHBOARD = ("ResourceNotFound", "DashboardNotFoundError", "404")
_HOUR = 3600


def plan_monitoring(aws: Aws, target: Target, contracts: Contracts) -> tuple[Step, ...]:
    """Return the steps for the alarms and the dashboard; none unless metrics are sent to CloudWatch."""
    if target.settings.metrics_namespace is None:
        return ()
    client = aws.client("cloudwatch")
    alarms = [_plan_alarm(client, alarm) for alarm in alarm_definitions(target)]
    return (*alarms, _plan_dashboard(client, target, contracts))


def alarm_definitions(target: Target) -> tuple[Mapping[str, Any], ...]:
    """Return the two alarms: a transition was blocked or failed; no run got to GOLD for ``LATE_HOURS``."""
    common = {
        "Namespace": target.settings.metrics_namespace,
        "ActionsEnabled": True,
        "AlarmActions": [target.topic] if target.topic else [],
    }
    return (
        {
            **common,
            "AlarmName": f"{target.name}-blocked",
            "AlarmDescription": "lakegate: a transition was blocked or failed",
            "MetricName": BLOCKED,
            "Dimensions": [],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
        },
        {
            **common,
            "AlarmName": f"{target.name}-late",
            "AlarmDescription": f"lakegate: {_DAILY} has not run for {LATE_HOURS} hours",
            "MetricName": VERDICT,
            "Dimensions": [{"Name": BY_TRANSITION, "Value": _DAILY}],
            "Statistic": "SampleCount",
            "Period": _HOUR,
            "EvaluationPeriods": LATE_HOURS,
            "DatapointsToAlarm": LATE_HOURS,
            "Threshold": 1.0,
            "ComparisonOperator": "LessThanThreshold",
            "TreatMissingData": "breaching",
        },
    )


def dashboard(target: Target, contracts: Contracts) -> Mapping[str, Any]:
    """Return the dashboard's body: alarms, verdicts, rows by dataset, and times."""
    namespace, region = target.settings.metrics_namespace, target.account.region
    silver = [contract.name for contract in contracts.silver_tables]

    def widget(title: str, x: int, y: int, metrics: list[list[object]], statistic: str) -> Mapping[str, Any]:
        properties = {
            "title": title,
            "region": region,
            "stat": statistic,
            "period": _HOUR,
            "metrics": metrics,
            "view": "timeSeries",
        }
        return {"type": "metric", "x": x, "y": y, "width": 12, "height": 6, "properties": properties}

    def by_transition(name: str) -> list[list[object]]:
        return [[namespace, name, BY_TRANSITION, one] for one in TRANSITIONS]

    def by_dataset(name: str) -> list[list[object]]:
        return [[namespace, name, BY_DATASET, one] for one in silver]

    alarms = {
        "type": "alarm",
        "x": 0,
        "y": 0,
        "width": 24,
        "height": 2,
        "properties": {
            "title": f"lakegate: {target.settings.lake}",
            "alarms": [
                target.account.arn("cloudwatch", f"alarm:{one['AlarmName']}")
                for one in alarm_definitions(target)
            ],
        },
    }
    read, promoted, quarantined = ROWS
    return {
        "widgets": [
            alarms,
            widget(
                "Verdict: 0 unchanged, 1 pass, 2 warn, 3 block, 4 failed",
                *(0, 2),
                by_transition(VERDICT),
                "Maximum",
            ),
            widget("Seconds", 12, 2, by_transition(SECONDS), "Maximum"),
            widget("Rows read", 0, 8, by_dataset(read), "Maximum"),
            widget("Rows promoted", 12, 8, by_dataset(promoted), "Maximum"),
            widget("Rows quarantined", 0, 14, by_dataset(quarantined), "Maximum"),
            widget("DPU-seconds", 12, 14, by_transition(DPU_SECONDS), "Sum"),
        ]
    }


def _plan_alarm(client: AwsClient, wanted: Mapping[str, Any]) -> Step:
    name = wanted["AlarmName"]
    with translate_errors("cannot read an alarm", name):
        alarms = client.describe_alarms(AlarmNames=[name], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    found = alarms[0] if alarms else None

    def apply() -> None:
        with translate_errors("cannot set up an alarm", name):
            client.put_metric_alarm(**wanted)

    return make_step("alarm", name, diff_settings(wanted, found), apply, exists=found is not None)


def _plan_dashboard(client: AwsClient, target: Target, contracts: Contracts) -> Step:
    name, wanted = target.name, dashboard(target, contracts)
    with translate_errors("cannot read a dashboard", name):
        response = get_or_none(client.get_dashboard, _NO_DASHBOARD, DashboardName=name)
    found = json.loads(response["DashboardBody"]) if response else None

    def apply() -> None:
        with translate_errors("cannot set up a dashboard", name):
            client.put_dashboard(DashboardName=name, DashboardBody=json.dumps(wanted))

    differences = diff_settings({"widgets": wanted["widgets"]}, found)
    return make_step("dashboard", name, differences, apply, exists=found is not None)
