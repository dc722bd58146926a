"""Roles: created on request, kept as documented, with foreign policies untouched."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dags.deploy.policies import policy_documents
from tests.dags.deploy.conftest import client

if TYPE_CHECKING:
    from collections.abc import Callable

    from dags.deploy.target import Target
    from tests.dags.deploy.conftest import Deployed

AIRFLOW = "arn:aws:iam::123456789012:policy/lakegate-airflow"


def inline(role: str) -> Any:
    return client("iam").get_role_policy(RoleName=role, PolicyName=role)["PolicyDocument"]


def test_the_jobs_role_and_airflows_policy_are_the_documents(
    aws: None, deploy: Callable[..., Deployed], target: Callable[..., Target]
) -> None:
    deploy("--create-roles")
    documents = policy_documents(target())
    role = client("iam").get_role(RoleName="lakegate-glue")["Role"]
    assert role["AssumeRolePolicyDocument"] == documents["glue-trust"]
    assert inline("lakegate-glue") == documents["glue"]
    version = client("iam").get_policy_version(PolicyArn=AIRFLOW, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == documents["airflow"]


def test_only_the_service_in_this_account_can_assume_a_role(target: Callable[..., Target]) -> None:
    assert policy_documents(target())["glue-trust"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["glue.amazonaws.com"]},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}},
        }
    ]


@pytest.mark.aws
def test_a_widened_role_is_restored_and_keeps_attached_policies(
    aws: None, deploy: Callable[..., Deployed], target: Callable[..., Target]
) -> None:
    deploy("--create-roles")
    iam = client("iam")
    wide = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    iam.put_role_policy(RoleName="lakegate-glue", PolicyName="lakegate-glue", PolicyDocument=json.dumps(wide))
    iam.update_assume_role_policy(RoleName="lakegate-glue", PolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="lakegate-glue", PolicyName="theirs", PolicyDocument=json.dumps(wide))
    result = deploy("--create-roles", "--json")
    assert result.steps("unchanged") == {"role lakegate-glue": "update"}
    assert inline("lakegate-glue") == policy_documents(target())["glue"]
    role = iam.get_role(RoleName="lakegate-glue")["Role"]
    assert role["AssumeRolePolicyDocument"] == policy_documents(target())["glue-trust"]
    assert "theirs" in iam.list_role_policies(RoleName="lakegate-glue")["PolicyNames"]


@pytest.mark.aws
def test_airflows_policy_can_be_changed_any_number_of_times(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    for number in range(7):  # IAM keeps five versions
        topic = f"arn:aws:sns:us-east-1:123456789012:alerts-{number}"
        assert deploy("--create-roles", "--topic", topic).status == 0
    versions = client("iam").list_policy_versions(PolicyArn=AIRFLOW)["Versions"]
    assert len(versions) == 5
    (current,) = [one["VersionId"] for one in versions if one["IsDefaultVersion"]]
    found = client("iam").get_policy_version(PolicyArn=AIRFLOW, VersionId=current)["PolicyVersion"]
    assert "alerts-6" in json.dumps(found["Document"])
