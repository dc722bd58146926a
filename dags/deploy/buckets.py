"""Buckets: closed to the public, encrypted, versioned, TLS only, and with the lifecycle of each zone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from checkpoints.aws_trouble import code_of
from dags.deploy.aws import explained
from dags.deploy.lifecycle import OURS, lifecycle_rules
from dags.deploy.plan import Difference, Step, differing, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from checkpoints.aws_client import AwsClient
    from contracts.reader import Contracts
    from dags.deploy.aws import Aws
    from dags.deploy.lifecycle import Rule
    from dags.deploy.target import Target
    from quarantine_policies.reader import Policies

_TLS_ONLY = "LakegateTlsOnly"
_NO_REGION = "us-east-1"  # the one region that must not be named
_CLOSED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
_MISSING = frozenset(
    {
        *("404", "NoSuchBucket", "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"),
        *("ServerSideEncryptionConfigurationNotFoundError", "NoSuchLifecycleConfiguration"),
    }
)


@dataclass(frozen=True, slots=True)
class _Live:
    """A bucket as S3 shows it."""

    is_there: bool
    public_access: object = None
    encryption: str | None = None
    versioning: object = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Rule] = ()

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """The policy's statements; a single one need not be a list."""
        found = self.policy.get("Statement", [])
        return found if isinstance(found, list) else [found]

    @property
    def settings(self) -> Mapping[str, object]:
        """What of it is ours to set, by the names under which it is shown."""
        ours = [one for one in self.rules if one.get("ID", "").startswith(OURS)]
        return {
            "public_access": self.public_access,
            "encryption": self.encryption,
            "versioning": self.versioning,
            f"policy.{_TLS_ONLY}": next(
                (one for one in self.statements if one.get("Sid") == _TLS_ONLY), None
            ),
            **{f"lifecycle.{one['ID']}": _by_prefix(one) for one in ours},
        }


def plan_buckets(aws: Aws, target: Target, contracts: Contracts, policies: Policies) -> tuple[Step, ...]:
    """Return a step for each bucket of the target."""
    rules = lifecycle_rules(target, contracts, policies)
    return tuple(
        _plan_bucket(aws.client("s3"), target, bucket, rules.get(bucket, ())) for bucket in target.buckets
    )


def tls_only(bucket: str, partition: str) -> Mapping[str, Any]:
    """Return the statement that refuses whoever comes without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return {
        "Sid": _TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def _plan_bucket(s3: AwsClient, target: Target, bucket: str, rules: Sequence[Rule]) -> Step:
    """Compare one bucket, setting by setting; what is not ours in it (rules, statements) stays."""
    live = _look(s3, bucket)
    statement = tls_only(bucket, target.account.partition)
    wanted: Mapping[str, object] = {
        "public_access": _CLOSED,
        "encryption": f"aws:kms {target.kms_key}" if target.kms_key else "AES256",
        "versioning": "Enabled",
        f"policy.{_TLS_ONLY}": statement,
        **{f"lifecycle.{one['ID']}": one for one in rules},
    }
    found = live.settings
    differences = (
        *differing(wanted, found),
        *(Difference(name, value, None) for name, value in found.items() if name not in wanted),
    )
    changed = {one.setting.partition(".")[0] for one in differences}

    def apply() -> None:
        with explained("cannot set up a bucket", f"s3://{bucket}"):
            if not live.is_there:
                _create(s3, bucket, target.account.region)
            if "public_access" in changed:
                s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_CLOSED)
            if "encryption" in changed:
                s3.put_bucket_encryption(
                    Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(target.kms_key)
                )
            if "versioning" in changed:
                s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            if "policy" in changed:
                kept = [one for one in live.statements if one.get("Sid") != _TLS_ONLY]
                policy = {"Version": "2012-10-17", **live.policy, "Statement": [*kept, statement]}
                s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
            if "lifecycle" in changed:
                others = [one for one in live.rules if not one.get("ID", "").startswith(OURS)]
                s3.put_bucket_lifecycle_configuration(
                    Bucket=bucket, LifecycleConfiguration={"Rules": [*others, *rules]}
                )

    return step_of("bucket", bucket, differences, apply, is_there=live.is_there)


def _look(s3: AwsClient, bucket: str) -> _Live:
    with explained("cannot look at a bucket", f"s3://{bucket}"):
        if _ask(s3.head_bucket, bucket) is None:
            return _Live(is_there=False)
        closed = _ask(s3.get_public_access_block, bucket) or {}
        encryption = _ask(s3.get_bucket_encryption, bucket) or {}
        versioning = _ask(s3.get_bucket_versioning, bucket) or {}
        policy = _ask(s3.get_bucket_policy, bucket) or {}
        lifecycle = _ask(s3.get_bucket_lifecycle_configuration, bucket) or {}
    return _Live(
        is_there=True,
        public_access=closed.get("PublicAccessBlockConfiguration"),
        encryption=_encryption_found(encryption.get("ServerSideEncryptionConfiguration", {})),
        versioning=versioning.get("Status"),
        policy=json.loads(policy.get("Policy", "{}")),
        rules=lifecycle.get("Rules", ()),
    )


def _ask(call: Callable[..., Mapping[str, Any]], bucket: str) -> Mapping[str, Any] | None:
    """Return S3's answer, None when there is nothing to answer about."""
    try:
        return call(Bucket=bucket)
    except ClientError as error:
        if code_of(error) in _MISSING:
            return None
        raise


def _create(s3: AwsClient, bucket: str, region: str) -> None:
    where = {} if region == _NO_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)


def _encryption(kms_key: str | None) -> Mapping[str, Any]:
    if kms_key is None:
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}


def _encryption_found(configuration: Mapping[str, Any]) -> str | None:
    for rule in configuration.get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        words = (default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))
        return " ".join(word for word in words if word)
    return None


def _by_prefix(rule: Rule) -> Rule:
    """Return a rule with its filter as we write it: S3 leaves out an empty prefix."""
    return {**rule, "Filter": {"Prefix": rule.get("Filter", {}).get("Prefix", "")}}
