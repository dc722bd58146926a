"""The queue of new files, alarms, the dashboard and tags: made once, and nothing else is touched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend

from contracts.errors import ConfigurationError
from dags.deploy.monitoring import alarm_definitions, dashboard
from dags.deploy.policies import policy_documents
from dags.deploy.tags import read_tags
from tests.dags.deploy.conftest import client
from tests.stand_ins.permissions import allowed_only

if TYPE_CHECKING:
    from collections.abc import Callable

    from contracts.loader import Contracts
    from dags.deploy.target import Target
    from quarantine_policies.reader import Policies
    from tests.dags.deploy.conftest import Deployed

OURS = {"Key": "lakegate", "Value": "lakegate"}
THEIRS = {"Key": "owner", "Value": "them"}
DASHBOARD = "arn:aws:cloudwatch::123456789012:dashboard/lakegate"


def attributes(queue: str = "lakegate-arrivals") -> tuple[str, dict[str, Any]]:
    url = client("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])
    return found["Attributes"]["QueueArn"], json.loads(found["Attributes"]["Policy"])


def test_arrivals_are_a_queue_that_raw_notifies_and_nothing_else_is_touched(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    s3, sqs = client("s3"), client("sqs")
    s3.create_bucket(Bucket="shop")
    theirs = sqs.create_queue(QueueName="theirs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=theirs, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    kept = {"Id": "theirs", "QueueArn": arn, "Events": ["s3:ObjectRemoved:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="shop", NotificationConfiguration={"QueueConfigurations": [kept]}
    )
    deploy("--create-roles", "--arrivals")
    own_arn, policy = attributes()
    assert policy["Statement"] == [
        {
            "Sid": "LakegateArrivals",
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": own_arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": "arn:aws:s3:::shop"},
                "StringEquals": {"aws:SourceAccount": "123456789012"},
            },
        }
    ]
    found = s3.get_bucket_notification_configuration(Bucket="shop")["QueueConfigurations"]
    assert [one["Id"] for one in found] == ["theirs", "lakegate-arrivals"]
    assert found[1]["Events"] == ["s3:ObjectCreated:*"]
    ((rule,),) = [one["Filter"]["Key"]["FilterRules"] for one in found[1:]]
    assert (rule["Name"].lower(), rule["Value"]) == ("prefix", "lake/raw/")
    assert deploy("--create-roles", "--arrivals", "--json").steps("unchanged") == {}


def test_a_file_in_raw_is_a_message_that_airflow_may_receive(
    aws: None, deploy: Callable[..., Deployed], target: Callable[..., Target]
) -> None:
    deploy("--create-roles", "--arrivals")
    sqs, url = client("sqs"), client("sqs").get_queue_url(QueueName="lakegate-arrivals")["QueueUrl"]
    for key in ("lake/bronze/events/a.csv", "lake/raw/events/a.csv"):
        client("s3").put_object(Bucket="shop", Key=key, Body=b"x")
    queue = "arn:aws:sqs:us-east-1:123456789012:lakegate-arrivals"
    with allowed_only(policy_documents(target({"queue": queue}))["airflow"]):
        messages = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    keys = [
        unquote(record["s3"]["object"]["key"])
        for one in messages
        for record in json.loads(one["Body"]).get("Records", ())
    ]
    assert keys == ["lake/raw/events/a.csv"]
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"lakegate": "lakegate"}


def test_a_bucket_for_raw_alone_notifies_of_all_its_files(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_RAW_ROOT", "s3://shop-raw")
    assert deploy("--create-roles", "--arrivals", "--json").status == 0
    configuration = client("s3").get_bucket_notification_configuration(Bucket="shop-raw")
    (notification,) = configuration["QueueConfigurations"]
    assert "Filter" not in notification
    assert deploy("--create-roles", "--arrivals", "--json").steps("unchanged") == {}


def test_a_queue_that_s3_cannot_reach_yet_is_tried_again(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dags.deploy.aws.PAUSE_SECONDS", 0)
    configure, refusals = S3Backend.put_bucket_notification_configuration, [1, 2]

    def refuse_at_first(self: S3Backend, *given: Any, **named: Any) -> None:
        if refusals:
            refusals.pop()
            sentence = "Unable to validate the following destination configurations"
            raise S3ClientError("InvalidArgument", sentence)
        configure(self, *given, **named)

    monkeypatch.setattr(S3Backend, "put_bucket_notification_configuration", refuse_at_first)
    assert deploy("--create-roles", "--arrivals").status == 0
    assert refusals == []


@pytest.mark.parametrize("queue", ["eu-west-1:123456789012", "us-east-1:210987654321"])
def test_a_queue_of_another_account_or_region_cannot_be_made_here(
    target: Callable[..., Target], queue: str
) -> None:
    with pytest.raises(ConfigurationError, match=r"--queue: .*expected arn:aws:sqs:us-east-1:123456789012:"):
        target({"queue": f"arn:aws:sqs:{queue}:arrivals", "has_arrivals": True})


@pytest.mark.aws
def test_an_existing_queue_keeps_its_statements(aws: None, deploy: Callable[..., Deployed]) -> None:
    url = client("sqs").create_queue(QueueName="mine")["QueueUrl"]
    statement = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})
    queue = "arn:aws:sqs:us-east-1:123456789012:mine"
    result = deploy("--create-roles", "--arrivals", "--queue", queue, "--json")
    assert result.steps()["queue mine"] == "update"
    assert [one["Sid"] for one in attributes("mine")[1]["Statement"]] == ["Theirs", "LakegateArrivals"]


def test_metrics_come_with_two_alarms_and_a_dashboard(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_METRICS_NAMESPACE", "shop")
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    deploy("--create-roles", "--topic", topic)
    alarms = client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {one["AlarmName"]: one["AlarmActions"] for one in alarms} == {
        "lakegate-blocked": [topic],
        "lakegate-late": [topic],
    }
    body = json.loads(client("cloudwatch").get_dashboard(DashboardName="lakegate")["DashboardBody"])
    assert len(body["widgets"]) == 7
    job = client("glue").get_job(JobName="lakegate-bronze_to_silver")["Job"]["DefaultArguments"]
    assert (job["--metrics_namespace"], job["--topic"]) == ("shop", topic)
    assert deploy("--create-roles", "--topic", topic, "--json").steps("unchanged") == {}


def test_the_alarms_are_on_metrics_that_a_run_sends(
    target: Callable[..., Target], shipped: tuple[Contracts, Policies]
) -> None:
    some = target(metrics_namespace="shop")
    blocked, late = alarm_definitions(some)
    assert (blocked["MetricName"], blocked["Dimensions"], blocked["TreatMissingData"]) == (
        *("Blocked", []),
        "notBreaching",
    )
    assert (late["MetricName"], late["Dimensions"], late["TreatMissingData"]) == (
        *("Verdict", [{"Name": "Transition", "Value": "silver_to_gold"}]),
        "breaching",
    )
    assert late["Period"] * late["EvaluationPeriods"] == 26 * 3600
    shown = [
        metric
        for widget in dashboard(some, shipped[0])["widgets"]
        for metric in widget["properties"].get("metrics", ())
    ]
    assert ["shop", "RowsQuarantined", "Dataset", "events"] in shown


def test_without_the_setting_there_is_no_alarm(aws: None, deploy: Callable[..., Deployed]) -> None:
    result = deploy("--create-roles", "--dry-run", "--json")
    assert not any(name.startswith(("alarm", "dashboard", "queue")) for name in result.steps())


def test_every_resource_has_the_tags_and_keeps_those_of_others(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    client("s3").create_bucket(Bucket="shop")
    client("s3").put_bucket_tagging(Bucket="shop", Tagging={"TagSet": [THEIRS]})
    monkeypatch.setenv("LAKEGATE_METRICS_NAMESPACE", "shop")
    monkeypatch.setenv("LAKEGATE_CATALOG", "glue://shop")
    deploy("--create-roles", "--tag", "team=data")
    team = {"Key": "team", "Value": "data"}
    iam, cloudwatch = client("iam"), client("cloudwatch")
    policy = "arn:aws:iam::123456789012:policy/lakegate-airflow"
    (alarm, _) = [one["AlarmArn"] for one in cloudwatch.describe_alarms()["MetricAlarms"]]
    found = [
        iam.list_role_tags(RoleName="lakegate-glue")["Tags"],
        iam.list_role_tags(RoleName="lakegate-steward")["Tags"],
        iam.list_policy_tags(PolicyArn=policy)["Tags"],
        cloudwatch.list_tags_for_resource(ResourceARN=alarm)["Tags"],
        cloudwatch.list_tags_for_resource(ResourceARN=DASHBOARD)["Tags"],
    ]
    assert found == [[OURS, team]] * 5
    assert client("s3").get_bucket_tagging(Bucket="shop")["TagSet"] == [THEIRS, OURS, team]
    for resource in ("job/lakegate-bronze_to_silver", "database/shop"):
        arn = f"arn:aws:glue:us-east-1:123456789012:{resource}"
        assert client("glue").get_tags(ResourceArn=arn)["Tags"] == {"lakegate": "lakegate", "team": "data"}
    assert deploy("--create-roles", "--tag", "team=data", "--json").steps("unchanged") == {}
    changed = deploy("--create-roles", "--tag", "team=sales", "--json").steps("unchanged")
    assert changed == {"tags lakegate": "update"}


@pytest.mark.parametrize("text", ["team", "=data", "aws:x=1", "a=<b>"])
def test_an_invalid_tag_is_refused(text: str) -> None:
    with pytest.raises(Exception, match="--tag: invalid tag"):
        read_tags([text])


BUS = "arn:aws:events:us-east-1:123456789012:event-bus/shop"


def test_announcing_needs_few_permissions_and_each_only_where_it_is_configured(
    target: Callable[..., Target],
) -> None:
    webhook = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-a1b2c3"
    key = webhook.replace("hook", "key")
    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    plain = policy_documents(target())
    settings = {"event_bus": "shop", "metrics_namespace": "shop", "topic": topic}
    full = policy_documents(target(webhook=webhook, openlineage_secret=key, **settings))
    for who in ("glue", "airflow"):
        by_sid = {one["Sid"]: one for one in full[who]["Statement"]}
        assert by_sid["SendEvents"]["Resource"] == [BUS]
        assert by_sid["SendEvents"]["Condition"] == {"StringEquals": {"events:source": "lakegate"}}
        assert by_sid["ReadSecrets"]["Resource"] == [webhook, key]
        assert by_sid["Alert"]["Resource"] == [topic]
        assert "shop" in by_sid["WriteMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]
        names = {one["Sid"] for one in plain[who]["Statement"]}
        assert names.isdisjoint({"SendEvents", "ReadSecrets", "Alert"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook", "https://hooks.slack.com/services/T0/B0/SECRET"),
        ("openlineage", "https://someone:PASSWORD@marquez.example"),
    ],
)
def test_a_setting_that_holds_a_secret_is_refused_without_showing_it(
    target: Callable[..., Target], name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"LAKEGATE_{name.upper()}: the URL") as refused:
        target(**{name: value})
    assert value not in str(refused.value)


def test_the_key_of_openlineage_is_named_by_the_arn_of_its_secret(target: Callable[..., Target]) -> None:
    settings = {"openlineage_secret": "my-key"}
    with pytest.raises(ConfigurationError, match="LAKEGATE_OPENLINEAGE_SECRET: invalid ARN"):
        target(**settings)
