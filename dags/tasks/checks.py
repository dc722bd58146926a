"""Checks the installation before anything runs: whatever is missing is one clear sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dags.tasks.installation import Installation

_ON_GLUE = frozenset({"bronze_to_silver", "silver_to_gold"})
_ABSENT = frozenset(
    {"404", "NoSuchBucket", "NotFound", "NotFoundException", "NoSuchEntity", "EntityNotFoundException"}
)
_DEPLOY = "run `lakegate deploy`"


def what_is_missing(installation: Installation, transitions: tuple[str, ...]) -> list[str]:
    """Return a sentence for all that these transitions need and that is not there; none: they may begin.

    Looks at contracts and policies, the lake's buckets, the Glue jobs with their roles and lake, the
    warehouse's address and the topic. That a service does not answer is raised.

    Raises:
        TransientError: AWS does not answer.
        LakegateError: AWS refuses to say.
    """
    from checkpoints.lake.layout import Area
    from checkpoints.warehouse.opening import open_warehouse
    from contracts.faults import ConfigurationError
    from dags.deploy.aws import Aws
    from dags.pipeline.setup import read_setup, warehouse_uri

    ours = (Area.RAW, Area.BRONZE, Area.GOLD, Area.QUARANTINE, Area.METRICS, Area.DOCS)  # SILVER is Glue's
    try:
        setup = read_setup(installation.settings)
        if "gold_to_redshift" in transitions:
            open_warehouse(warehouse_uri(setup))
        places = {area: setup.lake.area(area).uri for area in Area}
        aws = Aws()
    except ConfigurationError as error:
        return [str(error)]
    local = sorted(area.value for area, uri in places.items() if not uri.startswith("s3://"))
    if local:
        return [f"the lake does not lie on S3: {', '.join(local)}; set lake in the Airflow Variable lakegate"]
    found = [*_missing_buckets(aws, [places[area] for area in ours])]
    for transition in transitions:
        if transition in _ON_GLUE:
            found += _job_troubles(aws, installation, transition)
    return [*found, *_missing_topic(aws, installation.topic)]


def _missing_buckets(aws: Any, uris: list[str]) -> Iterator[str]:  # noqa: ANN401 - boto3's clients are untyped
    found: dict[str, object] = {}
    for uri in uris:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if found.get(bucket, uri) is None:
            continue
        # To list below the prefix is what Airflow is allowed; HeadBucket would ask for the whole bucket.
        found[bucket] = _asked(
            uri, aws.client("s3").list_objects_v2, Bucket=bucket, Prefix=f"{prefix}/".lstrip("/"), MaxKeys=1
        )
        if found[bucket] is None:
            yield f"there is no bucket {bucket}; {_DEPLOY}"


def _job_troubles(aws: Any, installation: Installation, transition: str) -> Iterator[str]:  # noqa: ANN401
    name = installation.job_name(transition)
    job = _asked(name, aws.client("glue").get_job, JobName=name)
    if job is None:
        yield f"there is no Glue job {name}; {_DEPLOY}"
        return
    role = str(job["Job"].get("Role", "")).rpartition("/")[2]
    if _asked(role, aws.client("iam").get_role, RoleName=role) is None:
        yield f"the Glue job {name} runs as {role}, and there is no such role; {_DEPLOY}"
    lake = job["Job"].get("DefaultArguments", {}).get("--lake", installation.settings.lake)
    if lake.rstrip("/") != installation.settings.lake.rstrip("/"):
        yield f"the Glue job {name} works on the lake {lake}, not on {installation.settings.lake}; {_DEPLOY}"


def _missing_topic(aws: Any, topic: str | None) -> Iterator[str]:  # noqa: ANN401
    if topic and _asked(topic, aws.client("sns").get_topic_attributes, TopicArn=topic) is None:
        yield f"there is no SNS topic {topic}; create it, or leave topic out"


def _asked(what: str, ask: Any, **request: object) -> Any:  # noqa: ANN401
    """Return AWS's answer, None where there is no such thing."""
    from botocore.exceptions import ClientError

    from checkpoints.aws_trouble import code_of
    from dags.deploy.aws import explained

    with explained("cannot be looked at", what):
        try:
            return ask(**request)
        except ClientError as error:
            if code_of(error) in _ABSENT:
                return None
            raise
