"""Difference of two promoted versions of a table: schema, and rows by key and column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any  # Any: values of rows

from checkpoints.gate.masking import Masking, mask
from checkpoints.lake.promotion import current_manifest, current_place, kept_manifests
from checkpoints.storage.errors import NoEarlierVersionError
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.spark.frames import read_frame
from dags.spark.session import shuffles_sized_for
from transforms.bronze_to_silver.files import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame, Row, SparkSession

    from checkpoints.lake.manifest import Manifest
    from contracts.model import Contract
    from dags.pipeline.context import Setup

_KEY, _BEFORE, _AFTER = "lakegate key", "lakegate before", "lakegate after"


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A column that was added (``before`` is None), removed (``after`` is None) or has another type."""

    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One sampled value: the row's key, and the value in both versions as text, masked where necessary."""

    key: Mapping[str, str]
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """The rows in which a column differs. ``samples``: of the least and the greatest key."""

    column: str
    rows: int
    samples: tuple[ChangedValue, ...]


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """The difference of two versions, from the one to the other.

    ``added``, ``removed``, ``changed``: numbers of rows, matched by key. ``added_keys``, ``removed_keys``:
    the least and the greatest key.
    """

    before: Manifest
    after: Manifest
    schema: tuple[SchemaChange, ...]
    added: int
    removed: int
    changed: int
    columns: tuple[ColumnChange, ...]
    added_keys: tuple[Mapping[str, str], ...]
    removed_keys: tuple[Mapping[str, str], ...]


def select_versions(
    setup: Setup, zone: Zone, name: str, from_version: str | None, to_version: str | None
) -> tuple[Manifest, Manifest]:
    """Return the manifests of the versions to compare; by default the current one and the one before it.

    Raises:
        NeverPromotedError: the name has no version.
        NoEarlierVersionError: no version before the newer one is kept.
        ConfigurationError: a version is not kept.
    """
    kept = kept_manifests(setup.lake, zone, name)
    after = (
        current_manifest(setup.lake, zone, name) if to_version is None else _kept(kept, to_version, "--to")
    )
    if from_version is not None:
        return _kept(kept, from_version, "--from"), after
    earlier = next((one for one in kept if one.promoted_at < after.promoted_at), None)
    if earlier is None:
        raise NoEarlierVersionError(
            f"{zone}/{name} has no earlier version",
            setup.lake.area(zone).uri,
            found=f"{after.version} as the oldest version kept",
            next_step="compare again after the next run that promotes",
        )
    return earlier, after


def compare_versions(
    setup: Setup, spark: SparkSession, zone: Zone, before: Manifest, after: Manifest
) -> VersionDiff:
    """Compare two versions row by row, in one Spark job.

    A column of another type is compared as text. Columns that only one version has are part of the schema's
    difference, not of the rows'.

    Raises:
        ConfigurationError: the table has no contract any more.
    """
    from pyspark.sql import functions as sf

    contract, masking = _contract(setup, zone, after.name)
    old, new = ({one.name: one.type for one in manifest.schema} for manifest in (before, after))
    schema = tuple(
        SchemaChange(name, old.get(name), new.get(name))
        for name in dict.fromkeys((*new, *old))
        if old.get(name) != new.get(name)
    )
    compared = [name for name in new if name in old and name not in contract.key]
    joined = _joined(setup, spark, zone, (before, after), contract, compared)
    is_added, is_removed = sf.col(_BEFORE).isNull(), sf.col(_AFTER).isNull()
    is_in_both = ~is_added & ~is_removed
    differs = {
        name: is_in_both & ~_member(_BEFORE, name).eqNullSafe(_member(_AFTER, name)) for name in compared
    }
    is_changed = sf.lit(False)
    for condition in differs.values():
        is_changed |= condition
    totals = [
        *_totals("added", is_added, sf.col(_KEY)),
        *_totals("removed", is_removed, sf.col(_KEY)),
        sf.count_if(is_changed).alias("changed"),
    ]
    for number, (name, condition) in enumerate(differs.items()):
        sample = sf.struct(
            _KEY,
            _member(_BEFORE, name).cast("string").alias("before"),
            _member(_AFTER, name).cast("string").alias("after"),
        )
        totals += _totals(str(number), condition, sample)
    with shuffles_sized_for(spark, max(before.size_bytes, after.size_bytes)):
        found = joined.agg(*totals).first()
    assert found is not None  # an aggregate has one row
    return VersionDiff(
        before,
        after,
        schema,
        found["added"],
        found["removed"],
        found["changed"],
        tuple(
            ColumnChange(name, found[str(number)], _changed_values(found, str(number), name, masking))
            for number, name in enumerate(differs)
            if found[str(number)]
        ),
        _keys(found, "added", masking),
        _keys(found, "removed", masking),
    )


