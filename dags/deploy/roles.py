"""Roles for Glue and for Redshift's COPY, and a policy to attach to whatever Airflow runs as."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from checkpoints.aws_trouble import code_of
from contracts.faults import ConfigurationError
from dags.deploy.aws import explained
from dags.deploy.plan import Step, differing, step_of
from dags.deploy.policies import AIRFLOW, GLUE, REDSHIFT, policy_documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws_client import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

_MISSING = "NoSuchEntity"
_MOST_VERSIONS = 5  # of a managed policy


def plan_roles(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each role, and for Airflow's policy: who runs Airflow attaches it to something."""
    iam, documents = aws.client("iam"), policy_documents(target)
    roles = [name for name in (GLUE, REDSHIFT) if name in documents]
    if target.glue_role:
        roles.remove(GLUE)
    steps = [_plan_role(iam, f"{target.name}-{name}", documents, name) for name in roles]
    return (*steps, _plan_policy(iam, target, documents[AIRFLOW]))


def missing_glue_role(aws: Aws, target: Target) -> ConfigurationError | None:
    """Return what is wrong when the role that the jobs run as is not there, and not ours to make."""
    if _role(aws.client("iam"), target.glue_role_name) is not None:
        return None
    return ConfigurationError(
        "the Glue jobs have no role to run as",
        where=target.glue_role_arn,
        found="no such role",
        next_step="name one by --glue-role, or let --create-roles make it",
    )


def _plan_role(iam: AwsClient, name: str, documents: Mapping[str, Mapping[str, Any]], key: str) -> Step:
    wanted = {"trust": documents[f"{key}-trust"], "policy": documents[key]}
    role = _role(iam, name)
    found: dict[str, object] = {}
    if role is not None:
        found = {"trust": role["AssumeRolePolicyDocument"], "policy": _inline_policy(iam, name)}
    differences = differing(wanted, found)

    def apply() -> None:
        with explained("cannot set up a role", name):
            if role is None:
                iam.create_role(
                    RoleName=name,
                    AssumeRolePolicyDocument=json.dumps(wanted["trust"]),
                    Description="lakegate: made by `lakegate deploy --create-roles`",
                )
                iam.get_waiter("role_exists").wait(RoleName=name)
            elif any(one.setting == "trust" for one in differences):
                iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(wanted["trust"]))
            iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=json.dumps(wanted["policy"]))

    return step_of("role", name, differences, apply, is_there=role is not None)


def _plan_policy(iam: AwsClient, target: Target, wanted: Mapping[str, Any]) -> Step:
    name = f"{target.name}-{AIRFLOW}"
    arn = target.account.policy_arn(name)
    found = _managed_policy(iam, arn)

    def apply() -> None:
        document = json.dumps(wanted)
        with explained("cannot set up a policy", name):
            if found is None:
                iam.create_policy(PolicyName=name, PolicyDocument=document)
                return
            versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
            if len(versions) >= _MOST_VERSIONS:
                oldest = min(
                    (one for one in versions if not one["IsDefaultVersion"]),
                    key=lambda one: one["CreateDate"],
                )
                iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)

    differences = differing({"policy": wanted}, {"policy": found})
    return step_of("policy", name, differences, apply, is_there=found is not None)


def _role(iam: AwsClient, name: str) -> Mapping[str, Any] | None:
    with explained("cannot look at a role", name):
        try:
            role: Mapping[str, Any] = iam.get_role(RoleName=name)["Role"]
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            return None
        return role


def _inline_policy(iam: AwsClient, role: str) -> object:
    with explained("cannot look at a role", role):
        try:
            return iam.get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            return None


def _managed_policy(iam: AwsClient, arn: str) -> object:
    with explained("cannot look at a policy", arn):
        try:
            version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            return None
