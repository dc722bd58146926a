"""The commands that only look at a lake, or move its pointers: they start in a moment and need no Spark."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.pointer import RELEASE
from checkpoints.lake.promotion import (
    current_manifest,
    current_place,
    current_release,
    never_promoted,
    rollback,
)
from contracts.faults import ConfigurationError
from contracts.model import Zone
from dags.cli.console import print_json, say
from dags.pipeline.settings import read_settings
from dags.pipeline.setup import find_lake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.lake.layout import Lake
    from checkpoints.lake.pointer import VersionRef
    from checkpoints.lake.rejection import Rejection
    from checkpoints.quarantine.rows import QuarantinedRows


@dataclass(frozen=True, slots=True)
class CurrentVersion:
    """What is current under one name. ``rows`` of BRONZE are None: they are not counted there."""

    name: str  # silver/events
    version: str
    verdict: str
    rows: int | None
    run_id: str
    promoted_at: datetime


def status_command(*, lake: str | None, as_json: bool) -> int:
    """Show what is current, and the last runs."""
    found = find_lake(read_settings(lake=lake))
    found.root.storage.ensure_readable()
    versions = _current_versions(found)
    runs = _last_runs(found)
    if as_json:
        print_json({"current": [_document(version) for version in versions], "last_runs": runs})
        return 0
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("current", "verdict", "rows", "promoted at", "run"):
        table.add_column(heading, justify="right" if heading == "rows" else "left", no_wrap=heading != "run")
    for one in versions:
        rows = "" if one.rows is None else f"{one.rows:,}"
        table.add_row(one.name, one.verdict, rows, f"{one.promoted_at:%Y-%m-%d %H:%M}", one.run_id)
    console = Console()
    console.print(table if versions else f"Nothing was promoted yet in {found.root.uri}: lakegate run")
    if runs:
        last = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("last runs", "as of", "verdict", "transitions"):
            last.add_column(heading)
        for run in runs:
            transitions = run["transitions"]
            assert isinstance(transitions, dict)  # noqa: S101
            told = ", ".join(f"{name} {verdict}" for name, verdict in transitions.items())
            last.add_row(str(run["run_id"]), str(run["as_of"]), str(run["verdict"]), told)
        console.print(last)
    return 0


def _current_versions(lake: Lake) -> list[CurrentVersion]:
    versions = []
    for zone in (Zone.BRONZE, Zone.SILVER):
        pointer = read_pointer(lake, zone)
        versions += [_current(f"{zone.value}/{line.name}", line.current) for line in pointer.lines]
    release = current_release(lake)
    for table in release.tables if release else ():
        versions.append(
            CurrentVersion(
                f"{Zone.GOLD.value}/{table.name}",
                table.version,
                table.verdict,
                table.rows,
                table.run_id,
                table.promoted_at,
            )
        )
    return versions


def _current(name: str, ref: VersionRef) -> CurrentVersion:
    return CurrentVersion(name, ref.version, ref.verdict, ref.rows, ref.run_id, ref.promoted_at)


def _document(one: CurrentVersion) -> dict[str, object]:
    return {
        "name": one.name,
        "version": one.version,
        "verdict": one.verdict,
        "rows": one.rows,
        "run_id": one.run_id,
        "promoted_at": one.promoted_at.isoformat(),
    }


def _last_runs(lake: Lake, most: int = 10) -> list[dict[str, object]]:
    """Return the last runs from the page that Data Docs keep of them, newest first."""
    from checkpoints.docs.index import read_runs
    from dags.pipeline.places import reader
    from quarantine_policies.decision import Verdict

    return [
        {
            "run_id": run.run.run_id,
            "as_of": run.run.as_of.isoformat(),
            "verdict": run.verdict.value,
            "transitions": {
                name: Verdict.worst(entry.verdict for entry in entries).value
                for name, entries in run.by_transition.items()
            },
        }
        for run in read_runs(reader(lake.docs))[:most]
    ]


def path_command(*, name: str, lake: str | None, as_json: bool) -> int:
    """Print where a promoted version lies."""
    found = find_lake(read_settings(lake=lake))
    zone, rest = _split(name, (Zone.BRONZE, Zone.SILVER, Zone.GOLD))
    if zone is Zone.BRONZE:
        pointer = read_pointer(found, zone)
        if pointer.line(rest) is None:
            raise never_promoted(found, zone, rest, [line.name for line in pointer.lines])
        uri = found.bronze(rest).uri
    else:
        uri = current_place(found, zone, current_manifest(found, zone, rest)).uri
    if as_json:
        print_json({"name": name, "uri": uri})
    else:
        say(uri)
    return 0


def rollback_command(*, name: str, lake: str | None, as_json: bool) -> int:
    """Make the previous version current again; of GOLD, always the whole release."""
    found = find_lake(read_settings(lake=lake))
    zone, rest = (Zone.GOLD, RELEASE) if name == Zone.GOLD.value else _split(name, (Zone.SILVER, Zone.GOLD))
    done = rollback(found, zone, rest, now=datetime.now(UTC))
    names = [f"{zone.value}/{one}" for one in done.names]
    if as_json:
        print_json({"rolled_back": names, "from": done.from_version, "to": done.to_version})
        return 0
    say(f"{', '.join(names)}: back from {done.from_version} to {done.to_version}")
    if zone is Zone.GOLD:
        say("The ten gold tables are one release: all went back. Now: lakegate run --only gold_to_redshift")
    else:
        say("Gold still shows the version before. Now: lakegate run --only silver_to_gold")
    return 0


def _split(name: str, zones: tuple[Zone, ...]) -> tuple[Zone, str]:
    zone, slash, rest = name.partition("/")
    if not slash or not rest or zone not in [one.value for one in zones]:
        known = " or ".join(f"{one.value}/NAME" for one in zones)
        raise ConfigurationError("this names nothing in a lake", where=repr(name), expected=known)
    return Zone(zone), rest


def quarantine_command(
    *, lake: str | None, dataset: str | None, rule: str | None, limit: int, as_json: bool
) -> int:
    """Show the rejected files, and the rows that the last run of each dataset rejected, by reason."""
    from checkpoints.quarantine.rows import last_quarantine
    from contracts.reader import load_contracts

    settings = read_settings(lake=lake)
    found = find_lake(settings)
    found.root.storage.ensure_readable()
    known = [contract.name for contract in load_contracts(settings.contracts).datasets]
    if dataset is not None and dataset not in known:
        raise ConfigurationError(
            "there is no such dataset", where="--dataset", expected=", ".join(known), found=repr(dataset)
        )
    names = known if dataset is None else [dataset]
    files = [
        {"dataset": one.dataset, "key": one.key, "reason": one.reason.value, "detail": one.detail}
        for name in names
        for one in _still_rejected(found, name)
        if rule is None or one.reason.value == rule
    ]
    summaries = [last_quarantine(found, name, rule=rule, limit=limit) for name in names]
    if as_json:
        print_json(
            {
                "files": files,
                "rows": [
                    {
                        "dataset": one.dataset,
                        "run_id": one.run_id,
                        "rows": one.rows,
                        "rows_by_rule": dict(one.rows_by_rule),
                        "samples": [
                            {
                                "source_file": row.source_file,
                                "failed_rules": list(row.failed_rules),
                                "raw": row.raw,
                            }
                            for row in one.samples
                        ],
                    }
                    for one in summaries
                    if one is not None
                ],
            }
        )
        return 0
    _show_quarantine(files, [one for one in summaries if one is not None])
    return 0


def _still_rejected(lake: Lake, dataset: str) -> Iterator[Rejection]:
    """Yield the rejected files of a dataset, but for those that were mended and taken in since."""
    from checkpoints.lake.bronze import current_ledger
    from checkpoints.lake.rejection import rejections

    ledger = current_ledger(lake, dataset)
    for one in rejections(lake, dataset):
        is_mended = (
            ledger is not None
            and one.key in ledger.files
            and one.key not in ledger.rejected
            and one.rejected_at <= ledger.promoted_at
        )
        if not is_mended:
            yield one


def _show_quarantine(files: list[dict[str, str]], summaries: list[QuarantinedRows]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    reasons = Counter(file["reason"] for file in files)
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    console.print(f"[bold]rejected files[/]  {len(files):,}  {told}")
    if files:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading in ("dataset", "key", "reason", "what was found"):
            table.add_column(heading, overflow="fold")
        for file in files:
            table.add_row(*(escape(file[name]) for name in ("dataset", "key", "reason", "detail")))
        console.print(table)
    for one in summaries:
        told = ", ".join(f"{rule} {count:,}" for rule, count in sorted(one.rows_by_rule.items()))
        console.print(f"[bold]{one.dataset}: rejected rows[/]  {one.rows:,} in run {one.run_id}  {told}")
        if one.samples:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for heading in ("file", "broken rules", "raw"):
                table.add_column(heading, overflow="fold")
            for row in one.samples:
                table.add_row(escape(row.source_file), ", ".join(row.failed_rules), escape(row.raw[:300]))
            console.print(table)
        console.print(f"all of them: {one.uri}", soft_wrap=True)


def docs_command(*, lake: str | None, serve: bool, port: int, as_json: bool) -> int:
    """Say where the Data Docs are, or serve them on loopback until Ctrl-C."""
    found = find_lake(read_settings(lake=lake))
    first = found.docs.child("index.html")
    if first.stat() is None:
        raise ConfigurationError("there are no Data Docs yet", where=first.uri, next_step="run lakegate run")
    if not serve:
        if as_json:
            print_json({"docs": first.uri})
        else:
            say(first.uri)
        return 0
    from dags.cli.serve import serve_docs

    return serve_docs(found.docs, port=port, as_json=as_json)
