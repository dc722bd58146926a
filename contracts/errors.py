"""Errors that say what is wrong, where and what to do next; and locations in a YAML file."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
        details = [
            f"{name} {value}" for name, value in (("expected", self.expected), ("found", self.found)) if value
        ]
        if details:
            text += f" ({', '.join(details)})"
        return f"{text}; {self.next_step}" if self.next_step else text


class ConfigurationError(LakegateError):
    """An invalid setting, contract or policy; nothing was started (exit status 2)."""


class TransientError(LakegateError):
    """A failure that a retry may resolve, such as throttling or a broken connection."""


class ContractError(ConfigurationError):
    """An invalid or unsupported contract, with the file, YAML path and rule to edit."""

    def __init__(
        self, problem: str, *, file: str, path: str = "", rule: str | None = None, next_step: str = ""
    ) -> None:
        self.file = file
        self.path = path
        self.rule = rule
        where = ", ".join(part for part in (file, path, f"rule {rule}" if rule else "") if part)
        super().__init__(problem, where=where, next_step=next_step)


@dataclass(frozen=True, slots=True)
class YamlLocation:
    """A location in a YAML file: ``silver/events.yaml``, ``schema[0].properties[2]``, and the rule there."""

    file: str
    path: str = ""
    rule: str | None = None

    def at(self, *steps: str | int) -> YamlLocation:
        """Return the location below this one: a string is a key, an integer a list index."""
        path = self.path
        for step in steps:
            if isinstance(step, int):
                path += f"[{step}]"
            else:
                path += f".{step}" if path else step
        return replace(self, path=path)

    def of_rule(self, name: str | None) -> YamlLocation:
        """Return this location as that of a rule."""
        return replace(self, rule=name)

    def error(self, problem: str, *, next_step: str = "") -> ContractError:
        """Return a ContractError for this location."""
        return ContractError(problem, file=self.file, path=self.path, rule=self.rule, next_step=next_step)
