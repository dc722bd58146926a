"""The commands that start fast and need no Spark: `status`, `rollback`, `docs`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.pointer import RELEASE
from checkpoints.lake.promotion import (
    current_release,
    rollback,
)
from contracts.errors import ConfigurationError
from contracts.model import Zone
from dags.cli.console import lake_option, print_json, say, say_table
from dags.cli.path import zone_and_name
from dags.pipeline.catalog import publish_zone, read_catalog
from dags.pipeline.context import find_lake, read_setup
from dags.pipeline.progress import Quiet
from dags.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.docs.index_document import ShownRun
    from checkpoints.lake.layout import Lake
    from checkpoints.lake.manifest import Manifest
    from checkpoints.lake.pointer import VersionRef


_SHOWN_RUNS = 10
_TO_SILVER = "bronze_to_silver"


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """The current version of a dataset or table. ``rows`` of BRONZE are None: they are not counted there."""

    name: str  # silver/events
    version: str
    verdict: str
    rows: int | None
    run_id: str
    promoted_at: datetime


def status_command(*, lake: str | None, as_json: bool) -> int:
    """Show the current versions, the last runs, and what needs a person."""
    from checkpoints.docs.index_document import read_document

    found = find_lake(read_settings(lake=lake))
    found.root.storage.ensure_readable()
    versions = _current_versions(found)
    runs = read_document(found.docs).runs[:_SHOWN_RUNS]
    to_correct = _to_correct(found, runs)
    if as_json:
        current = [asdict(version) | {"promoted_at": version.promoted_at.isoformat()} for version in versions]
        last_runs = [_run_document(run) for run in runs]
        print_json({"current": current, "last_runs": last_runs, "to_correct": to_correct})
    else:
        _show_status(found, versions, runs)
        _show_to_correct(to_correct, lake_option(lake))
    return 0


def _to_correct(lake: Lake, runs: Sequence[ShownRun]) -> list[dict[str, object]]:
    """Return what needs a person: rejected rows and stale corrections by dataset, as of the last run."""
    from checkpoints.metrics.result import read_metrics

    last = next((run for run in runs if _TO_SILVER in run.by_transition), None)
    found = []
    for entry in last.by_transition[_TO_SILVER] if last else ():
        metrics = read_metrics(lake.metrics, last.run_id, _TO_SILVER, entry.dataset) if last else None
        if metrics is not None and (metrics.rows_quarantined or metrics.stale):
            found.append(
                {
                    "dataset": entry.dataset,
                    "run_id": metrics.run_id,
                    "rows_quarantined": metrics.rows_quarantined or 0,
                    "stale_corrections": metrics.stale or 0,
                }
            )
    return found


def _show_to_correct(found: Sequence[Mapping[str, object]], option: str) -> None:
    if not found:
        return
    say("")
    say("needs a person")
    for one in found:
        name = one["dataset"]
        if one["rows_quarantined"]:
            say(f"  {one['rows_quarantined']:,} rejected rows: lakegate quarantine --dataset {name}{option}")
        if one["stale_corrections"]:
            what = "corrections whose rows are no longer in their file"
            say(f"  {one['stale_corrections']:,} {what}: lakegate quarantine log --dataset {name}{option}")


def _current_versions(lake: Lake) -> list[CurrentVersion]:
    versions = []
    for zone in (Zone.BRONZE, Zone.SILVER):
        pointer = read_pointer(lake, zone)
        versions += [_current(zone, line.name, line.current) for line in pointer.lines]
    release = current_release(lake)
    versions += [_current(Zone.GOLD, table.name, table) for table in (release.tables if release else ())]
    return versions


def _current(zone: Zone, name: str, of: VersionRef | Manifest) -> CurrentVersion:
    return CurrentVersion(f"{zone.value}/{name}", of.version, of.verdict, of.rows, of.run_id, of.promoted_at)


def _run_document(run: ShownRun) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "as_of": run.as_of.isoformat(),
        "verdict": run.verdict.value,
        "transitions": _verdicts(run),
    }


def _verdicts(run: ShownRun) -> dict[str, str]:
    """Return the verdict of each transition of a run."""
    from quarantine_policies.decision import Verdict

    return {
        name: Verdict.worst(entry.verdict for entry in entries).value
        for name, entries in run.by_transition.items()
    }


def _show_status(lake: Lake, versions: Sequence[CurrentVersion], runs: Sequence[ShownRun]) -> None:
    if not versions:
        say(f"Nothing was promoted yet in {lake.root.uri}; run lakegate run")
    else:
        current = [
            (
                version.name,
                version.verdict,
                "" if version.rows is None else f"{version.rows:,}",
                f"{version.promoted_at:%Y-%m-%d %H:%M}",
                version.run_id,
            )
            for version in versions
        ]
        say_table(("current", "verdict", "rows", "promoted at", "run"), current, right=("rows",))
    if runs:
        last = [
            (
                run.run_id,
                run.as_of.isoformat(),
                run.verdict.value,
                ", ".join(f"{name} {verdict}" for name, verdict in _verdicts(run).items()),
            )
            for run in runs
        ]
        say("")
        say_table(("last runs", "as of", "verdict", "transitions"), last)


def rollback_command(*, name: str, lake: str | None, as_json: bool) -> int:
    """Make the previous version current again; for GOLD, always the whole release."""
    settings = read_settings(lake=lake)
    found, catalog = find_lake(settings), read_catalog(settings)
    zone, rest = (
        (Zone.GOLD, RELEASE) if name == Zone.GOLD.value else zone_and_name(name, (Zone.SILVER, Zone.GOLD))
    )
    done = rollback(found, zone, rest, now=datetime.now(UTC))
    if catalog:
        publish_zone(read_setup(settings), catalog, zone, Quiet())
    names = [f"{zone.value}/{name}" for name in done.names]
    if as_json:
        print_json({"rolled_back": names, "from": done.from_version, "to": done.to_version})
        return 0
    say(f"{', '.join(names)}: rolled back from {done.from_version} to {done.to_version}")
    if zone is Zone.GOLD:
        say(
            "Gold tables are rolled back together, as one release. Next: lakegate run --only gold_to_redshift"
        )
    else:
        say("Gold is still built from the newer version. Next: lakegate run --only silver_to_gold")
    return 0


def docs_command(*, lake: str | None, serve: bool, port: int, as_json: bool) -> int:
    """Print the location of the Data Docs, or serve them on 127.0.0.1 until Ctrl-C."""
    found = find_lake(read_settings(lake=lake))
    index = found.docs.child("index.html")
    if index.stat() is None:
        raise ConfigurationError("no Data Docs yet", where=index.uri, next_step="run lakegate run")
    if serve:
        from dags.cli.serve import serve_docs

        return serve_docs(found.docs, port=port, as_json=as_json)
    if as_json:
        print_json({"docs": index.uri})
    else:
        say(index.uri)
    return 0
