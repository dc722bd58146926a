"""Tags of all resources that a deployment makes, so that a bill can tell what the lake costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any  # Any: responses of AWS

from contracts.errors import ConfigurationError
from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.monitoring import alarm_definitions
from dags.deploy.plan import Difference, Step, make_step
from dags.deploy.policies import AIRFLOW, GLUE, REDSHIFT, STEWARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from checkpoints.aws import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

_TAG = re.compile(r"([\w.:/+@-]{1,128})=([\w .:/+@=-]{0,256})")
_ABSENT = (
    *("404", "NoSuchBucket", "NoSuchTagSet", "NoSuchEntity", "EntityNotFoundException"),
    *("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException"),
    "ResourceNotFound",
)


def read_tags(texts: Sequence[str]) -> Mapping[str, str]:
    """Return tags given as ``key=value``.

    Raises:
        ConfigurationError: a text is no tag that every service accepts.

    >>> read_tags(["team=data", "cost-centre=4711"])
    {'team': 'data', 'cost-centre': '4711'}
    """
    found = {}
    for text in texts:
        tag = _TAG.fullmatch(text)
        if tag is None or text.startswith("aws:"):
            raise ConfigurationError(
                "invalid tag",
                where="--tag",
                expected="KEY=VALUE of letters, digits and _ . : / + @ -",
                found=repr(text),
            )
        found[tag[1]] = tag[2]
    return found


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource; ``read`` returns its tags, or None if it does not exist; ``write`` adds tags to it."""

    name: str
    read: Callable[[], Mapping[str, str] | None]
    write: Callable[[Mapping[str, str]], object]


def plan_tags(aws: Aws, target: Target, *, with_roles: bool) -> Step:
    """Return the step that tags every resource of the target; tags made elsewhere are kept.

    It is the last one: what a deployment creates exists by then. Objects have no tags; roles and policies get
    theirs only ``with_roles``.
    """
    resources, wanted = tuple(_resources(aws, target, with_roles=with_roles)), dict(target.tags)
    with translate_errors("cannot read tags", target.name):
        found = {one.name: one.read() for one in resources}
    own = {
        name: None if tags is None else {key: tags[key] for key in wanted if key in tags}
        for name, tags in found.items()
    }

    def apply() -> None:
        with translate_errors("cannot tag the resources", target.name):
            for one in resources:
                tags = one.read()  # it may have been created after the plan was made
                if tags is not None and not wanted.items() <= tags.items():
                    one.write(wanted)

    differences = [Difference(name, tags or None, wanted) for name, tags in own.items() if tags != wanted]
    return make_step("tags", target.name, differences, apply, exists=any(own.values()))


def _resources(aws: Aws, target: Target, *, with_roles: bool) -> Iterator[_Resource]:
    for name in target.buckets:
        yield _bucket(aws, name)
    for name in target.job_names.values():
        yield _job(aws, target.account.arn("glue", f"job/{name}"))
    if with_roles:
        for suffix in (GLUE, REDSHIFT, STEWARD):
            if (suffix != GLUE or target.glue_role is None) and (suffix != REDSHIFT or target.redshift):
                yield _role(aws, f"{target.name}-{suffix}")
        yield _policy(aws, target.account.policy_arn(f"{target.name}-{AIRFLOW}"))
    if target.has_arrivals and target.queue:
        yield _queue(aws, target.queue.rpartition(":")[2])
    if target.settings.metrics_namespace:
        for alarm in alarm_definitions(target):
            name = alarm["AlarmName"]
            yield _monitoring(aws, f"alarm {name}", target.account.arn("cloudwatch", f"alarm:{name}"))
        dashboard = target.account.global_arn("cloudwatch", f"dashboard/{target.name}")
        yield _monitoring(aws, f"dashboard {target.name}", dashboard)
    if target.database:
        yield _database(aws, target.account.arn("glue", f"database/{target.database}"))


def _bucket(aws: Aws, name: str) -> _Resource:
    s3 = aws.client("s3")

    def read() -> Mapping[str, str] | None:
        if get_or_none(s3.head_bucket, _ABSENT, Bucket=name) is None:
            return None
        return _as_mapping((get_or_none(s3.get_bucket_tagging, _ABSENT, Bucket=name) or {}).get("TagSet", ()))

    def write(tags: Mapping[str, str]) -> None:  # S3 replaces all of them
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": _as_list({**(read() or {}), **tags})})

    return _Resource(f"bucket {name}", read, write)


def _job(aws: Aws, arn: str) -> _Resource:
    name = arn.rpartition("/")[2]
    return _of_glue(aws, arn, f"job {name}", lambda glue: get_or_none(glue.get_job, _ABSENT, JobName=name))


def _database(aws: Aws, arn: str) -> _Resource:
    name = arn.rpartition("/")[2]
    return _of_glue(
        aws, arn, f"database {name}", lambda glue: get_or_none(glue.get_database, _ABSENT, Name=name)
    )


def _of_glue(aws: Aws, arn: str, name: str, find: Callable[[AwsClient], object]) -> _Resource:
    glue = aws.client("glue")

    def read() -> Mapping[str, str] | None:
        if find(glue) is None:
            return None
        tags: Mapping[str, str] = (get_or_none(glue.get_tags, _ABSENT, ResourceArn=arn) or {}).get("Tags", {})
        return tags

    return _Resource(name, read, lambda tags: glue.tag_resource(ResourceArn=arn, TagsToAdd=tags))


def _role(aws: Aws, name: str) -> _Resource:
    iam = aws.client("iam")
    return _Resource(
        f"role {name}",
        lambda: _listed(get_or_none(iam.list_role_tags, _ABSENT, RoleName=name)),
        lambda tags: iam.tag_role(RoleName=name, Tags=_as_list(tags)),
    )


def _policy(aws: Aws, arn: str) -> _Resource:
    iam = aws.client("iam")
    return _Resource(
        f"policy {arn.rpartition('/')[2]}",
        lambda: _listed(get_or_none(iam.list_policy_tags, _ABSENT, PolicyArn=arn)),
        lambda tags: iam.tag_policy(PolicyArn=arn, Tags=_as_list(tags)),
    )


def _queue(aws: Aws, name: str) -> _Resource:
    sqs = aws.client("sqs")

    def url() -> str | None:
        found = get_or_none(sqs.get_queue_url, _ABSENT, QueueName=name)
        return None if found is None else str(found["QueueUrl"])

    def read() -> Mapping[str, str] | None:
        at = url()
        return None if at is None else sqs.list_queue_tags(QueueUrl=at).get("Tags", {})

    return _Resource(f"queue {name}", read, lambda tags: sqs.tag_queue(QueueUrl=url(), Tags=tags))


def _monitoring(aws: Aws, name: str, arn: str) -> _Resource:
    """Return an alarm or a dashboard."""
    cloudwatch = aws.client("cloudwatch")
    return _Resource(
        name,
        lambda: _listed(get_or_none(cloudwatch.list_tags_for_resource, _ABSENT, ResourceARN=arn)),
        lambda tags: cloudwatch.tag_resource(ResourceARN=arn, Tags=_as_list(tags)),
    )


def _listed(response: Mapping[str, Any] | None) -> Mapping[str, str] | None:
    """Return the tags in a response; None for a resource that does not exist."""
    return None if response is None else _as_mapping(response["Tags"])


def _as_mapping(tags: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
    return {one["Key"]: one["Value"] for one in tags}


def _as_list(tags: Mapping[str, str]) -> list[Mapping[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
