"""Settings of a CloudFront distribution for the Data Docs of a closed bucket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from dags.deploy.docs_access import ACCESS_CONTROL, DISTRIBUTION, KEY_GROUP, docs_access
from tests.dags.deploy.conftest import client

if TYPE_CHECKING:
    from collections.abc import Callable

    from dags.deploy.target import Target
    from tests.dags.deploy.conftest import Deployed

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("docs_root", "domain", "path", "objects"),
    [
        (None, "shop.s3.us-east-1.amazonaws.com", "/lake/docs", "arn:aws:s3:::shop/lake/docs/*"),
        ("s3://shop-docs", "shop-docs.s3.us-east-1.amazonaws.com", "", "arn:aws:s3:::shop-docs/*"),
    ],
)
def test_the_distribution_reads_the_docs_and_nothing_else(
    target: Callable[..., Target], docs_root: str | None, domain: str, path: str, objects: str
) -> None:
    settings = docs_access(target(**({"docs_root": docs_root} if docs_root else {})))
    (origin,) = settings["distribution"]["Origins"]["Items"]
    assert (origin["DomainName"], origin["OriginPath"]) == (domain, path)
    assert settings["bucket_policy"]["Resource"] == objects
    assert settings["bucket_policy"]["Action"] == "s3:GetObject"
    assert settings["bucket_policy"]["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "key_policy" not in settings


def test_no_page_is_shown_without_a_signed_cookie(target: Callable[..., Target]) -> None:
    behavior = docs_access(target())["distribution"]["DefaultCacheBehavior"]
    assert behavior["TrustedKeyGroups"] == {"Enabled": True, "Quantity": 1, "Items": [KEY_GROUP]}
    assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"


def test_boto3_takes_the_settings_once_the_ids_are_known(aws: None, target: Callable[..., Target]) -> None:
    settings = docs_access(target(kms_key=KEY))
    cloudfront = client("cloudfront")
    control = cloudfront.create_origin_access_control(
        OriginAccessControlConfig=settings["origin_access_control"]
    )["OriginAccessControl"]["Id"]
    text = json.dumps(settings["distribution"]).replace(ACCESS_CONTROL, control)
    made = cloudfront.create_distribution(DistributionConfig=json.loads(text))["Distribution"]
    assert made["DistributionConfig"]["DefaultRootObject"] == "index.html"
    for statement in (settings["bucket_policy"], settings["key_policy"]):
        assert source(statement).replace(DISTRIBUTION, made["Id"]) == made["ARN"]


def source(statement: dict[str, Any]) -> str:
    return str(statement["Condition"]["StringEquals"]["AWS:SourceArn"])


def test_the_settings_are_shown_and_a_statement_made_by_them_stays(
    aws: None, deploy: Callable[..., Deployed]
) -> None:
    shown = deploy("--create-roles", "--dry-run").out
    assert "origin: shop.s3.us-east-1.amazonaws.com/lake/docs" in shown
    assert '"Sid": "LakegateDocsByCloudFront"' in shown
    statement = deploy("--create-roles", "--json").document["docs_access"]["bucket_policy"]
    policy = json.loads(client("s3").get_bucket_policy(Bucket="shop")["Policy"])
    policy["Statement"].append(statement)
    client("s3").put_bucket_policy(Bucket="shop", Policy=json.dumps(policy))
    assert deploy("--create-roles", "--json").steps("unchanged") == {}
    client("s3").put_bucket_versioning(Bucket="shop", VersioningConfiguration={"Status": "Suspended"})
    deploy("--create-roles")
    policy = json.loads(client("s3").get_bucket_policy(Bucket="shop")["Policy"])
    assert statement in policy["Statement"]
