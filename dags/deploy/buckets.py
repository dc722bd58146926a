"""S3 buckets: public access blocked, encrypted, versioned, TLS only, with lifecycle rules per zone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from checkpoints.lake.layout import STAGING, Area, gold_folder
from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.plan import Difference, Step, diff_settings, make_step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from checkpoints.aws import AwsClient
    from contracts.loader import Contracts
    from dags.deploy.aws import Aws
    from dags.deploy.target import Location, Target
    from quarantine_policies.reader import Policies

Rule: TypeAlias = "Mapping[str, Any]"
"""A lifecycle rule in S3's format."""

_RULE_PREFIX: Final = "lakegate-"  # ids of lifecycle rules made here; others are kept
_RAW_DAYS, _METRICS_DAYS = 90, 180
_OLD_VERSION_DAYS = 30  # how long a mistake can be undone
_REWRITTEN_DAYS = 1  # the same where each run writes everything anew, or personal data must go
_UNFINISHED_UPLOAD_DAYS = 1  # no job runs that long

_TLS_ONLY = "LakegateTlsOnly"
_DEFAULT_REGION = "us-east-1"  # CreateBucket rejects it as a location constraint
_NO_PUBLIC_ACCESS = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
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
) -> Mapping[str, tuple[Rule, ...]]:
    """Return the lifecycle rules by bucket, one per prefix.

    Where prefixes lie within each other, S3 applies the shorter time: old versions of SILVER's and GOLD's
    data and of what is staged go the next day, those of the manifests beside them stay. RAW moves to
    infrequent access; BRONZE does not, as every run may read it. Metrics expire. Quarantined files and rows
    expire after their dataset's retention, and their old versions a day later, as they may contain personal
    data.
    """
    rules: dict[str, list[Rule]] = {}
    for at, rule in _placed_rules(target, contracts, policies):
        rules.setdefault(at.bucket, []).append(rule)
    return {bucket: tuple(found) for bucket, found in rules.items()}


