"""One table and one JSON of all that the bench found."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.benchmarks.findings import Findings, Target
    from tests.benchmarks.ground import Ground

_WIDTH = 150  # where no terminal says how wide it is


def print_table(all_found: Sequence[Findings]) -> None:
    """Print every part's figures, then every target with its verdict."""
    console = Console(width=None if os.isatty(1) else _WIDTH)
    table = Table(title="lakegate bench", title_justify="left", show_header=False, pad_edge=False)
    for _ in range(max(len(found.columns) for found in all_found)):
        table.add_column(overflow="fold")
    for found in all_found:
        table.add_row(*[f"[bold]{name}" for name in (found.part.upper(), *found.columns[1:])])
        for row in found.rows:
            table.add_row(*map(_shown, row))
        table.add_section()
    for target in (target for found in all_found for target in found.targets):
        table.add_row(*_verdict(target))
    console.print(table)
    for found in all_found:
        for note in found.notes:
            console.print(f"{found.part}: {note}", markup=False, highlight=False)


def write_json(path: Path, ground: Ground, all_found: Sequence[Findings]) -> None:
    """Write the same figures, every single round among them."""
    document = {
        "taken_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "settings": {
            "size": ground.size,
            "rounds": ground.rounds,
            "growth_base": ground.growth_base,
            "peer_rows": ground.peer_rows,
            "spark_options": os.environ.get("LAKEGATE_SPARK_OPTIONS"),
        },
        "parts": [
            {
                "part": found.part,
                "figures": [dict(zip(found.columns, row, strict=True)) for row in found.rows],
                "targets": [{**asdict(target), "is_met": target.is_met} for target in found.targets],
                "notes": found.notes,
                "rounds": found.rounds,
            }
            for found in all_found
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _verdict(target: Target) -> tuple[str, ...]:
    sign = "≤" if target.is_ceiling else "≥"
    said = "[green]met" if target.is_met else "[red]not met"
    each = " ".join(f"{one:.2f}" for one in target.rounds)
    return (
        target.name,
        f"{target.found:.2f}",
        f"{sign} {target.limit:g} {target.unit}",
        f"{said}[/]",
        f"{each} {target.note}".strip(),
    )


def _shown(value: object) -> str:
    match value:
        case float():
            return f"{value:,.1f}" if value < 1000 else f"{value:,.0f}"
        case int():
            return f"{value:,}"
    return str(value)
