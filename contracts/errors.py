"""What is wrong with a contract, and where: the one error that a contract's author sees."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.faults import ConfigurationError


class ContractError(ConfigurationError):
    """A contract cannot be kept as it is written. Terminal: somebody must edit the file.

    The sentence says what is wrong, where (file, YAML path, rule), what was found and what to write instead.
    """

    def __init__(
        self, problem: str, *, file: str, path: str = "", rule: str | None = None, next_step: str = ""
    ) -> None:
        self.file = file
        self.path = path
        self.rule = rule
        place = ", ".join(part for part in (file, path, f"rule {rule}" if rule else "") if part)
        super().__init__(problem, where=place, next_step=next_step)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a YAML file, for error messages: ``silver/events.yaml``, ``schema[0].properties[2]``."""

    file: str
    path: str = ""

    def at(self, *steps: str | int) -> Place:
        """Return the place below this one: a key for a name, an item for a number."""
        path = self.path
        for step in steps:
            if isinstance(step, int):
                path += f"[{step}]"
            else:
                path += f".{step}" if path else step
        return Place(self.file, path)

    def error(self, problem: str, *, rule: str | None = None, next_step: str = "") -> ContractError:
        """Return the error that names this place."""
        return ContractError(problem, file=self.file, path=self.path, rule=rule, next_step=next_step)
