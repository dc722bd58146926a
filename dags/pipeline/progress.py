"""What a run tells while it works: the transition, the step, and how far the step is."""

from __future__ import annotations

import sys
from typing import Protocol, TextIO


class Progress(Protocol):
    """Hears of a run's steps; a terminal shows them, a program ignores them."""

    def transition(self, name: str) -> None:
        """A transition begins."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """A step of it begins or goes on; ``done`` and ``of`` count files, rows or tables."""

    def note(self, what: str) -> None:
        """Something went otherwise than it should, and the run goes on: this is always said."""


class Quiet:
    """Says nothing but notes, on stderr."""

    def transition(self, name: str) -> None:
        """Ignore it."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """Ignore it."""

    def note(self, what: str) -> None:
        """Say it."""
        print(f"lakegate: {what}", file=sys.stderr)


class Logged:
    """Says every new step as one line; for a job, whose log is read later. Counts are left out."""

    def __init__(self, log: TextIO) -> None:
        self._log, self._transition, self._said = log, "", ""

    def transition(self, name: str) -> None:
        """Say that it begins."""
        self._transition = name
        self._say("begins")

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:  # noqa: ARG002
        """Say the step, once."""
        self._say(what)

    def note(self, what: str) -> None:
        """Say it."""
        self._say(what)

    def _say(self, what: str) -> None:
        if what != self._said:
            self._said = what
            print(f"lakegate: {self._transition}: {what}", file=self._log, flush=True)
