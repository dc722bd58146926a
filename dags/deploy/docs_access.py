"""Settings of a CloudFront distribution that shows the Data Docs of a closed bucket.

They are for a person to review and apply: who may read the pages is not for a deployment to decide.
Sources: CloudFront's developer guide, "Restrict access to an Amazon S3 origin" and "Serve private content";
the ids are those of CloudFront's managed policies, the same in every account.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from checkpoints.lake.layout import Area

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.deploy.target import Target

_CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"  # obeys `no-cache` but for one second
_SECURITY_HEADERS: Final = "67f7725c-6f97-4210-82d7-5512b31e9d03"  # HSTS, nosniff, framing, referrer
DISTRIBUTION, ACCESS_CONTROL, KEY_GROUP = "DISTRIBUTION_ID", "ORIGIN_ACCESS_CONTROL_ID", "KEY_GROUP_ID"
_ORIGIN = "docs"


def docs_access(target: Target) -> Mapping[str, Any]:
    """Return the settings, with the ids that AWS will assign as ``DISTRIBUTION_ID`` and so on.

    Returns:
        ``origin_access_control`` and ``distribution``, as CloudFront's API takes them; ``bucket_policy``: the
        statement to add to the bucket's policy, which `lakegate deploy` keeps; with a KMS key,
        ``key_policy``: the statement to add to the key's.
    """
    docs = target.areas[Area.DOCS]
    account = target.account
    partition = account.partition
    settings: dict[str, Any] = {
        "origin_access_control": {
            "Name": f"{target.name}-docs",
            "OriginAccessControlOriginType": "s3",
            "SigningBehavior": "always",
            "SigningProtocol": "sigv4",
        },
        "distribution": _distribution(target),
        "bucket_policy": _reads(
            "LakegateDocsByCloudFront",
            "s3:GetObject",
            f"arn:{partition}:s3:::{docs.bucket}/{docs.folder}*",
            target,
        ),
    }
    if target.kms_key:
        settings["key_policy"] = _reads("LakegateDocsByCloudFront", "kms:Decrypt", "*", target)
    return settings


def _distribution(target: Target) -> Mapping[str, Any]:
    """Return a configuration in which no page is shown without a cookie signed by a key of the key group."""
    docs, account = target.areas[Area.DOCS], target.account
    suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
    return {
        "CallerReference": f"{target.name}-docs",
        "Comment": f"Data Docs at {docs.uri}",
        "Enabled": True,
        "DefaultRootObject": "index.html",
        "Origins": _items(
            {
                "Id": _ORIGIN,
                "DomainName": f"{docs.bucket}.s3.{account.region}.{suffix}",
                "OriginPath": f"/{docs.prefix}" if docs.prefix else "",
                "OriginAccessControlId": ACCESS_CONTROL,
                "S3OriginConfig": {"OriginAccessIdentity": ""},
            }
        ),
        "DefaultCacheBehavior": {
            "TargetOriginId": _ORIGIN,
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": {**_items("GET", "HEAD"), "CachedMethods": _items("GET", "HEAD")},
            "Compress": True,
            "CachePolicyId": _CACHING_OPTIMIZED,
            "ResponseHeadersPolicyId": _SECURITY_HEADERS,
            "TrustedKeyGroups": {"Enabled": True, **_items(KEY_GROUP)},
        },
    }


def _reads(sid: str, action: str, resource: str, target: Target) -> Mapping[str, Any]:
    account = target.account
    distribution = f"arn:{account.partition}:cloudfront::{account.id}:distribution/{DISTRIBUTION}"
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution}},
    }


def _items(*items: object) -> dict[str, object]:
    """Return a list as CloudFront's API writes it."""
    return {"Quantity": len(items), "Items": list(items)}
