"""`lakegate`: one command a wish, the same options everywhere, one sentence for every error."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from contracts.faults import ConfigurationError, LakegateError

INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    name="lakegate",
    help="Run and look at a lakehouse in which every transition is gated by a Great Expectations checkpoint.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # the help speaks of [LAKEGATE_LAKE] and s3://bucket[/prefix], which is no markup
    context_settings={"help_option_names": ["-h", "--help"]},
)

LakeOption = Annotated[
    str | None,
    typer.Option(
        "--lake",
        metavar="URI",
        help="The lake: a folder or s3://bucket[/prefix]. [LAKEGATE_LAKE, else ./lake]",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; everything else goes to stderr.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


class TransitionName(StrEnum):
    """The four arrows from RAW to REDSHIFT, in order."""

    RAW_TO_BRONZE = "raw_to_bronze"
    BRONZE_TO_SILVER = "bronze_to_silver"
    SILVER_TO_GOLD = "silver_to_gold"
    GOLD_TO_REDSHIFT = "gold_to_redshift"


@app.command()
def run(
    lake: LakeOption = None,
    only: Annotated[TransitionName | None, typer.Option(help="Run this transition alone.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TS", help="The run's clock, ISO 8601. [now]")
    ] = None,
    run_id: Annotated[str | None, typer.Option("--run-id", metavar="ID", help="The run's id. [made]")] = None,
    warehouse: Annotated[
        str | None, typer.Option(metavar="URI", help="The warehouse. [duckdb:///<lake>/warehouse.duckdb]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run also what is unchanged.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Run all four transitions, or one."""
    from dags.cli.run import run_command

    raise typer.Exit(
        run_command(
            lake=lake,
            only=only.value if only else None,
            as_of=as_of,
            run_id=run_id,
            warehouse=warehouse,
            force=force,
            as_json=as_json,
        )
    )


@app.command()
def demo(
    lake: LakeOption = None,
    size: Annotated[str, typer.Option(help="How much RAW to make: 5MB, 1GB.")] = "5MB",
    seed: Annotated[int, typer.Option(help="The same seed makes the same sample.")] = 7,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Make a sample RAW zone, run everything on it, and say what happened."""
    from dags.cli.run import demo_command

    raise typer.Exit(demo_command(lake=lake, size=size, seed=seed, as_json=as_json))


@app.command()
def sample(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write: DIR/<dataset>/…")],
    size: Annotated[str, typer.Option(help="About how much: 50MB, 9.1GB.")] = "50MB",
    seed: Annotated[int, typer.Option(help="The same seed makes the same sample.")] = 7,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Write a messy RAW zone, and the truth about it beside it, in DIR.truth.json."""
    from dags.cli.sample import sample_command

    raise typer.Exit(sample_command(out=out, size=size, seed=seed, as_json=as_json))


@app.command()
def status(lake: LakeOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:  # noqa: ARG001
    """Show the current version, verdict and rows of every dataset and table, and the last runs."""
    from dags.cli.look import status_command

    raise typer.Exit(status_command(lake=lake, as_json=as_json))


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="silver/events, gold/fact_events, …")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Print the URI of a promoted version, for DuckDB, Athena or pandas."""
    from dags.cli.look import path_command

    raise typer.Exit(path_command(name=name, lake=lake, as_json=as_json))


@app.command()
def quarantine(
    lake: LakeOption = None,
    dataset: Annotated[str | None, typer.Option(help="Of this dataset alone.")] = None,
    rule: Annotated[str | None, typer.Option(help="Broken under this rule or reason alone.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows to show at the most.")] = 20,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Show rejected files and rows of the last run, by reason."""
    from dags.cli.look import quarantine_command

    raise typer.Exit(quarantine_command(lake=lake, dataset=dataset, rule=rule, limit=limit, as_json=as_json))


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="silver/events, gold, …")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Make the previous version current again."""
    from dags.cli.look import rollback_command

    raise typer.Exit(rollback_command(name=name, lake=lake, as_json=as_json))


@app.command()
def docs(
    lake: LakeOption = None,
    serve: Annotated[bool, typer.Option("--serve", help="Serve them on loopback until Ctrl-C.")] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to serve on; 0 takes a free one.")
    ] = 0,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Say where the Data Docs are, or serve them."""
    from dags.cli.look import docs_command

    raise typer.Exit(docs_command(lake=lake, serve=serve, port=port, as_json=as_json))


