"""What a run tells while it works: the transition, the step, and how far the step is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Hears of a run's steps; a terminal shows them, a program ignores them."""

    def transition(self, name: str) -> None:
        """A transition begins."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """A step of it begins or goes on; ``done`` and ``of`` count files, rows or tables."""


class Quiet:
    """Says nothing."""

    def transition(self, name: str) -> None:
        """Ignore it."""

    def step(self, what: str, done: int | None = None, of: int | None = None) -> None:
        """Ignore it."""
