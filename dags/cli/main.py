"""Command-line interface: commands, options, error messages and exit statuses."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from contracts.errors import ConfigurationError, LakegateError
from dags.cli.contract_app import app as contract_app
from dags.cli.options import BaseOption, DebugOption, Engine, JsonOption, LakeOption
from dags.cli.quarantine_app import app as quarantine_app

INTERRUPTED = 130  # typer's status for Ctrl-C

app = typer.Typer(
    name="lakegate",
    help="Run and inspect a lakehouse in which every transition is gated by a Great Expectations checkpoint.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # [LAKEGATE_LAKE] and s3://bucket[/prefix] are not markup
    context_settings={"help_option_names": ["-h", "--help"]},
)

source_app = typer.Typer(help="Reading options for new files.", no_args_is_help=True)
app.add_typer(source_app, name="source")
app.add_typer(contract_app, name="contract")
app.add_typer(quarantine_app, name="quarantine")


class TransitionName(StrEnum):
    """The four transitions, in order."""

    RAW_TO_BRONZE = "raw_to_bronze"
    BRONZE_TO_SILVER = "bronze_to_silver"
    SILVER_TO_GOLD = "silver_to_gold"
    GOLD_TO_REDSHIFT = "gold_to_redshift"


@app.command()
def run(
    lake: LakeOption = None,
    only: Annotated[TransitionName | None, typer.Option(help="Run only this transition.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TS", help="Clock of the run, in ISO 8601. [now]")
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run-id", metavar="ID", help="Id of the run. [generated]")
    ] = None,
    warehouse: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="URI of the warehouse. [LAKEGATE_WAREHOUSE, else duckdb:///<lake>/warehouse.duckdb]",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run even if nothing has changed.")] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run all four transitions, or one of them."""
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
    size: Annotated[str, typer.Option(help="Size of the sample, such as 5MB or 1GB.")] = "5MB",
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same sample.")] = 7,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run all transitions on a generated sample."""
    from dags.cli.run import demo_command

    raise typer.Exit(demo_command(lake=lake, size=size, seed=seed, as_json=as_json))


@app.command()
def sample(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Output folder; files go to DIR/<dataset>/…")
    ],
    size: Annotated[
        str, typer.Option(help="Approximate size of the sample, such as 50MB or 9.1GB.")
    ] = "50MB",
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same sample.")] = 7,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Generate a messy RAW zone.

    The results expected from it are written to DIR.truth.json.
    """
    from dags.cli.sample import sample_command

    raise typer.Exit(sample_command(out=out, size=size, seed=seed, as_json=as_json))


@app.command()
def status(lake: LakeOption = None, as_json: JsonOption = False, debug: DebugOption = False) -> None:
    """Show the current versions and the last runs."""
    from dags.cli.inspect import status_command

    raise typer.Exit(status_command(lake=lake, as_json=as_json))


@app.command()
def path(
    name: Annotated[str, typer.Argument(help="Such as silver/events or gold/fact_events.")],
    sql: Annotated[
        Engine | None, typer.Option(help="Print a statement that reads it, instead of the URI.")
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the URI of a promoted version.

    DuckDB, Spark and pandas can read it.
    """
    from dags.cli.path import path_command

    raise typer.Exit(path_command(name=name, lake=lake, engine=sql, as_json=as_json))