@app.command()
def deploy(
    lake: LakeOption = None,
    warehouse: Annotated[
        str | None, typer.Option(metavar="URI", help="The warehouse: redshift-data://workgroup/database.")
    ] = None,
    artifacts: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Where wheel, script and YAML go. [<lake>/artifacts]"),
    ] = None,
    dist: Annotated[Path, typer.Option(metavar="DIR", help="What `make package` built.")] = Path("dist"),
    name: Annotated[str, typer.Option(help="Begins the name of every job, role and policy.")] = "lakegate",
    region: Annotated[
        str | None, typer.Option(help="The AWS region. [AWS_DEFAULT_REGION, the profile]")
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="Encrypt with it. [LAKEGATE_KMS_KEY, else S3's own]"),
    ] = None,
    glue_role: Annotated[
        str | None, typer.Option(metavar="ARN", help="The role that the Glue jobs run as.")
    ] = None,
    create_roles: Annotated[
        bool, typer.Option("--create-roles", help="Make the roles and policies too.")
    ] = False,
    policies_out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the IAM policies there, to be reviewed.")
    ] = None,
    topic: Annotated[str | None, typer.Option(metavar="ARN", help="The SNS topic of the alerts.")] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="ARN", help="The SQS queue that tells of new files in RAW.")
    ] = None,
    workgroup_arn: Annotated[
        str | None, typer.Option(metavar="ARN", help="The Redshift Serverless workgroup.")
    ] = None,
    workers: Annotated[int, typer.Option(min=2, help="The most G.1X workers of a job.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and stop.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,  # noqa: ARG001
) -> None:
    """Set up AWS for a lake on S3: buckets, uploads, Glue jobs, roles, the warehouse's schema."""
    from dags.cli.deploy import deploy_command

    raise typer.Exit(
        deploy_command(
            lake=lake,
            warehouse=warehouse,
            artifacts=artifacts,
            dist=dist,
            name=name,
            region=region,
            kms_key=kms_key,
            glue_role=glue_role,
            create_roles=create_roles,
            policies_out=policies_out,
            topic=topic,
            queue=queue,
            workgroup=workgroup_arn,
            workers=workers,
            dry_run=dry_run,
            as_json=as_json,
        )
    )


def main() -> None:
    """Run the command line: 0 pass or warn, 3 blocked, 2 wrong usage or configuration, 1 anything else."""
    try:
        status = app(standalone_mode=False)
    except ConfigurationError as error:
        _fail(str(error), status=2)
    except LakegateError as error:
        _fail(str(error), status=1)
    except Exception as error:  # noqa: BLE001 - the last line of defence: a person gets a sentence, not a traceback
        usage = _usage_message(error)
        if usage is not None:
            _fail(f"{usage} (see lakegate --help)", status=2) if usage else sys.exit(2)
        told = " ".join(str(error).split())[:500] or type(error).__name__
        _fail(f"{type(error).__name__}: {told}; run again with --debug to see where", status=1)
    if status == INTERRUPTED:
        _fail("interrupted; the step that was running promoted nothing", status=1)
    raise SystemExit(status)


def _usage_message(error: Exception) -> str | None:
    """Return what typer says of wrong usage, empty where it printed the help; None for another error.

    Typer's own exceptions have had several homes; they all can tell their message.
    """
    told = getattr(error, "format_message", None)
    return told().rstrip(".") if told is not None else None


def _fail(sentence: str, status: int) -> NoReturn:
    """Say one sentence on stderr (as JSON on stdout too, if asked for) and leave."""
    if "--debug" in sys.argv and sys.exc_info()[0] is not None:
        raise  # noqa: PLE0704 - called from an except clause
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": sentence, "exit_status": status}))
    print(f"lakegate: {sentence}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
