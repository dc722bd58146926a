"""IAM roles for Glue, Redshift's COPY and data stewards, and a managed policy for Airflow's identity."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from contracts.errors import ConfigurationError
from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.plan import Step, diff_settings, make_step
from dags.deploy.policies import AIRFLOW, GLUE, REDSHIFT, STEWARD, policy_documents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

_MISSING = ("NoSuchEntity",)
_MAX_VERSIONS = 5  # of a managed policy


def plan_roles(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each role and for Airflow's policy, which must be attached manually."""
    iam, documents = aws.client("iam"), policy_documents(target)
    roles = [name for name in (GLUE, REDSHIFT, STEWARD) if name in documents]
    if target.glue_role:
        roles.remove(GLUE)
    steps = [_plan_role(iam, f"{target.name}-{name}", documents, name) for name in roles]
    return (*steps, _plan_policy(iam, target, documents[AIRFLOW]))


def missing_glue_role(aws: Aws, target: Target) -> ConfigurationError | None:
    """Return an error if the jobs' role does not exist, else None."""
    if _role(aws.client("iam"), target.glue_role_name) is not None:
        return None
    return ConfigurationError(
        "the Glue jobs have no role",
        where=target.glue_role_arn,
        found="no such role",
        next_step="set an existing one with --glue-role, or create it with --create-roles",
    )


def _plan_role(iam: AwsClient, name: str, documents: Mapping[str, Mapping[str, Any]], key: str) -> Step:
    wanted = {"trust": documents[f"{key}-trust"], "policy": documents[key]}
    role = _role(iam, name)
    found: dict[str, object] = {}
    if role is not None:
        found = {"trust": role["AssumeRolePolicyDocument"], "policy": _inline_policy(iam, name)}
    differences = diff_settings(wanted, found)

    def apply() -> None:
        with translate_errors("cannot set up a role", name):
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

    return make_step("role", name, differences, apply, exists=role is not None)


def _plan_policy(iam: AwsClient, target: Target, wanted: Mapping[str, Any]) -> Step:
    name = f"{target.name}-{AIRFLOW}"
    arn = target.account.policy_arn(name)
    found = _managed_policy(iam, arn)

    def apply() -> None:
        document = json.dumps(wanted)
        with translate_errors("cannot set up a policy", name):
            if found is None:
                iam.create_policy(PolicyName=name, PolicyDocument=document)
                return
            versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
            if len(versions) >= _MAX_VERSIONS:
                oldest = min(
                    (one for one in versions if not one["IsDefaultVersion"]),
                    key=lambda one: one["CreateDate"],
                )
                iam.delete_policy_version(PolicyArn=arn, VersionId=oldest["VersionId"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)

    differences = diff_settings({"policy": wanted}, {"policy": found})
    return make_step("policy", name, differences, apply, exists=found is not None)


def _role(iam: AwsClient, name: str) -> Mapping[str, Any] | None:
    with translate_errors("cannot read a role", name):
        response = get_or_none(iam.get_role, _MISSING, RoleName=name)
    role: Mapping[str, Any] | None = response and response["Role"]
    return role


def _inline_policy(iam: AwsClient, role: str) -> object:
    with translate_errors("cannot read a role", role):
        response = get_or_none(iam.get_role_policy, _MISSING, RoleName=role, PolicyName=role)
    return None if response is None else response["PolicyDocument"]


def _managed_policy(iam: AwsClient, arn: str) -> object:
    with translate_errors("cannot read a policy", arn):
        response = get_or_none(iam.get_policy, _MISSING, PolicyArn=arn)
        if response is None:
            return None
        version = response["Policy"]["DefaultVersionId"]
        return iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
