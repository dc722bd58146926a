"""S3 notifications of new files in RAW: the SQS queue, its policy, and the bucket's configuration."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from checkpoints.lake.layout import Area
from dags.deploy.aws import get_or_none, repeat_while, translate_errors
from dags.deploy.plan import Step, diff_settings, make_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.aws import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

_ID: Final = "lakegate-arrivals"  # of the notification; others are kept
_SID: Final = "LakegateArrivals"  # of the queue's statement; others are kept
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")
_NO_BUCKET = ("404", "NoSuchBucket")
_QUEUES = "QueueConfigurations"


def plan_arrivals(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return the steps for the queue and for RAW's notification to it; none unless asked for."""
    if not target.has_arrivals or target.queue is None:
        return ()
    return (_plan_queue(aws.client("sqs"), target), _plan_notification(aws.client("s3"), target))


def _plan_queue(sqs: AwsClient, target: Target) -> Step:
    """Plan the queue that S3 may send to, from RAW's bucket in this account."""
    arn = str(target.queue)
    name, bucket = arn.rpartition(":")[2], target.areas[Area.RAW].bucket
    statement = {
        "Sid": _SID,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:{target.account.partition}:s3:::{bucket}"},
            "StringEquals": {"aws:SourceAccount": target.account.id},
        },
    }
    with translate_errors("cannot read a queue", arn):
        found = get_or_none(sqs.get_queue_url, _NO_QUEUE, QueueName=name)
        policy = _policy(sqs, found["QueueUrl"]) if found else {}
    statements: Sequence[Mapping[str, Any]] = policy.get("Statement", [])
    own = next((one for one in statements if one.get("Sid") == _SID), None)

    def apply() -> None:
        with translate_errors("cannot set up a queue", arn):
            url = found["QueueUrl"] if found else sqs.create_queue(QueueName=name)["QueueUrl"]
            kept = [one for one in statements if one.get("Sid") != _SID]
            document = {"Version": "2012-10-17", **policy, "Statement": [*kept, statement]}
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(document)})

    differences = diff_settings({f"policy.{_SID}": statement}, {f"policy.{_SID}": own})
    return make_step("queue", name, differences, apply, exists=found is not None)


def _policy(sqs: AwsClient, url: str) -> Mapping[str, Any]:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    policy: Mapping[str, Any] = json.loads(attributes.get("Policy") or "{}")
    return policy


def _plan_notification(s3: AwsClient, target: Target) -> Step:
    """Plan the notification of RAW alone: what the ingestion writes must not start it again."""
    raw = target.areas[Area.RAW]
    wanted: dict[str, Any] = {"Id": _ID, "QueueArn": target.queue, "Events": ["s3:ObjectCreated:*"]}
    if raw.folder:
        wanted["Filter"] = {"Key": {"FilterRules": [{"Name": "prefix", "Value": raw.folder}]}}
    with translate_errors("cannot read a bucket's notifications", raw.uri):
        response = get_or_none(s3.get_bucket_notification_configuration, _NO_BUCKET, Bucket=raw.bucket) or {}
    live = {name: value for name, value in response.items() if name != "ResponseMetadata"}
    own = next((one for one in live.get(_QUEUES, ()) if one.get("Id") == _ID), None)

    def apply() -> None:
        others = [one for one in live.get(_QUEUES, ()) if one.get("Id") != _ID]
        with translate_errors("cannot set up a bucket's notifications", raw.uri):
            # S3 validates the policy of the queue, which may just have been set.
            repeat_while(
                "destination configurations",
                s3.put_bucket_notification_configuration,
                Bucket=raw.bucket,
                NotificationConfiguration={**live, _QUEUES: [*others, wanted]},
            )

    differences = diff_settings({_ID: _comparable(wanted)}, {_ID: own and _comparable(own)})
    return make_step("notification", raw.uri, differences, apply, exists=own is not None)


def _comparable(notification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a notification with the names of its filter rules as they are sent: S3 may answer ``Prefix``."""
    rules = notification.get("Filter", {}).get("Key", {}).get("FilterRules", ())
    prefixes = {rule["Name"].lower(): rule["Value"] for rule in rules}
    return {"queue": notification["QueueArn"], "events": notification["Events"], "filter": prefixes}
