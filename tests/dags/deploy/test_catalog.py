"""The Glue database of the catalog, and what the jobs may do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from checkpoints.catalog.address import read_catalog_address
from checkpoints.lake.layout import open_lake
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.deploy.jobs import job_definition
from dags.deploy.policies import policy_documents
from tests.checkpoints.catalog.lakes import CatalogedLake
from tests.dags.deploy.conftest import client
from tests.stand_ins.permissions import allowed_only

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dags.deploy.target import Target
    from tests.dags.deploy.conftest import Deployed

CATALOG = "glue://shop"


def test_the_database_is_made_once_and_its_name_given_to_the_jobs(
    aws: None, deploy: Callable[..., Deployed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_CATALOG", CATALOG)
    assert deploy("--create-roles", "--json").steps()["database shop"] == "create"
    assert client("glue").get_database(Name="shop")["Database"]["Description"].startswith("lakegate")
    job = client("glue").get_job(JobName="lakegate-silver_to_gold")["Job"]
    assert job["DefaultArguments"]["--catalog"] == CATALOG
    assert deploy("--create-roles", "--json").steps("unchanged") == {}


def test_without_a_catalog_there_is_no_database_and_no_permission(target: Callable[..., Target]) -> None:
    plain = target()
    assert "--catalog" not in job_definition(plain, "silver_to_gold")["DefaultArguments"]
    glue = policy_documents(plain)["glue"]
    assert not any(action.startswith("glue:") for one in glue["Statement"] for action in one["Action"])


def test_only_the_jobs_publish_and_only_to_the_database(target: Callable[..., Target]) -> None:
    documents = policy_documents(target(catalog=CATALOG))
    (publish,) = (one for one in documents["glue"]["Statement"] if one["Sid"] == "PublishTables")
    arn = "arn:aws:glue:us-east-1:123456789012"
    assert publish["Resource"] == [f"{arn}:catalog", f"{arn}:database/shop", f"{arn}:table/shop/*"]
    airflow = {action for one in documents["airflow"]["Statement"] for action in one["Action"]}
    assert "glue:UpdateTable" not in airflow


def test_a_catalog_that_jobs_cannot_share_is_refused(target: Callable[..., Target]) -> None:
    with pytest.raises(ConfigurationError, match="expected glue://DATABASE"):
        target(catalog="sqlite:////tmp/catalog.db")


def anywhere(policy: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a policy whose statements on Glue apply to all resources: moto asks for no others there."""
    statements = [
        {**one, "Resource": "*"} if one["Action"][0].startswith("glue:") else one
        for one in policy["Statement"]
    ]
    return {**policy, "Statement": statements}


@pytest.mark.aws
def test_tables_are_published_and_dropped_with_these_permissions_only(
    aws: None, target: Callable[..., Target], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client("s3").create_bucket(Bucket="shop")
    client("glue").create_database(DatabaseInput={"Name": "shop"})
    with allowed_only(anywhere(policy_documents(target(catalog=CATALOG))["glue"])):
        lake = CatalogedLake(open_lake("s3://shop/lake"), read_catalog_address(CATALOG))
        lake.release("r1", ["DE"])
        assert lake.publish(Zone.GOLD).published == ("dim_country", "daily_revenue")
        lake.release("r2", ["DE", "FR"], without="daily_revenue")
        result = lake.publish(Zone.GOLD)
        assert (result.published, result.dropped, result.failed) == (("dim_country",), ("daily_revenue",), {})
        with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
            client("glue").delete_database(Name="shop")
