"""How long what lies in a bucket is kept, and where: S3's own rules, one for each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from checkpoints.lake.layout import Area

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contracts.reader import Contracts
    from dags.deploy.target import Location, Target
    from quarantine_policies.reader import Policies

Rule: TypeAlias = "Mapping[str, Any]"
"""A lifecycle rule as S3 spells it."""

OURS: Final = "lakegate-"  # begins the ids of our rules; others' are left alone
RAW_DAYS, BRONZE_DAYS, METRICS_DAYS = 90, 120, 180
OLD_VERSION_DAYS = 30  # a mistake can be undone that long
UNFINISHED_DAYS = 7  # of an upload that nobody finished


def lifecycle_rules(
    target: Target, contracts: Contracts, policies: Policies
) -> Mapping[str, tuple[Rule, ...]]:
    """Return our lifecycle rules by bucket, each for a prefix.

    RAW and BRONZE move to infrequent access; metrics expire; so does what lies in quarantine, after its
    dataset's retention, and then its old versions within a day, as it may hold what somebody wants forgotten.
    """
    rules: dict[str, list[Rule]] = {}
    for at, rule in _placed_rules(target, contracts, policies):
        rules.setdefault(at.bucket, []).append(rule)
    return {bucket: tuple(found) for bucket, found in rules.items()}


def _placed_rules(
    target: Target, contracts: Contracts, policies: Policies
) -> Iterator[tuple[Location, Rule]]:
    for area, at in target.areas.items():
        match area:
            case Area.RAW:
                yield at, _rule(at, area.value, Transitions=[_infrequent_access(RAW_DAYS)])
            case Area.BRONZE:
                yield at, _rule(at, area.value, Transitions=[_infrequent_access(BRONZE_DAYS)])
            case Area.METRICS:
                yield at, _rule(at, area.value, Expiration={"Days": METRICS_DAYS})
            case Area.QUARANTINE:
                for contract in contracts.datasets:
                    expiration = {"Days": policies.of(contract.name).retention_days}
                    for kind in ("files", "rows"):
                        folder = at.child(kind, contract.name)
                        name = f"{area.value}-{kind}-{contract.name}"
                        yield folder, _rule(folder, name, old_version_days=1, Expiration=expiration)
            case _:
                yield at, _rule(at, area.value)
    yield target.artifacts, _rule(target.artifacts, "artifacts")


def _rule(at: Location, name: str, *, old_version_days: int = OLD_VERSION_DAYS, **what: object) -> Rule:
    return {
        "ID": f"{OURS}{name}",
        "Filter": {"Prefix": at.folder},
        "Status": "Enabled",
        **what,
        "NoncurrentVersionExpiration": {"NoncurrentDays": old_version_days},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_DAYS},
    }


def _infrequent_access(days: int) -> Mapping[str, object]:
    return {"Days": days, "StorageClass": "STANDARD_IA"}
