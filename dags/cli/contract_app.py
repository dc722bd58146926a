"""The `lakegate contract` commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dags.cli.options import BaseOption, DebugOption, JsonOption, LakeOption

app = typer.Typer(help="Check, compare and test contracts and policies.", no_args_is_help=True)


@app.command("lint")
def contract_lint(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]…",
            help="A folder of contracts, or YAML files. [LAKEGATE_CONTRACTS, else the shipped]",
        ),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also list every rule and the place that it comes from.")
    ] = False,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Find the problems of contracts and policies.

    Exits with 2 if there is an error. Starts neither Spark nor Great Expectations.
    """
    from dags.cli.contract import lint_command

    raise typer.Exit(lint_command(paths=paths or [], explain=explain, as_json=as_json))


@app.command("diff")
def contract_diff(
    base: BaseOption,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show the changes of contracts and policies.

    Exits with 3 for breaking changes without a new major version, or changes without a new version.
    """
    from dags.cli.contract import diff_command

    raise typer.Exit(diff_command(base=base, as_json=as_json))


@app.command("test")
def contract_test(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PATH]…", help="Files and folders of cases. [those of the contracts]"),
    ] = None,
    name: Annotated[
        str | None, typer.Option("-k", metavar="NAME", help="Run only cases whose name contains this.")
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Run the contracts' cases: given files, expected rows.

    Exits with 3 if a case fails.
    """
    from dags.cli.contract_test import test_command

    raise typer.Exit(test_command(paths=paths or [], name=name, as_json=as_json))


@app.command("backtest")
def contract_backtest(
    base: BaseOption,
    lake: LakeOption = None,
    dataset: Annotated[str | None, typer.Option(help="Judge only this dataset.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="TS", help="Clock, in ISO 8601. [that of the current silver, else now]"
        ),
    ] = None,
    scratch: Annotated[
        str | None,
        typer.Option(
            metavar="URI", help="Folder for intermediate rows, removed at the end. [a temporary one]"
        ),
    ] = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show what the contracts would do to the rows of a lake's BRONZE.

    Compares verdicts and quarantined rows with those of the base, by rule and file. Writes nothing to the
    lake. Exits with 3 if bronze_to_silver would be blocked.
    """
    from dags.cli.contract import backtest_command

    raise typer.Exit(
        backtest_command(base=base, lake=lake, dataset=dataset, as_of=as_of, scratch=scratch, as_json=as_json)
    )
