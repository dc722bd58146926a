"""`lakegate diff`: what differs between two promoted versions of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.model import Zone
from dags.cli.console import print_json, say
from dags.cli.path import zone_and_name
from dags.cli.run import show_progress
from dags.pipeline.context import read_setup
from dags.pipeline.version_diff import compare_versions, select_versions
from dags.settings import read_settings
from dags.spark.errors import translate_errors
from dags.spark.local import spark_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.lake.manifest import Manifest
    from dags.pipeline.version_diff import VersionDiff


def diff_command(
    *, name: str, from_version: str | None, to_version: str | None, lake: str | None, as_json: bool
) -> int:
    """Print the difference of two versions: schema, rows, columns, samples."""
    zone, table = zone_and_name(name, (Zone.SILVER, Zone.GOLD))
    settings = read_settings(lake=lake)
    setup = read_setup(settings)
    before, after = select_versions(setup, zone, table, from_version, to_version)
    with show_progress(is_quiet=as_json) as progress, translate_errors("diff"):
        progress.transition("diff")
        progress.step("starting Spark")
        spark = spark_of(settings)(before.size_bytes + after.size_bytes)
        progress.step(f"comparing {before.rows:,} and {after.rows:,} rows")
        found = compare_versions(setup, spark, zone, before, after)
    if as_json:
        print_json(_document(name, found))
    else:
        say("\n".join(_lines(name, found)))
    return 0


def _document(name: str, found: VersionDiff) -> dict[str, object]:
    return {
        "name": name,
        "from": _version(found.before),
        "to": _version(found.after),
        "schema": [{"column": one.column, "before": one.before, "after": one.after} for one in found.schema],
        "rows_added": found.added,
        "rows_removed": found.removed,
        "rows_changed": found.changed,
        "columns": [
            {
                "column": one.column,
                "rows": one.rows,
                "samples": [
                    {"key": dict(value.key), "before": value.before, "after": value.after}
                    for value in one.samples
                ],
            }
            for one in found.columns
        ],
        "added_keys": [dict(key) for key in found.added_keys],
        "removed_keys": [dict(key) for key in found.removed_keys],
    }


def _version(manifest: Manifest) -> dict[str, object]:
    return {
        "version": manifest.version,
        "run_id": manifest.run_id,
        "as_of": manifest.as_of.isoformat(),
        "contract_version": manifest.contract_version,
        "rows": manifest.rows,
    }


def _lines(name: str, found: VersionDiff) -> Iterator[str]:
    yield name
    for word, manifest in (("from", found.before), ("to", found.after)):
        yield (
            f"  {word:4}  {manifest.version}  run {manifest.run_id}, contract {manifest.contract_version}, "
            f"{manifest.rows:,} rows"
        )
    for change in found.schema:
        yield f"  column {change.column}: {change.before or 'none'} -> {change.after or 'none'}"
    if not found.schema:
        yield "  schema: no difference"
    for word, rows, keys in (
        ("added", found.added, found.added_keys),
        ("removed", found.removed, found.removed_keys),
    ):
        samples = f", such as {'; '.join(map(_key, keys))}" if keys else ""
        yield f"  rows {word}: {rows:,}{samples}"
    yield f"  rows changed: {found.changed:,}"
    for column in found.columns:
        yield f"    in {column.column}: {column.rows:,}"
        for value in column.samples:
            yield f"      {_key(value.key)}: {value.before} -> {value.after}"


def _key(key: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in key.items())