@app.command()
def diff(
    name: Annotated[str, typer.Argument(help="Such as silver/events or gold/fact_events.")],
    from_version: Annotated[
        str | None,
        typer.Option("--from", metavar="VERSION", help="Older version. [the one before the newer]"),
    ] = None,
    to_version: Annotated[
        str | None, typer.Option("--to", metavar="VERSION", help="Newer version. [the current one]")
    ] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what differs between two promoted versions of a table.

    Rows are matched by key. Values of masked columns are not shown.
    """
    from dags.cli.diff import diff_command

    raise typer.Exit(
        diff_command(name=name, from_version=from_version, to_version=to_version, lake=lake, as_json=as_json)
    )


@app.command()
def rollback(
    name: Annotated[str, typer.Argument(help="Such as silver/events; gold rolls back all gold tables.")],
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Make the previous version current again."""
    from dags.cli.inspect import rollback_command

    raise typer.Exit(rollback_command(name=name, lake=lake, as_json=as_json))


@app.command()
def docs(
    lake: LakeOption = None,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the pages on 127.0.0.1 until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on; 0: any free port.")] = 0,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Print the location of the Data Docs, or serve them."""
    from dags.cli.inspect import docs_command

    raise typer.Exit(docs_command(lake=lake, serve=serve, port=port, as_json=as_json))


@app.command()
def deploy(
    lake: LakeOption = None,
    warehouse: Annotated[
        str | None,
        typer.Option(metavar="URI", help="URI of the warehouse: redshift-data://workgroup/database."),
    ] = None,
    artifacts: Annotated[
        str | None,
        typer.Option(metavar="URI", help="Target of wheels, script and YAML files. [<lake>/artifacts]"),
    ] = None,
    dist: Annotated[Path, typer.Option(metavar="DIR", help="Output folder of `make package`.")] = Path(
        "dist"
    ),
    name: Annotated[
        str, typer.Option(help="Prefix of the names of all jobs, roles and policies.")
    ] = "lakegate",
    region: Annotated[
        str | None, typer.Option(help="AWS region. [AWS_DEFAULT_REGION, else the profile's]")
    ] = None,
    kms_key: Annotated[
        str | None,
        typer.Option(metavar="ARN", help="KMS key for encryption. [LAKEGATE_KMS_KEY, else SSE-S3]"),
    ] = None,
    glue_role: Annotated[
        str | None, typer.Option(metavar="ARN", help="Existing IAM role for the Glue jobs.")
    ] = None,
    create_roles: Annotated[
        bool, typer.Option("--create-roles", help="Also create IAM roles and policies.")
    ] = False,
    policies_out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the IAM policies to this folder for review.")
    ] = None,
    topic: Annotated[str | None, typer.Option(metavar="ARN", help="SNS topic for alerts.")] = None,
    queue: Annotated[
        str | None, typer.Option(metavar="ARN", help="SQS queue that receives the events of new RAW files.")
    ] = None,
    arrivals: Annotated[
        bool,
        typer.Option("--arrivals", help="Also set up the queue, and RAW's notifications to it. [--queue]"),
    ] = False,
    tag: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="Tag of every resource; repeatable.")
    ] = None,
    workgroup_arn: Annotated[
        str | None, typer.Option(metavar="ARN", help="Redshift Serverless workgroup.")
    ] = None,
    loader: Annotated[
        str | None,
        typer.Option(
            metavar="USER",
            help="Database user that owns and loads the warehouse's tables; of an IAM role: IAMR:<role>."
            " [the Glue jobs' role; with a secret, the user that it names]",
        ),
    ] = None,
    readers: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE", help="Database role that may read the warehouse; can be repeated."),
    ] = None,
    workers: Annotated[int, typer.Option(min=2, help="Maximum number of G.1X workers of a job.")] = 10,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the plan and change nothing in AWS.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Set up AWS for a lake on S3.

    Creates or updates buckets, uploads, Glue jobs, roles and the warehouse's schema, owner and readers.
    """
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
            arrivals=arrivals,
            tags=tag or (),
            workgroup=workgroup_arn,
            loader=loader,
            readers=tuple(readers or ()),
            workers=workers,
            dry_run=dry_run,
            as_json=as_json,
        )
    )


@source_app.command()
def suggest(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Local files.")],
    dataset: Annotated[
        str | None,
        typer.Option(help="Dataset of the files. [a folder of the path, else the best match]"),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Suggest a `sources` entry for each file.

    Also prints the evidence for it, and how many records would pass the row rules.
    """
    from dags.cli.source import suggest_command

    raise typer.Exit(suggest_command(files=files, dataset=dataset, as_json=as_json))


@app.command()
def ci(
    base: BaseOption,
    report: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write summary.md, junit.xml and lakegate.sarif to this folder."),
    ] = None,
    lake: Annotated[
        str | None,
        typer.Option("--lake", metavar="URI", help="Also check on the data of this lake."),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run all checks of contracts, for CI.

    Prints a Markdown summary; on GitHub Actions also annotations. Exits with 2 for invalid contracts and
    with 3 if a check failed.
    """
    from dags.cli.ci import ci_command

    raise typer.Exit(ci_command(base=base, report=report, lake=lake, as_json=as_json))


def main() -> None:
    """Run a command and exit: 0 pass or warn, 3 blocked, 2 invalid usage or configuration, 1 other errors."""
    try:
        status = app(standalone_mode=False)
    except ConfigurationError as error:
        _fail(str(error), status=2)
    except LakegateError as error:
        _fail(str(error), status=1)
    except Exception as error:  # noqa: BLE001 - unexpected errors are shown as a sentence too
        usage = _usage_message(error)
        if usage is not None:
            _fail(f"{usage} (see lakegate --help)", status=2) if usage else sys.exit(2)
        message = " ".join(str(error).split())[:500] or "no message"
        _fail(f"{type(error).__name__}: {message}; run again with --debug for the traceback", status=1)
    if status == INTERRUPTED:
        _fail("interrupted; the running step promoted nothing", status=1)
    raise SystemExit(status)


def _usage_message(error: Exception) -> str | None:
    """Return typer's message for invalid usage, empty if it printed the help; None for other errors.

    Recognised by its method, as the module of typer's exceptions differs between versions.
    """
    format_message = getattr(error, "format_message", None)
    return format_message().rstrip(".") if format_message is not None else None


def _fail(message: str, status: int) -> NoReturn:
    """Print an error on stderr, with `--json` also on stdout, and exit."""
    if "--debug" in sys.argv and sys.exc_info()[0] is not None:
        raise  # noqa: PLE0704 - called from an except clause
    if "--json" in sys.argv:
        import json

        print(json.dumps({"error": message, "exit_status": status}))
    print(f"lakegate: {message}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