def _kept(kept: Sequence[Manifest], version: str, option: str) -> Manifest:
    found = next((one for one in kept if one.version == version), None)
    if found is None:
        known = ", ".join(one.version for one in kept)
        raise ConfigurationError(
            "no such version is kept", where=option, expected=f"one of {known}", found=repr(version)
        )
    return found


def _contract(setup: Setup, zone: Zone, name: str) -> tuple[Contract, Masking]:
    contracts = setup.contracts
    tables = contracts.silver_tables if zone is Zone.SILVER else contracts.gold
    contract = next((one for one in tables if one.name == name), None)
    if contract is None:
        raise ConfigurationError(
            f"{zone}/{name} has no contract",
            where="contracts",
            next_step="use the contracts that the table was promoted with",
        )
    policy = setup.policies.gold if zone is Zone.GOLD else setup.policies.of(contract.dataset)
    return contract, Masking.of(contract, policy.masked_columns)


def _joined(
    setup: Setup,
    spark: SparkSession,
    zone: Zone,
    versions: Sequence[Manifest],
    contract: Contract,
    compared: Sequence[str],
) -> DataFrame:
    """Return the rows of both versions side by side: key, and a struct of each version's compared columns.

    The struct is null where a version has no such row.
    """
    from pyspark.sql import functions as sf

    types = [{one.name: one.type for one in manifest.schema} for manifest in versions]
    is_text = {name: types[0][name] != types[1][name] for name in compared}
    key = sf.struct(*(quoted(name) for name in contract.key)).alias(_KEY)
    sides = []
    for manifest, alias in zip(versions, (_BEFORE, _AFTER), strict=True):
        frame = _read(setup, spark, zone, manifest)
        values = [
            (quoted(name).cast("string") if is_text[name] else quoted(name)).alias(name) for name in compared
        ]
        sides.append(frame.select(key, sf.struct(*values, sf.lit(True).alias(_KEY)).alias(alias)))
    return sides[0].join(sides[1], _KEY, "full")


def _read(setup: Setup, spark: SparkSession, zone: Zone, manifest: Manifest) -> DataFrame:
    from pyspark.sql.types import StructType

    schema = StructType.fromDDL(", ".join(f"`{one.name}` {one.type}" for one in manifest.schema))
    assert isinstance(schema, StructType)  # of several columns
    return read_frame(spark, current_place(setup.lake, zone, manifest), schema)


def _member(struct: str, name: str) -> Column:
    return quoted(struct).getField(name)


def _totals(name: str, condition: Column, sample: Column) -> list[Column]:
    """Return the number of rows that meet a condition, and the least and the greatest sample of them."""
    from pyspark.sql import functions as sf

    sampled = sf.when(condition, sample)
    return [
        sf.count_if(condition).alias(name),
        sf.min(sampled).alias(f"{name} low"),
        sf.max(sampled).alias(f"{name} high"),
    ]


def _sampled(found: Row, name: str) -> list[Any]:
    ends = [found[f"{name} low"], found[f"{name} high"]]
    return list(dict.fromkeys(end for end in ends if end is not None))


def _keys(found: Row, name: str, masking: Masking) -> tuple[Mapping[str, str], ...]:
    return tuple(_shown_key(key, masking) for key in _sampled(found, name))


def _changed_values(found: Row, number: str, column: str, masking: Masking) -> tuple[ChangedValue, ...]:
    return tuple(
        ChangedValue(
            _shown_key(sample[_KEY], masking),
            _shown(column, sample["before"], masking),
            _shown(column, sample["after"], masking),
        )
        for sample in _sampled(found, number)
    )


def _shown_key(key: Row, masking: Masking) -> dict[str, str]:
    return {name: _shown(name, value, masking) for name, value in key.asDict().items()}


def _shown(column: str, value: object, masking: Masking) -> str:
    if value is None:
        return "null"
    return mask(str(value)) if column in masking.columns else str(value)
