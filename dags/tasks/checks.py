"""First task of every DAG: check the run request and the installation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dags.deploy.aws import Aws
    from dags.pipeline.context import Setup
    from dags.tasks.installation import Installation

_MISSING = frozenset(
    {"404", "NoSuchBucket", "NotFound", "NotFoundException", "NoSuchEntity", "EntityNotFoundException"}
)
_DEPLOY = "run `lakegate deploy`"


def check_installation(context: Mapping[str, Any], transitions: tuple[str, ...]) -> None:
    """Check the run request and everything that these transitions need.

    Raises:
        AirflowFailException: something is missing or invalid; one line per problem.
        AirflowException: AWS does not answer.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from dags.tasks.installation import read_installation
    from dags.tasks.run_request import read_run_request, run_of
    from dags.tasks.run_transition import error_to_airflow

    try:
        run_of(read_run_request(context))
        problems = find_problems(read_installation(), transitions)
    except Exception as error:
        raise error_to_airflow(error) from error
    if problems:
        raise AirflowFailException("\n".join(problems))


def find_problems(installation: Installation, transitions: tuple[str, ...]) -> list[str]:
    """Return one sentence for each missing or invalid part that these transitions need.

    Checks contracts (all rule checks but those that need Spark) and their datasets, policies, the lake's
    buckets, the Glue jobs with their roles and lake, the topic, the warehouse URI and, of a Redshift, that
    the login owns schema and tables.

    Raises:
        TransientError: AWS or Redshift does not answer.
        LakegateError: AWS denies a request.
    """
    from checkpoints.lake.layout import Area
    from checkpoints.warehouse.opening import open_warehouse
    from contracts.errors import ConfigurationError
    from dags.deploy.aws import Aws
    from dags.pipeline.context import new_run, read_setup, warehouse_uri
    from dags.pipeline.contract_checks import check_rules
    from dags.tasks.dag_defaults import runs_on_glue

    used = (
        Area.RAW,
        Area.BRONZE,
        Area.GOLD,
        Area.QUARANTINE,
        Area.METRICS,
        Area.DOCS,
    )  # SILVER: only by Glue
    try:
        setup = read_setup(installation.settings)
        check_rules(setup, new_run(), setup.contracts.all)
        if "gold_to_redshift" in transitions:
            open_warehouse(warehouse_uri(setup))
        places = {area: setup.lake.area(area).uri for area in Area}
        aws = Aws()
    except ConfigurationError as error:
        return [str(error)]
    local = sorted(area.value for area, uri in places.items() if not uri.startswith("s3://"))
    if local:
        return [f"the lake is not on S3: {', '.join(local)}; set lake in the Airflow Variable lakegate"]
    return [
        *_dataset_problems(setup),
        *_bucket_problems(aws, [places[area] for area in used]),
        *(
            one
            for name in transitions
            if runs_on_glue(name)
            for one in _job_problems(aws, installation, name)
        ),
        *_topic_problems(aws, installation.settings.topic),
        *(_warehouse_problems(setup) if "gold_to_redshift" in transitions else ()),
    ]


def _dataset_problems(setup: Setup) -> Iterator[str]:
    """Yield a problem if the DAG files were parsed with the contracts of other datasets than a task reads."""
    from dags.tasks.dag_defaults import dataset_names

    parsed, read = dataset_names(), [contract.name for contract in setup.contracts.datasets]
    if sorted(parsed) != sorted(read):
        yield (
            f"the DAGs are those of {', '.join(parsed)}, the contracts those of {', '.join(read)}; "
            f"set LAKEGATE_CONTRACTS={setup.settings.contracts} where DAG files are parsed"
        )


def _bucket_problems(aws: Aws, uris: Sequence[str]) -> Iterator[str]:
    found: dict[str, object] = {}
    for uri in uris:
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if found.get(bucket, uri) is None:
            continue
        # Airflow may list below the prefix; HeadBucket would need a permission for the whole bucket.
        found[bucket] = _read(
            uri, aws.client("s3").list_objects_v2, Bucket=bucket, Prefix=f"{prefix}/".lstrip("/"), MaxKeys=1
        )
        if found[bucket] is None:
            yield f"bucket {bucket} not found; {_DEPLOY}"


def _job_problems(aws: Aws, installation: Installation, transition: str) -> Iterator[str]:
    name = installation.job_name(transition)
    job = _read(name, aws.client("glue").get_job, JobName=name)
    if job is None:
        yield f"Glue job {name} not found; {_DEPLOY}"
        return
    role = str(job["Job"].get("Role", "")).rpartition("/")[2]
    if _read(role, aws.client("iam").get_role, RoleName=role) is None:
        yield f"role {role} of Glue job {name} not found; {_DEPLOY}"
    lake = job["Job"].get("DefaultArguments", {}).get("--lake", installation.settings.lake)
    if lake.rstrip("/") != installation.settings.lake.rstrip("/"):
        yield f"Glue job {name} uses the lake {lake}, expected {installation.settings.lake}; {_DEPLOY}"


def _warehouse_problems(setup: Setup) -> Iterator[str]:
    """Yield a problem if the login of this process cannot load the Redshift of the settings."""
    from checkpoints.warehouse.opening import is_redshift, open_redshift
    from checkpoints.warehouse.warehouse import WarehouseError
    from dags.pipeline.context import warehouse_uri

    uri = warehouse_uri(setup)
    if not is_redshift(uri):
        return
    try:
        problem = open_redshift(uri).setup.ownership_problem(setup.contracts.gold)
    except WarehouseError as error:
        problem = str(error)
    if problem:
        yield problem


def _topic_problems(aws: Aws, topic: str | None) -> Iterator[str]:
    if topic and _read(topic, aws.client("sns").get_topic_attributes, TopicArn=topic) is None:
        yield f"SNS topic {topic} not found; create it, or remove the setting topic"


def _read(what: str, call: Any, **request: object) -> Mapping[str, Any] | None:  # noqa: ANN401 - boto3 is untyped
    from dags.deploy.aws import get_or_none, translate_errors

    with translate_errors("cannot be read", what):
        return get_or_none(call, _MISSING, **request)
