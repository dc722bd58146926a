"""The flow of rows from files to gold as a picture: widths by rows, what is left out branches off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 1080
_FILES_X, _BRANCH_X, _SILVER_X, _GOLD_X = 190, 420, 640, 860
_NODE = 10
_ROWS_HEIGHT = 190.0  # pixels for the rows of all datasets together
_LEAST = 2.0  # pixels of a band with any rows
_LINE = 19.0  # pixels from one label to the next
_GAP = 26.0


@dataclass(frozen=True, slots=True)
class DatasetFlow:
    """Rows of a dataset in one run. ``left_out``: (outcome, rows) of what is not promoted.

    ``table``: the gold table with exactly the rows of silver, and its rows; None: none was built from them.
    """

    dataset: str
    files: int | None  # that hold the rows; None: not known
    rows_read: int
    rows_promoted: int
    left_out: tuple[tuple[str, int], ...]
    is_promoted: bool
    table: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Rows on their way from one node to the next. ``path``: of SVG."""

    path: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Node:
    """A bar with a label of two lines. ``side``: where the label is, start or end."""

    x: int
    y: float
    height: float
    kind: str
    title: str
    detail: str
    side: str = "start"

    @property
    def text_x(self) -> int:
        """Position of the label."""
        return self.x + _NODE + 8 if self.side == "start" else self.x - 8

    @property
    def middle(self) -> float:
        """Vertical middle of the bar."""
        return self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """Shapes of the picture. ``columns``: (x, name) of the nodes' columns."""

    nodes: tuple[Node, ...]
    bands: tuple[Band, ...]
    height: float
    columns: tuple[tuple[int, str], ...] = (
        (_FILES_X, "Files"),
        (_BRANCH_X, "Left out"),
        (_SILVER_X, "Silver"),
        (_GOLD_X, "Gold"),
    )
    width: int = WIDTH
    node_width: int = _NODE


def draw_flow(flows: Sequence[DatasetFlow]) -> FlowPicture | None:
    """Return the picture of the flows, one lane a dataset; None without rows."""
    total = sum(flow.rows_read for flow in flows)
    if not total:
        return None
    nodes: list[Node] = []
    bands: list[Band] = []
    y = 40.0
    for flow in flows:
        y = _draw_lane(flow, y, _ROWS_HEIGHT / total, nodes, bands) + _GAP
    return FlowPicture(tuple(nodes), tuple(bands), y)


def _draw_lane(
    flow: DatasetFlow, top: float, pixels_per_row: float, nodes: list[Node], bands: list[Band]
) -> float:
    """Add the shapes of one dataset, and return the lower end of its lane."""

    def thickness(rows: int) -> float:
        return max(_LEAST, rows * pixels_per_row) if rows else 0.0

    left_out = [(name, rows) for name, rows in flow.left_out if rows]
    promoted = thickness(flow.rows_promoted)
    whole = promoted + sum(thickness(rows) for _, rows in left_out)
    read = f"{flow.rows_read:,} rows"
    if flow.files is not None:
        read += f" in {flow.files:,} file{'' if flow.files == 1 else 's'}"
    nodes.append(Node(_FILES_X, top, max(whole, _LEAST), "files", flow.dataset, read, "end"))
    silver = f"{flow.rows_promoted:,} rows" + ("" if flow.is_promoted else ", blocked")
    if flow.rows_promoted:
        kind = "promoted" if flow.is_promoted else "blocked"
        bands.append(_band(_FILES_X, top, _SILVER_X, top, promoted, kind, f"{flow.dataset}: {silver}"))
    nodes.append(
        Node(_SILVER_X, top, max(promoted, _LEAST), "silver" if flow.is_promoted else "blocked", silver, "")
    )
    bottom = max(top + whole, top + 2 * _LINE)
    source = top + promoted
    target = top + promoted + _LINE * 0.7
    for name, rows in left_out:
        height = thickness(rows)
        share = 100 * rows / flow.rows_read
        label = f"{rows:,} {name}"
        bands.append(_band(_FILES_X, source, _BRANCH_X, target, height, name, f"{flow.dataset}: {label}"))
        detail = f"{share:.1f} %" if share >= 0.1 else "< 0.1 %"
        nodes.append(Node(_BRANCH_X, target, height, name, label, detail))
        source += height
        target += max(height + 3, _LINE)
        bottom = max(bottom, target)
    if flow.table is not None:
        table, rows = flow.table
        bands.append(_band(_SILVER_X, top, _GOLD_X, top, promoted, "gold", f"{table}: {rows:,} rows"))
        nodes.append(Node(_GOLD_X, top, max(promoted, _LEAST), "gold", table, f"{rows:,} rows"))
    return bottom


def _band(x1: int, y1: float, x2: int, y2: float, height: float, kind: str, label: str) -> Band:
    """Return a band of one height between the right of a node and the left of the next."""
    left, right = x1 + _NODE, x2
    middle = (left + right) / 2
    path = (
        f"M{left} {y1:.1f}C{middle} {y1:.1f} {middle} {y2:.1f} {right} {y2:.1f}"
        f"V{y2 + height:.1f}C{middle} {y2 + height:.1f} {middle} {y1 + height:.1f} {left} {y1 + height:.1f}Z"
    )
    return Band(path, kind, label)
