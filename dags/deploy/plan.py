"""A plan: what AWS holds beside what it should hold, and what would make them equal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from contracts.faults import LakegateError


class Action(StrEnum):
    """What a step does with its resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not as it should be; None stands for nothing there."""

    setting: str
    found: object
    wanted: object


@dataclass(frozen=True, slots=True)
class Step:
    """One resource. ``apply`` makes it as wanted; to do it twice does no harm."""

    kind: str  # bucket, upload, role, policy, job, schema
    name: str
    action: Action
    differences: tuple[Difference, ...] = ()
    apply: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they have to be carried out; ``obstacles`` have to be removed before."""

    steps: tuple[Step, ...]
    obstacles: tuple[LakegateError, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that change something."""
        return tuple(step for step in self.steps if step.action is not Action.UNCHANGED)

    @property
    def document(self) -> list[dict[str, object]]:
        """The steps as plain JSON types."""
        return [
            {
                "kind": step.kind,
                "name": step.name,
                "action": step.action.value,
                "differences": [
                    {"setting": one.setting, "found": one.found, "wanted": one.wanted}
                    for one in step.differences
                ],
            }
            for step in self.steps
        ]


def carry_out(plan: Plan, told: Callable[[Step], None] = lambda _: None) -> int:
    """Make everything as planned and return how many steps changed something.

    Args:
        plan: what to do; a failed step stops it, and what was done before stays: run it again.
        told: hears of each step before it is taken.

    Raises:
        LakegateError: an obstacle is in the way (nothing was changed then), or AWS refuses a step.
    """
    for obstacle in plan.obstacles:
        raise obstacle
    for step in plan.changes:
        told(step)
        step.apply()
    return len(plan.changes)


def differing(wanted: Mapping[str, object], found: Mapping[str, object] | None) -> tuple[Difference, ...]:
    """Return the settings that differ; what is found beyond the wanted ones is none of ours.

    >>> differing({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    (Difference(setting='b', found=3, wanted=2),)
    """
    found = found or {}
    return tuple(
        Difference(name, found.get(name), value) for name, value in wanted.items() if found.get(name) != value
    )


def step_of(
    kind: str,
    name: str,
    differences: Iterable[Difference],
    apply: Callable[[], None],
    *,
    is_there: bool,
) -> Step:
    """Return the step that removes the differences of a resource, or creates it."""
    differences = tuple(differences)
    if not is_there:
        return Step(kind, name, Action.CREATE, differences, apply)
    if differences:
        return Step(kind, name, Action.UPDATE, differences, apply)
    return Step(kind, name, Action.UNCHANGED)
