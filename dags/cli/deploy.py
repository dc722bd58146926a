"""`lakegate deploy`: show the differences between AWS and the configuration, and apply them."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import TYPE_CHECKING

from dags.cli.console import print_json, say
from dags.deploy.aws import Aws
from dags.deploy.deployment import plan_deployment
from dags.deploy.docs_access import docs_access
from dags.deploy.package import read_package
from dags.deploy.plan import SQL, ChangeKind, carry_out
from dags.deploy.policies import write_documents
from dags.deploy.tags import read_tags
from dags.deploy.target import Target, location, locations
from dags.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dags.deploy.plan import Difference, Plan, Step

_SIGNS = {ChangeKind.CREATE: "+", ChangeKind.UPDATE: "~", ChangeKind.DELETE: "-", ChangeKind.UNCHANGED: " "}
_COLOURS = {ChangeKind.CREATE: "green", ChangeKind.UPDATE: "yellow", ChangeKind.DELETE: "red"}


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
    arrivals: bool,
    tags: Sequence[str],
    workgroup: str | None,
    loader: str | None,
    readers: tuple[str, ...],
    workers: int,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Show the plan and, unless ``dry_run``, apply it; return the exit status."""
    settings = read_settings(lake=lake, warehouse=warehouse, kms_key=kms_key, topic=topic)
    areas = locations(settings)
    default_artifacts = location(settings.lake, "--lake").child("artifacts")
    package = read_package(dist)
    extra_tags = read_tags(tags)
    aws = Aws(region)
    account = aws.account()
    target = Target(
        account=account,
        settings=settings,
        areas=areas,
        artifacts=location(artifacts, "--artifacts") if artifacts else default_artifacts,
        package=package,
        name=name,
        glue_role=glue_role,
        queue=queue or (account.arn("sqs", f"{name}-arrivals") if arrivals else None),
        has_arrivals=arrivals,
        workgroup=workgroup,
        loader=loader,
        readers=readers,
        max_workers=workers,
        extra_tags=extra_tags,
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
            "docs_access": docs_access(target),
        }
        print_json(document)
        return 0
    _show(plan)
    for path in documents:
        say(f"policy to review: {path}")
    _show_docs_access(target)
    if not dry_run:
        changed = carry_out(plan, _show_step)
        outcome = f"{changed} of {len(plan.steps)} changed."
        say(outcome if changed else "Everything is up to date: nothing was changed.")
    elif plan.changes:
        say(f"Dry run: {len(plan.changes)} of {len(plan.steps)} would change; nothing was changed.")
    else:
        say("Dry run: everything is up to date.")
    return 0


def _show_docs_access(target: Target) -> None:
    say("To open the Data Docs to browsers, a CloudFront distribution (DEPLOYMENT.md; --json has it whole):")
    access = docs_access(target)
    (origin,) = access["distribution"]["Origins"]["Items"]
    behavior = access["distribution"]["DefaultCacheBehavior"]
    shown = {
        "origin": f"{origin['DomainName']}{origin['OriginPath']}",
        "origin access control": "always sign, sigv4",
        "default root object": access["distribution"]["DefaultRootObject"],
        "viewers": "HTTPS, by a cookie that a key of your key group signed",
        "cache policy": f"{behavior['CachePolicyId']} (CachingOptimized)",
        "response headers policy": f"{behavior['ResponseHeadersPolicyId']} (SecurityHeadersPolicy)",
        "add to the bucket's policy": json.dumps(access["bucket_policy"]),
    }
    if "key_policy" in access:
        shown["add to the key's policy"] = json.dumps(access["key_policy"])
    for name, value in shown.items():
        say(f"  {name}: {value}")


def _show(plan: Plan) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    for step in plan.changes:
        colour = _COLOURS[step.action]
        console.print(
            Text(f"{_SIGNS[step.action]} {step.kind} {step.name}", style=f"bold {colour}"), soft_wrap=True
        )
        sql = [one for one in step.differences if one.setting == SQL]
        for one in sql:  # without signs, so that it can be copied and run
            console.print(Text(f"{one.wanted};", style="green"), soft_wrap=True)
        for sign, text in (line for one in step.differences if one not in sql for line in _lines(one)):
            style = {"-": "red", "+": "green"}.get(sign, "")
            console.print(Text(f"    {sign} {text}".rstrip(), style=style), soft_wrap=True)
    unchanged = len(plan.steps) - len(plan.changes)
    if unchanged:
        console.print(f"  {unchanged} unchanged")
    for obstacle in plan.obstacles:
        console.print(Text(f"! {obstacle}", style="bold red"), soft_wrap=True)


def _lines(difference: Difference) -> Iterator[tuple[str, str]]:
    """Yield sign and text of each line; of an existing document or list, only the changed lines."""
    setting = difference.setting
    if difference.found is None:
        yield "+", f"{setting}: {_as_line(difference.wanted)}"
        return
    if difference.wanted is None:
        yield "-", f"{setting}: {_as_line(difference.found)}"
        return
    found, wanted = _as_lines(difference.found), _as_lines(difference.wanted)
    if len(found) == len(wanted) == 1:
        yield "-", f"{setting}: {found[0]}"
        yield "+", f"{setting}: {wanted[0]}"
        return
    yield " ", f"{setting}:"
    for line in list(unified_diff(found, wanted, lineterm="", n=1))[2:]:
        yield ("…", "") if line.startswith("@@") else (line[0], f"  {line[1:]}")


def _as_line(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _as_lines(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    return json.dumps(value, indent=2, default=str).splitlines()


def _show_step(step: Step) -> None:
    say(f"{step.action.value} {step.kind} {step.name}")
