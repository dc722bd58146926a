"""Who takes part in the peers' job, with pinned versions, and who does not and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPARK = "pyspark==4.1.1"
_GX = "great-expectations==1.24.1"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One script, and what its environment holds; without requirements it runs in the bench's own."""

    name: str
    module: str  # below tests.benchmarks.peers
    arguments: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()  # the peer first
    is_splitting: bool = False  # its own results say where a row goes; else the filter is written by hand


COPY = Contestant("plain copy", "plain_copy")
FLOOR = Contestant("hand-fused Spark: the floor", "hand_fused")
OURS = Contestant("our gate", "our_gate")
GX_COMPLETE = Contestant(
    "GX COMPLETE + split by its lists", "plain_gx", ("COMPLETE",), (_GX, _SPARK), is_splitting=True
)
PEERS = (
    Contestant("GX SUMMARY + filter by hand", "plain_gx", ("SUMMARY",), (_GX, _SPARK)),
    GX_COMPLETE,
    Contestant("cuallee + filter by hand", "with_cuallee", (), ("cuallee==0.15.4", _SPARK)),
    Contestant(
        "spark-expectations",
        "with_spark_expectations",
        # It imports jinja2 and does not ask for it.
        requirements=("spark-expectations==2.10.1", _SPARK, "jinja2==3.1.6"),
        is_splitting=True,
    ),
    Contestant("sparkdq", "with_sparkdq", (), ("sparkdq==0.12.1", _SPARK), is_splitting=True),
)
NOT_RUN: Mapping[str, str] = {
    "DQX": "neither installed nor run: its licence limits use to Databricks services"
}
