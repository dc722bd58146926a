"""Progress of a run: its transition, step and counts, for a terminal or a log."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO


class Progress(Protocol):
    """Receives the steps of a run."""

    def transition(self, name: str) -> None:
        """Start a transition."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """Start or continue a step; ``done`` and ``of`` count files, rows or tables."""

    def note(self, what: str) -> None:
        """Report a problem that does not stop the run; always shown."""


class Quiet:
    """Prints only notes, on stderr."""

    def transition(self, name: str) -> None:
        """Do nothing."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """Do nothing."""

    def note(self, what: str) -> None:
        """Print the note."""
        print(f"lakegate: {what}", file=sys.stderr)


class Logged:
    """Logs each new step as one line, without counts."""

    def __init__(self, log: TextIO) -> None:
        self._log, self._transition, self._last = log, "", ""

    def transition(self, name: str) -> None:
        """Log the start."""
        self._transition = name
        self._write("started")

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:  # noqa: ARG002
        """Log the step, once."""
        self._write(what)

    def note(self, what: str) -> None:
        """Log the note."""
        self._write(what)

    def _write(self, what: str) -> None:
        if what != self._last:
            self._last = what
            print(f"lakegate: {self._transition}: {what}", file=self._log, flush=True)