def _tls_only(bucket: str, partition: str) -> Mapping[str, Any]:
    """Return the policy statement that denies requests without TLS."""
    arn = f"arn:{partition}:s3:::{bucket}"
    return {
        "Sid": _TLS_ONLY,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@dataclass(frozen=True, slots=True)
class _LiveBucket:
    """Current state of a bucket."""

    exists: bool
    public_access: object = None
    encryption: str | None = None
    versioning: object = None
    policy: Mapping[str, Any] = field(default_factory=dict)
    rules: Sequence[Rule] = ()

    @property
    def statements(self) -> Sequence[Mapping[str, Any]]:
        """The policy's statements; a single one may be a plain object."""
        found = self.policy.get("Statement", [])
        return found if isinstance(found, list) else [found]

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings managed here, by display name."""
        own_rules = [one for one in self.rules if one.get("ID", "").startswith(_RULE_PREFIX)]
        return {
            "public_access": self.public_access,
            "encryption": self.encryption,
            "versioning": self.versioning,
            f"policy.{_TLS_ONLY}": next(
                (one for one in self.statements if one.get("Sid") == _TLS_ONLY), None
            ),
            **{f"lifecycle.{one['ID']}": _with_prefix(one) for one in own_rules},
        }


def _plan_bucket(s3: AwsClient, target: Target, bucket: str, rules: Sequence[Rule]) -> Step:
    """Compare one bucket by setting; rules and statements made elsewhere are kept."""
    live = _read_bucket(s3, bucket)
    statement = _tls_only(bucket, target.account.partition)
    wanted: Mapping[str, object] = {
        "public_access": _NO_PUBLIC_ACCESS,
        "encryption": f"aws:kms {target.kms_key}" if target.kms_key else "AES256",
        "versioning": "Enabled",
        f"policy.{_TLS_ONLY}": statement,
        **{f"lifecycle.{one['ID']}": one for one in rules},
    }
    found = live.settings
    differences = (
        *diff_settings(wanted, found),
        *(Difference(name, value, None) for name, value in found.items() if name not in wanted),
    )
    changed = {one.setting.partition(".")[0] for one in differences}

    def apply() -> None:
        with translate_errors("cannot set up a bucket", f"s3://{bucket}"):
            if not live.exists:
                _create(s3, bucket, target.account.region)
            if "public_access" in changed:
                s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=_NO_PUBLIC_ACCESS)
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
                others = [one for one in live.rules if not one.get("ID", "").startswith(_RULE_PREFIX)]
                s3.put_bucket_lifecycle_configuration(
                    Bucket=bucket, LifecycleConfiguration={"Rules": [*others, *rules]}
                )

    return make_step("bucket", bucket, differences, apply, exists=live.exists)


def _read_bucket(s3: AwsClient, bucket: str) -> _LiveBucket:
    with translate_errors("cannot read a bucket", f"s3://{bucket}"):
        if get_or_none(s3.head_bucket, _MISSING, Bucket=bucket) is None:
            return _LiveBucket(exists=False)
        public_access, encryption, versioning, policy, lifecycle = (
            get_or_none(call, _MISSING, Bucket=bucket) or {}
            for call in (
                s3.get_public_access_block,
                s3.get_bucket_encryption,
                s3.get_bucket_versioning,
                s3.get_bucket_policy,
                s3.get_bucket_lifecycle_configuration,
            )
        )
    return _LiveBucket(
        exists=True,
        public_access=public_access.get("PublicAccessBlockConfiguration"),
        encryption=_encryption_name(encryption.get("ServerSideEncryptionConfiguration", {})),
        versioning=versioning.get("Status"),
        policy=json.loads(policy.get("Policy", "{}")),
        rules=lifecycle.get("Rules", ()),
    )


def _create(s3: AwsClient, bucket: str, region: str) -> None:
    where = {} if region == _DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=bucket, **where)


def _encryption(kms_key: str | None) -> Mapping[str, Any]:
    if kms_key is None:
        return {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
    return {"Rules": [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]}


def _encryption_name(configuration: Mapping[str, Any]) -> str | None:
    for rule in configuration.get("Rules", ()):
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        parts = (default.get("SSEAlgorithm"), default.get("KMSMasterKeyID"))
        return " ".join(part for part in parts if part)
    return None


def _with_prefix(rule: Rule) -> Rule:
    """Return a rule with an explicit prefix: S3 omits an empty one."""
    return {**rule, "Filter": {"Prefix": rule.get("Filter", {}).get("Prefix", "")}}


def _placed_rules(
    target: Target, contracts: Contracts, policies: Policies
) -> Iterator[tuple[Location, Rule]]:
    for area, at in target.areas.items():
        match area:
            case Area.RAW:
                yield at, _rule(at, area.value, Transitions=[_infrequent_access(_RAW_DAYS)])
            case Area.BRONZE:
                yield from _rules_within(at, area.value, [STAGING])
            case Area.SILVER:
                tables = [contract.name for contract in contracts.silver_tables]
                yield from _rules_within(at, area.value, [STAGING, *tables])
            case Area.GOLD:
                folders = dict.fromkeys(gold_folder(contract.name) for contract in contracts.gold)
                yield from _rules_within(at, area.value, [STAGING, *folders])
            case Area.DOCS:
                yield at, _rule(at, area.value, old_version_days=_REWRITTEN_DAYS)
            case Area.METRICS:
                yield at, _rule(at, area.value, Expiration={"Days": _METRICS_DAYS})
            case Area.QUARANTINE:
                yield at, _rule(at, area.value, old_version_days=_REWRITTEN_DAYS)
                for contract in contracts.datasets:
                    expiration = {"Days": policies.of(contract.name).retention_days}
                    for kind in ("files", "rows"):
                        folder = at.child(kind, contract.name)
                        name = f"{area.value}-{kind}-{contract.name}"
                        days = _REWRITTEN_DAYS
                        yield folder, _rule(folder, name, old_version_days=days, Expiration=expiration)
            case _:
                yield at, _rule(at, area.value)
    yield target.artifacts, _rule(target.artifacts, "artifacts")


def _rules_within(at: Location, name: str, rewritten: Iterable[str]) -> Iterator[tuple[Location, Rule]]:
    """Yield the rule of a zone, and those of its folders that each run writes anew."""
    yield at, _rule(at, name)
    for child in rewritten:
        folder = at.child(child)
        yield folder, _rule(folder, f"{name}-{child}", old_version_days=_REWRITTEN_DAYS)


def _rule(at: Location, name: str, *, old_version_days: int = _OLD_VERSION_DAYS, **actions: object) -> Rule:
    """Return a rule. With an expiry in days, S3 removes expired delete markers of its own accord."""
    return {
        "ID": f"{_RULE_PREFIX}{name}",
        "Filter": {"Prefix": at.folder},
        "Status": "Enabled",
        "Expiration": {"ExpiredObjectDeleteMarker": True},
        **actions,
        "NoncurrentVersionExpiration": {"NoncurrentDays": old_version_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": _UNFINISHED_UPLOAD_DAYS},
    }


def _infrequent_access(days: int) -> Mapping[str, object]:
    return {"Days": days, "StorageClass": "STANDARD_IA"}
