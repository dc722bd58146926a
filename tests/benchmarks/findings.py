"""What a part of the bench found: figures for the table, and ratios that are held against a target."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of the issue: it is shown whether it is met, and nothing fails on it."""

    name: str
    found: float
    limit: float
    unit: str = ""
    is_ceiling: bool = True
    rounds: tuple[float, ...] = ()
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure is on the right side of its limit."""
        return self.found <= self.limit if self.is_ceiling else self.found >= self.limit


@dataclass(slots=True)
class Findings:
    """What one part found."""

    part: str
    columns: tuple[str, ...] = ()
    rows: list[tuple[object, ...]] = field(default_factory=list)  # one value a column
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    rounds: list[dict[str, object]] = field(default_factory=list)  # every single measurement, for the JSON
