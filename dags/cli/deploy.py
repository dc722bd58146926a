"""`lakegate deploy`: show what AWS lacks, as a diff, and make it so."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import TYPE_CHECKING

from dags.cli.console import print_json, say
from dags.deploy.aws import Aws
from dags.deploy.deployment import plan_deployment
from dags.deploy.package import read_package
from dags.deploy.plan import Action, carry_out
from dags.deploy.policies import write_documents
from dags.deploy.target import Target, location, locations
from dags.pipeline.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dags.deploy.plan import Difference, Plan, Step

_SIGNS = {Action.CREATE: "+", Action.UPDATE: "~", Action.DELETE: "-", Action.UNCHANGED: " "}
_COLOURS = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red"}


def deploy_command(
    *,
    lake: str | None,
    warehouse: str | None,
    artifacts: str | None,
    dist: Path,
    name: str,
    region: str | None,
    kms_key: str | None,
    glue_role: str | None,
    create_roles: bool,
    policies_out: Path | None,
    topic: str | None,
    queue: str | None,
    workgroup: str | None,
    workers: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Plan, show, and unless it is a dry run carry out; return the exit status."""
    settings = read_settings(lake=lake, warehouse=warehouse, kms_key=kms_key)
    areas = locations(settings)
    at = location(settings.lake, "--lake").child("artifacts")
    package = read_package(dist)
    aws = Aws(region)
    target = Target(
        account=aws.account(),
        settings=settings,
        areas=areas,
        artifacts=location(artifacts, "--artifacts") if artifacts else at,
        package=package,
        name=name,
        glue_role=glue_role,
        topic=topic,
        queue=queue,
        workgroup=workgroup,
        most_workers=workers,
    )
    documents = write_documents(target, policies_out) if policies_out else ()
    plan = plan_deployment(aws, target, with_roles=create_roles)
    if as_json:
        document = {
            "is_dry_run": dry_run,
            "applied": 0 if dry_run else carry_out(plan),
            "steps": plan.document,
            "obstacles": [str(obstacle) for obstacle in plan.obstacles],
            "policies": [str(path) for path in documents],
        }
        print_json(document)
        return 0
    _show(plan)
    for path in documents:
        say(f"policy to review: {path}")
    if not dry_run:
        changed = carry_out(plan, _tell)
        of = f"{changed} of {len(plan.steps)} changed."
        say(of if changed else "Everything is as it should be: nothing was changed.")
    elif plan.changes:
        say(f"Dry run: {len(plan.changes)} of {len(plan.steps)} would change; nothing was changed.")
    else:
        say("Dry run: everything is as it should be.")
    return 0


def _show(plan: Plan) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for step in plan.changes:
        colour = _COLOURS[step.action]
        console.print(
            Text(f"{_SIGNS[step.action]} {step.kind} {step.name}", style=f"bold {colour}"), soft_wrap=True
        )
        for sign, text in (line for one in step.differences for line in _lines(one)):
            style = {"-": "red", "+": "green"}.get(sign, "")
            console.print(Text(f"    {sign} {text}".rstrip(), style=style), soft_wrap=True)
    unchanged = len(plan.steps) - len(plan.changes)
    if unchanged:
        console.print(f"  {unchanged} unchanged")
    for obstacle in plan.obstacles:
        console.print(Text(f"! {obstacle}", style="bold red"), soft_wrap=True)


def _lines(one: Difference) -> Iterator[tuple[str, str]]:
    """Yield a difference line by line: of a document or a list that is there already, only what changes."""
    if one.found is None:
        yield "+", f"{one.setting}: {_in_a_line(one.wanted)}"
        return
    if one.wanted is None:
        yield "-", f"{one.setting}: {_in_a_line(one.found)}"
        return
    found, wanted = _in_lines(one.found), _in_lines(one.wanted)
    if len(found) == len(wanted) == 1:
        yield "-", f"{one.setting}: {found[0]}"
        yield "+", f"{one.setting}: {wanted[0]}"
        return
    yield " ", f"{one.setting}:"
    for line in list(unified_diff(found, wanted, lineterm="", n=1))[2:]:
        yield ("…", "") if line.startswith("@@") else (line[0], f"  {line[1:]}")


def _in_a_line(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _in_lines(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split(",")
    return json.dumps(value, indent=2, default=str).splitlines()


def _tell(step: Step) -> None:
    say(f"{step.action.value} {step.kind} {step.name}")
