"""Glue jobs: one Spark job per transition.

raw_to_bronze and gold_to_redshift need no Spark but are Spark jobs as well: Glue's Python shell has at most
Python 3.9, and the gate needs 3.11. They run on two workers, the minimum.

All are installed from a zip of wheels on S3 (`glue_wheels`), without a package index: a VPC needs no NAT.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dags.deploy.aws import get_or_none, repeat_while, translate_errors
from dags.deploy.plan import Difference, Step, diff_settings, make_step
from dags.deploy.uploads import SCRIPT
from dags.glue.arguments import FOLDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.aws import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

GLUE_VERSION = "6.0"
WORKER = "G.1X"
MIN_WORKERS = 2
TIMEOUT_MINUTES = {
    "raw_to_bronze": 480,  # also for a first backlog of files
    "bronze_to_silver": 120,
    "silver_to_gold": 60,
    "gold_to_redshift": 60,
}
_MOST_RUNS = {"raw_to_bronze": 20}  # Airflow starts a run for each dataset
_ON_SPARK = frozenset({"bronze_to_silver", "silver_to_gold"})
_ARGUMENTS = "DefaultArguments"
_NEW_ROLE = "assume role"  # Glue's error on a role that was just created
_OMITTED_BY_GLUE = {"MaxRetries": 0}  # defaults that GetJob leaves out
# Settings that may have been made outside this deployment; an update keeps them.
_FOREIGN_SETTINGS = ("Connections", "SecurityConfiguration", "NotificationProperty", "LogUri")


def plan_jobs(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each transition's job."""
    return tuple(_plan_job(aws.client("glue"), target, transition) for transition in target.job_names)


def job_definition(target: Target, transition: str) -> Mapping[str, Any]:
    """Return the definition of a transition's job.

    Glue does not retry it: Airflow does, for transient errors only. A blocked run succeeds as a job; the gate
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
        "NumberOfWorkers": target.max_workers if transition in _ON_SPARK else MIN_WORKERS,
        "ExecutionProperty": {"MaxConcurrentRuns": _MOST_RUNS.get(transition, 1)},
        "MaxRetries": 0,
        "Timeout": TIMEOUT_MINUTES[transition],
        _ARGUMENTS: _arguments(target, transition),
    }


def _arguments(target: Target, transition: str) -> Mapping[str, str]:
    """Return arguments for Glue and for the script, which gets every setting that is not the default."""
    wheels = target.wheels[transition]
    metrics = dict.fromkeys(("--enable-metrics", "--enable-observability-metrics"), "true")
    return {
        "--job-language": "python",
        "--job-bookmark-option": "job-bookmark-disable",  # the ledger and the fingerprints track new files
        "--enable-auto-scaling": "true",
        **(metrics if transition in _ON_SPARK else {}),  # only of jobs that start Spark
        "--enable-continuous-cloudwatch-log": "true",
        "--TempDir": target.artifacts.child("tmp").uri + "/",
        "--additional-python-modules": target.artifacts.child(wheels.name).uri,
        "--python-modules-installer-option": "--no-index",
        "--transition": transition,
        "--region": target.account.region,
        **{f"--{name}": text for name, text in _settings(target).items()},
        **{f"--{name}": target.artifacts.child(name).uri for name in FOLDERS},
        "--on_block": "succeed",
    }


def _settings(target: Target) -> Mapping[str, str]:
    """Return the explicit settings as job arguments, without the folders."""
    given = target.settings.model_dump(exclude_unset=True, exclude_none=True, exclude=set(FOLDERS))
    if target.redshift:
        given["warehouse"] = target.redshift  # with its region, which a job cannot determine
    return {
        name: json.dumps(value, sort_keys=True) if isinstance(value, dict) else str(value)
        for name, value in given.items()
    }


def _plan_job(glue: AwsClient, target: Target, transition: str) -> Step:
    name, wanted = target.job_names[transition], job_definition(target, transition)
    with translate_errors("cannot read a Glue job", name):
        response = get_or_none(glue.get_job, ("EntityNotFoundException",), JobName=name)
    found = None if response is None else response["Job"]

    def apply() -> None:
        with translate_errors("cannot set up a Glue job", name):
            if found is None:
                repeat_while(_NEW_ROLE, glue.create_job, Name=name, **wanted)
            else:
                kept = {one: found[one] for one in _FOREIGN_SETTINGS if found.get(one)}
                repeat_while(_NEW_ROLE, glue.update_job, JobName=name, JobUpdate={**kept, **wanted})

    return make_step("job", name, _differences(wanted, found), apply, exists=found is not None)


def _differences(wanted: Mapping[str, Any], found: Mapping[str, Any] | None) -> Iterator[Difference]:
    """Yield differing settings, and differing or superfluous arguments one by one."""
    plain = {name: value for name, value in wanted.items() if name != _ARGUMENTS}
    yield from diff_settings(plain, None if found is None else {**_OMITTED_BY_GLUE, **found})
    arguments: Mapping[str, str] = (found or {}).get(_ARGUMENTS, {})
    yield from diff_settings(wanted[_ARGUMENTS], arguments)
    for name in sorted(arguments.keys() - wanted[_ARGUMENTS].keys()):
        yield Difference(name, arguments[name], None)
