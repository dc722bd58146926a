"""Console output: text, JSON, and a progress bar."""

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
    """Print text on stdout and flush it, for readers of a pipe."""
    print(text, flush=True)


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
