"""The Glue jobs: one a transition, each a Spark job.

Also raw_to_bronze and gold_to_redshift, which need no Spark: Glue's Python shell ends at Python 3.9, and the
gate needs 3.11. They take the two workers that are the least, and end after minutes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_fixed

from checkpoints.aws_trouble import code_of
from dags.deploy.aws import explained
from dags.deploy.plan import Difference, Step, differing, step_of
from dags.deploy.uploads import SCRIPT
from dags.glue.arguments import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checkpoints.aws_client import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

GLUE_VERSION = "6.0"
WORKER = "G.1X"
FEWEST_WORKERS = 2
TIMEOUT_MINUTES = {
    "raw_to_bronze": 60,
    "bronze_to_silver": 120,
    "silver_to_gold": 60,
    "gold_to_redshift": 60,
}
_ON_SPARK = frozenset({"bronze_to_silver", "silver_to_gold"})
_ARGUMENTS = "DefaultArguments"
_WHERE_GLUE_IS_SILENT = {"MaxRetries": 0}
_OTHERS = ("Connections", "SecurityConfiguration", "NotificationProperty", "LogUri")  # set by whoever runs it


def plan_jobs(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each transition's job."""
    return tuple(_plan_job(aws.client("glue"), target, transition) for transition in target.job_names)


def job_definition(target: Target, transition: str) -> Mapping[str, Any]:
    """Return what a transition's job should be.

    Glue does not retry it: Airflow does, and only what may pass. A blocked run succeeds as a job; the gate
    task reads its verdict file.
    """
    return {
        "Description": f"lakegate: {transition}, gated",
        "Role": target.glue_role_arn,
        "Command": {
            "Name": "glueetl",
            "ScriptLocation": target.artifacts.child(SCRIPT).uri,
            "PythonVersion": "3",
        },
        "GlueVersion": GLUE_VERSION,
        "WorkerType": WORKER,
        "NumberOfWorkers": target.most_workers if transition in _ON_SPARK else FEWEST_WORKERS,
        "ExecutionProperty": {"MaxConcurrentRuns": 1},
        "MaxRetries": 0,
        "Timeout": TIMEOUT_MINUTES[transition],
        _ARGUMENTS: _arguments(target, transition),
    }


def _arguments(target: Target, transition: str) -> Mapping[str, str]:
    """Return what Glue and the script are told; the script hears every setting that is not as shipped."""
    wheel = target.artifacts.child(target.package.wheel.name).uri
    return {
        "--job-language": "python",
        "--job-bookmark-option": "job-bookmark-disable",  # the ledger and the fingerprints know what is new
        "--enable-auto-scaling": "true",
        "--enable-metrics": "true",
        "--enable-observability-metrics": "true",
        "--enable-continuous-cloudwatch-log": "true",
        "--TempDir": target.artifacts.child("tmp").uri + "/",
        # Glue gives this list to pip: the wheel comes with its pins, so that a job installs what was tested.
        "--additional-python-modules": ",".join([wheel, *target.package.modules]),
        "--transition": transition,
        **{f"--{name}": text for name, text in _settings(target).items()},
        **{f"--{name}": target.artifacts.child(name).uri for name in FOLDERS},
        "--on_block": "succeed",
    }


def _settings(target: Target) -> Mapping[str, str]:
    """Return the settings that were given, as a job's arguments spell them; folders are told apart."""
    given = target.settings.model_dump(exclude_unset=True, exclude_none=True, exclude=set(FOLDERS))
    if target.redshift:
        given["warehouse"] = target.redshift  # a job does not know in which region it runs
    return {
        name: json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
        for name, value in given.items()
    }


def _plan_job(glue: AwsClient, target: Target, transition: str) -> Step:
    name, wanted = target.job_names[transition], job_definition(target, transition)
    with explained("cannot look at a Glue job", name):
        try:
            found = glue.get_job(JobName=name)["Job"]
        except ClientError as error:
            if code_of(error) != "EntityNotFoundException":
                raise
            found = None

    def apply() -> None:
        with explained("cannot set up a Glue job", name):
            if found is None:
                _patiently(glue.create_job, Name=name, **wanted)
            else:
                kept = {one: found[one] for one in _OTHERS if found.get(one)}
                _patiently(glue.update_job, JobName=name, JobUpdate={**kept, **wanted})

    return step_of("job", name, _differences(wanted, found), apply, is_there=found is not None)


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[Difference]:
    """Yield what differs; arguments one by one, also those that nobody wants."""
    plain = {name: value for name, value in wanted.items() if name != _ARGUMENTS}
    yield from differing(plain, None if found is None else {**_WHERE_GLUE_IS_SILENT, **found})
    arguments: Mapping[str, str] = (found or {}).get(_ARGUMENTS, {})
    yield from differing(wanted[_ARGUMENTS], arguments)
    for name in sorted(arguments.keys() - wanted[_ARGUMENTS].keys()):
        yield Difference(name, arguments[name], None)


def _is_young_role(error: BaseException) -> bool:
    """Whether Glue does not know a role yet that IAM has just made."""
    return isinstance(error, ClientError) and "assume role" in str(error).lower()


@retry(retry=retry_if_exception(_is_young_role), wait=wait_fixed(5), stop=stop_after_attempt(6), reraise=True)
def _patiently(call: Callable[..., object], **request: object) -> None:
    call(**request)
