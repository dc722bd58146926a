"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

LakeOption = Annotated[
    str | None,
    typer.Option(
        "--lake",
        metavar="URI",
        help="Root of the lake: a folder or s3://bucket[/prefix]. [LAKEGATE_LAKE, else ./lake]",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout; all other output goes to stderr.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]

BaseOption = Annotated[
    str,
    typer.Option(
        metavar="REF|DIR", help="Compare with this git ref, folder, or s3:// URI of the deployed copies."
    ),
]


class Engine(StrEnum):
    """SQL engines that `lakegate path --sql` writes a statement for."""

    DUCKDB = "duckdb"
    ATHENA = "athena"
    SPARK = "spark"
