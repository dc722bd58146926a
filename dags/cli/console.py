"""Console output: text, JSON, and a progress bar."""

from __future__ import annotations

import json
import re
import shlex
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# With the characters that reverse the direction of text.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONGEST_SHOWN = 300  # characters


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(document, ensure_ascii=False, default=str), flush=True)


def say(text: str) -> None:
    """Print text on stdout and flush it, for readers of a pipe."""
    print(text, flush=True)


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> None:
    """Print aligned columns without rich, whose import takes longer than a short command; no line is cut.

    Args:
        headings: of the columns.
        rows: the cells of each row, one for each heading.
        right: headings of the columns that are aligned to the right.
    """
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for cells in (headings, ["─" * width for width in widths], *rows):
        aligned = (
            cell.rjust(width) if heading in right else cell.ljust(width)
            for heading, cell, width in zip(headings, cells, widths, strict=True)
        )
        say("  ".join(aligned).rstrip())


def plain_text(text: str) -> str:
    """Return a text from data for a terminal: in one line, without control characters, not too long."""
    return _CONTROL.sub("\ufffd", text)[:_LONGEST_SHOWN]


def lake_option(lake: str | None) -> str:
    """Return the ``--lake`` option of commands that are suggested to the user; empty without one."""
    return "" if lake is None else f" --lake {shlex.quote(lake)}"


@contextmanager
def progress_bar(description: str, *, is_quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show progress on stderr if it is a terminal, and ``is_quiet`` is not set.

    Yields:
        a function that takes the number of units done and their total.
    """
    if is_quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(description, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
