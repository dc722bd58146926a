"""`python -m tests.benchmarks`: takes the parts that are asked for, in turn, and shows what they found."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.catalog import measure_catalog
from tests.benchmarks.cluster import measure_cluster
from tests.benchmarks.docs_history import measure_docs_history
from tests.benchmarks.floor import measure_floor
from tests.benchmarks.gate_tax import measure_gate_tax
from tests.benchmarks.ground import Ground, tell
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.peers.measure import measure_peers
from tests.benchmarks.startup import measure_startup
from tests.benchmarks.table import print_table, write_json
from tests.benchmarks.transitions import measure_transitions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.benchmarks.findings import Findings

PARTS: Mapping[str, Callable[[Ground], Findings]] = {
    "transitions": measure_transitions,
    "gate_tax": measure_gate_tax,
    "floor": measure_floor,
    "growth": measure_growth,
    "cluster": measure_cluster,
    "peers": measure_peers,
    "startup": measure_startup,
    "catalog": measure_catalog,
    "docs_history": measure_docs_history,
}


def main() -> None:
    """Take the parts; a figure beyond its target is shown as such and is no failure."""
    asked = _arguments()
    ground = Ground(asked.size, asked.rounds, asked.growth_base, asked.peer_rows, asked.scratch.resolve())
    _forget_own_settings()
    all_found = []
    for name in asked.parts:
        tell(f"part {name}")
        all_found.append(PARTS[name](ground))
        write_json(asked.json or ground.scratch / "bench.json", ground, all_found)  # a part may be hours
    print_table(all_found)
    tell(f"every round's figures: {asked.json or ground.scratch / 'bench.json'}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", default="500MB", help="of RAW")
    parser.add_argument("--rounds", type=int, default=3, help="medians are taken of them")
    parser.add_argument("--parts", type=_parts, default=list(PARTS), help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--growth-base", default="64MB", help="1× of the growth; 8× of it is the largest")
    parser.add_argument("--peer-rows", type=int, default=5_000_000, help="of the table that all peers split")
    parser.add_argument("--scratch", type=Path, default=Path(".bench"), help="samples, lakes, environments")
    parser.add_argument("--json", type=Path, default=None, help="[<scratch>/bench.json]")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    names = [name for name in text.replace(",", " ").split() if name]
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return names or list(PARTS)


def _forget_own_settings() -> None:
    """Let no setting of this shell but Spark's options, given on purpose, reach what is measured."""
    for name in [name for name in os.environ if name.startswith("LAKEGATE_")]:
        if name != "LAKEGATE_SPARK_OPTIONS":
            del os.environ[name]


if __name__ == "__main__":
    main()
