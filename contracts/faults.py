"""What an error says: what is wrong, where, what was expected and found, and what to do next."""

from __future__ import annotations


class LakegateError(Exception):
    """A terminal error that a person can act on; its text is one sentence.

    Args:
        what: what is wrong.
        where: the file, dataset, column, run or setting.
        expected: what would have been right; empty if plain from ``what``.
        found: what was there instead; empty if plain from ``what``.
        next_step: what to do now.
    """

    def __init__(
        self, what: str, *, where: str = "", expected: str = "", found: str = "", next_step: str = ""
    ) -> None:
        self.what, self.where = what, where
        self.expected, self.found, self.next_step = expected, found, next_step
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        told = [
            f"{name} {value}" for name, value in (("expected", self.expected), ("found", self.found)) if value
        ]
        if told:
            text += f" ({', '.join(told)})"
        return f"{text}; {self.next_step}" if self.next_step else text


class ConfigurationError(LakegateError):
    """A setting, a contract or a policy is wrong: nothing was started (exit status 2)."""


class TransientError(LakegateError):
    """It may go well if tried again: throttling, a connection that broke."""
