"""The `lakegate quarantine` commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dags.cli.options import DebugOption, JsonOption, LakeOption

app = typer.Typer(help="Show rejected files and rows, and correct rows.", invoke_without_command=True)

DatasetOption = Annotated[str, typer.Option(help="The dataset.")]
RuleOption = Annotated[str | None, typer.Option(help="Rows that break this rule.")]
FileOption = Annotated[
    str | None, typer.Option(metavar="GLOB", help="Rows of these files, such as 'orders/2024-*'.")
]
RowOption = Annotated[list[str] | None, typer.Option("--row", metavar="ID", help="Row id; repeatable.")]
ReasonOption = Annotated[str, typer.Option(help="Why; shown in the log.")]
AuthorOption = Annotated[
    str | None, typer.Option(help="Who decides. [LAKEGATE_AUTHOR, else the user's login]")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Record without asking.")]


@app.callback()
def quarantine(
    context: typer.Context,
    lake: LakeOption = None,
    dataset: Annotated[str | None, typer.Option(help="Show only this dataset.")] = None,
    rule: Annotated[str | None, typer.Option(help="Show only this rule or reason.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Maximum number of rows to show.")] = 20,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show rejected files and quarantined rows.

    The rows are those of the last run of each dataset.
    """
    if context.invoked_subcommand is not None:
        return
    from dags.cli.quarantine import quarantine_command

    raise typer.Exit(quarantine_command(lake=lake, dataset=dataset, rule=rule, limit=limit, as_json=as_json))


@app.command()
def export(
    dataset: DatasetOption,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The sheet to write: .csv or .ndjson.")],
    rule: RuleOption = None,
    file: FileOption = None,
    unmasked: Annotated[
        bool,
        typer.Option("--unmasked", help="With masked columns and raw text; the log says who took them."),
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why masked columns are needed.")] = None,
    author: AuthorOption = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Write quarantined rows to a sheet to edit."""
    from dags.cli.corrections import export_command

    raise typer.Exit(
        export_command(
            dataset=dataset,
            rule=rule,
            file=file,
            out=out,
            unmasked=unmasked,
            author=author,
            reason=reason,
            lake=lake,
            as_json=as_json,
        )
    )


@app.command()
def fix(
    sheet: Annotated[Path, typer.Argument(metavar="FILE", help="The edited sheet.")],
    reason: ReasonOption,
    author: AuthorOption = None,
    yes: YesOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Record the changed rows of a sheet as fixes.

    Each is judged by the gate first. Exits with 3 if some still break a rule; these are not recorded.
    """
    from dags.cli.corrections import fix_command

    raise typer.Exit(
        fix_command(sheet=sheet, author=author, reason=reason, yes=yes, lake=lake, as_json=as_json)
    )


@app.command()
def waive(
    dataset: DatasetOption,
    reason: ReasonOption,
    rule: RuleOption = None,
    file: FileOption = None,
    row: RowOption = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day, in UTC, such as 2030-12-31. [no end]")
    ] = None,
    author: AuthorOption = None,
    yes: YesOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Let rows pass although they break a rule.

    An uncastable value becomes null. Without --rule, all rules that a row breaks are waived.
    """
    _decide("waive", dataset, rule, file, row, author, reason, until, yes=yes, lake=lake, as_json=as_json)


@app.command()
def discard(
    dataset: DatasetOption,
    reason: ReasonOption,
    rule: RuleOption = None,
    file: FileOption = None,
    row: RowOption = None,
    author: AuthorOption = None,
    yes: YesOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Leave rows out for good."""
    _decide("discard", dataset, rule, file, row, author, reason, yes=yes, lake=lake, as_json=as_json)


@app.command()
def withdraw(
    dataset: DatasetOption,
    reason: ReasonOption,
    rule: Annotated[str | None, typer.Option(help="Waivers of this rule.")] = None,
    file: FileOption = None,
    row: RowOption = None,
    author: AuthorOption = None,
    yes: YesOption = False,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Undo corrections."""
    _decide("withdraw", dataset, rule, file, row, author, reason, yes=yes, lake=lake, as_json=as_json)


@app.command()
def log(
    dataset: Annotated[str | None, typer.Option(help="Show only this dataset.")] = None,
    lake: LakeOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> None:
    """Show every decision, and what it did in the last run."""
    from dags.cli.corrections import log_command

    raise typer.Exit(log_command(dataset=dataset, lake=lake, as_json=as_json))


def _decide(
    action: str,
    dataset: str,
    rule: str | None,
    file: str | None,
    row: list[str] | None,
    author: str | None,
    reason: str,
    until: str | None = None,
    *,
    yes: bool,
    lake: str | None,
    as_json: bool,
) -> None:
    from contracts.corrections import Action
    from dags.cli.corrections import decide_command
    from dags.corrections.selection import Selection

    raise typer.Exit(
        decide_command(
            action=Action(action),
            dataset=dataset,
            selection=Selection(rule, file, tuple(row or ())),
            author=author,
            reason=reason,
            until=until,
            yes=yes,
            lake=lake,
            as_json=as_json,
        )
    )
