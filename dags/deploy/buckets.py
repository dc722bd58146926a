"""Buckets: closed to the public, encrypted, versioned, TLS only, and with the lifecycle of each zone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from checkpoints.lake.layout import Area
from dags.deploy.aws import code_of, explained
from dags.deploy.plan import Difference, Step, differing, step_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from contracts.reader import Contracts
    from dags.deploy.aws import Aws
    from dags.deploy.target import Location, Target
    from quarantine_policies.reader import Policies

RAW_DAYS, BRONZE_DAYS, METRICS_DAYS = 90, 120, 180
OLD_VERSION_DAYS = 30  # a mistake can be undone that long
UNFINISHED_DAYS = 7  # of an upload that nobody finished
_OURS = "lakegate-"  # begins the ids of our lifecycle rules; others' are left alone
_TLS_ONLY = "LakegateTlsOnly"
_OPEN_REGION = "us-east-1"  # the one region that must not be named
_PUBLIC_ACCESS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
_MISSING = frozenset(
    {
        *("404", "NoSuchBucket", "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"),
        *("ServerSideEncryptionConfigurationNotFoundError", "NoSuchLifecycleConfiguration"),
    }
)


def plan_buckets(aws: Aws, target: Target, contracts: Contracts, policies: Policies) -> tuple[Step, ...]:
    """Return a step for each bucket of the target."""
    rules = lifecycle_rules(target, contracts, policies)
    return tuple(
        _plan_bucket(aws.client("s3"), target, bucket, rules.get(bucket, ())) for bucket in target.buckets
    )


def lifecycle_rules(
    target: Target, contracts: Contracts, policies: Policies
) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """Return our lifecycle rules by bucket, each for a prefix.

    RAW and BRONZE move to infrequent access; metrics expire; so does what lies in quarantine, after its
    dataset's retention, and then its old versions within a day, as it may hold what somebody wants forgotten.
    """
    rules: dict[str, list[Mapping[str, Any]]] = {}

    def add(at: Location, name: str, *, old_version_days: int = OLD_VERSION_DAYS, **what: object) -> None:
        rules.setdefault(at.bucket, []).append(
            {
                "ID": f"{_OURS}{name}",
                "Filter": {"Prefix": at.folder},
                "Status": "Enabled",
                **what,
                "NoncurrentVersionExpiration": {"NoncurrentDays": old_version_days},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
            }
        )

    for area, at in target.areas.items():
        match area:
            case Area.RAW:
                add(at, area.value, Transitions=[{"Days": RAW_DAYS, "StorageClass": "STANDARD_IA"}])
            case Area.BRONZE:
                add(at, area.value, Transitions=[{"Days": BRONZE_DAYS, "StorageClass": "STANDARD_IA"}])
            case Area.METRICS:
                add(at, area.value, Expiration={"Days": METRICS_DAYS})
            case Area.QUARANTINE:
                for contract in contracts.datasets:
                    days = policies.of(contract.name).retention_days
                    for kind in ("files", "rows"):
                        add(
                            at.child(kind, contract.name),
                            f"{area.value}-{kind}-{contract.name}",
                            old_version_days=1,
                            Expiration={"Days": days},
                        )
            case _:
                add(at, area.value)
    add(target.artifacts, "artifacts")
    return {bucket: tuple(found) for bucket, found in rules.items()}


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


def _plan_bucket(s3: Any, target: Target, bucket: str, rules: Iterable[Mapping[str, Any]]) -> Step:  # noqa: ANN401
    """Compare one bucket, setting by setting; what is not ours in it (rules, statements) stays."""
    with explained("cannot look at a bucket", f"s3://{bucket}"):
        is_there = _ask(lambda: s3.head_bucket(Bucket=bucket)) is not None

        def ask(operation: str) -> Mapping[str, Any]:
            found = _ask(lambda: getattr(s3, operation)(Bucket=bucket)) if is_there else None
            return found or {}

        lifecycle = ask("get_bucket_lifecycle_configuration").get("Rules", [])
        statements = json.loads(ask("get_bucket_policy").get("Policy", '{"Statement": []}'))["Statement"]
        encryption = ask("get_bucket_encryption").get("ServerSideEncryptionConfiguration", {})
        found = {
            "public_access": ask("get_public_access_block").get("PublicAccessBlockConfiguration"),
            "encryption": _encryption_found(encryption),
            "versioning": ask("get_bucket_versioning").get("Status"),
            f"policy.{_TLS_ONLY}": next((one for one in statements if one.get("Sid") == _TLS_ONLY), None),
            **{f"lifecycle.{one['ID']}": one for one in lifecycle if one["ID"].startswith(_OURS)},
        }
    ours = {f"lifecycle.{one['ID']}": one for one in rules}
    wanted = {
        "public_access": dict.fromkeys(_PUBLIC_ACCESS, True),
        "encryption": f"aws:kms {target.kms_key}" if target.kms_key else "AES256",
        "versioning": "Enabled",
        f"policy.{_TLS_ONLY}": tls_only(bucket, target.account.partition),
        **ours,
    }
    too_many = [name for name in found if name.startswith("lifecycle.") and name not in ours]
    differences = (*differing(wanted, found), *(Difference(name, found[name], None) for name in too_many))
    changed = {one.setting.partition(".")[0] for one in differences}

    def apply() -> None:
        with explained("cannot set up a bucket", f"s3://{bucket}"):
            if not is_there:
                _create(s3, bucket, target.account.region)
            if "public_access" in changed:
                s3.put_public_access_block(
                    Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(_PUBLIC_ACCESS, True)
                )
            if "encryption" in changed:
                s3.put_bucket_encryption(
                    Bucket=bucket, ServerSideEncryptionConfiguration=_encryption(target.kms_key)
                )
            if "versioning" in changed:
                s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            if "policy" in changed:
                kept = [one for one in statements if one.get("Sid") != _TLS_ONLY]
                document = {
                    "Version": "2012-10-17",
                    "Statement": [*kept, tls_only(bucket, target.account.partition)],
                }
                s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
            if "lifecycle" in changed:
                others = [one for one in lifecycle if not one["ID"].startswith(_OURS)]
                s3.put_bucket_lifecycle_configuration(
                    Bucket=bucket, LifecycleConfiguration={"Rules": [*others, *ours.values()]}
                )

    return step_of("bucket", bucket, differences, apply, is_there=is_there)


def _ask(call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return S3's answer, None when there is nothing to answer about."""
    try:
        return call()
    except ClientError as error:
        if code_of(error) in _MISSING:
            return None
        raise


def _create(s3: Any, bucket: str, region: str) -> None:  # noqa: ANN401
    where = {} if region == _OPEN_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
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
