"""How the command line speaks: a person's terminal on one side, a program's JSON on the other."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def print_json(document: object) -> None:
    """Print one JSON document on stdout."""
    print(json.dumps(document, ensure_ascii=False, default=str), flush=True)


def say(text: str) -> None:
    """Print plain text on stdout, at once: whoever reads a pipe may wait for it."""
    print(text, flush=True)


@contextmanager
def progress_bar(what: str, *, is_quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Show progress on a terminal's stderr; stay quiet with `--json` or without a terminal.

    Yields:
        a function that takes how much is done, and of how much.
    """
    if is_quiet or not sys.stderr.isatty():
        yield lambda _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)
