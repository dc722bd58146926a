"""Deployment plan: steps that change the account to the target."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from contracts.errors import LakegateError

SQL: Final = "sql"  # setting of a difference that is a statement to run


class ChangeKind(StrEnum):
    """Effect of a step on its resource."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs; None means not set."""

    setting: str
    found: object
    wanted: object


@dataclass(frozen=True, slots=True)
class Step:
    """One resource. ``apply`` brings it to the desired state and is idempotent."""

    kind: str  # bucket, upload, role, policy, database, job, schema
    name: str
    action: ChangeKind
    differences: tuple[Difference, ...] = ()
    apply: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in execution order; ``obstacles`` must be resolved before."""

    steps: tuple[Step, ...]
    obstacles: tuple[LakegateError, ...] = ()

    @property
    def changes(self) -> tuple[Step, ...]:
        """Steps that change a resource."""
        return tuple(step for step in self.steps if step.action is not ChangeKind.UNCHANGED)

    @property
    def document(self) -> list[dict[str, object]]:
        """The steps as JSON types."""
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


def carry_out(plan: Plan, on_step: Callable[[Step], None] = lambda _: None) -> int:
    """Apply all changes and return their number. A failed step stops the plan; completed steps stay.

    Args:
        plan: the plan to apply.
        on_step: called before each step.

    Raises:
        LakegateError: the plan has an obstacle (nothing was changed then), or a step failed.
    """
    for obstacle in plan.obstacles:
        raise obstacle
    for step in plan.changes:
        on_step(step)
        step.apply()
    return len(plan.changes)


def diff_settings(wanted: Mapping[str, object], found: Mapping[str, object] | None) -> tuple[Difference, ...]:
    """Return the wanted settings that differ; other settings found are ignored.

    >>> diff_settings({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    (Difference(setting='b', found=3, wanted=2),)
    """
    found = found or {}
    return tuple(
        Difference(name, found.get(name), value) for name, value in wanted.items() if found.get(name) != value
    )


def make_step(
    kind: str,
    name: str,
    differences: Iterable[Difference],
    apply: Callable[[], None],
    *,
    exists: bool,
) -> Step:
    """Return the step that creates a resource or removes its differences."""
    differences = tuple(differences)
    if not exists:
        return Step(kind, name, ChangeKind.CREATE, differences, apply)
    if differences:
        return Step(kind, name, ChangeKind.UPDATE, differences, apply)
    return Step(kind, name, ChangeKind.UNCHANGED)
