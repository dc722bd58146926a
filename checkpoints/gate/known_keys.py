"""What is known of a table's keys before anybody looks for repeated ones: by its plan, or by its source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checkpoints.gate.measures import DistinctKeys
from contracts.key_hash import count_and_xor, key_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import DataFrame, Observation


def told_keys(observation: Observation) -> DistinctKeys:
    """Return the keys of which an observation has heard ``distinct`` and ``xor``, of one row at least."""
    heard = observation.get
    return DistinctKeys(heard["distinct"], heard["xor"])


def counting_keys(
    frame: DataFrame, key: Sequence[str]
) -> tuple[DataFrame, Callable[[], DistinctKeys] | None]:
    """Let the keys of a frame be counted as it is written, if its plan alone makes them unique.

    Returns:
        the frame to write: the same rows; and what tells its keys once they are written, if there are any.
        None when the plan leaves it open whether a key repeats.
    """
    from pyspark.sql import Observation

    if not is_unique_by_plan(frame, key):
        return frame, None
    observation = Observation()
    return frame.observe(observation, *count_and_xor(key_hash(key))), partial(told_keys, observation)


def is_unique_by_plan(frame: DataFrame, key: Sequence[str]) -> bool:
    """Whether Spark's optimizer finds that no two rows can share their key: the plan groups by it, say.

    False does not mean that a key repeats. Spark infers distinct keys since 3.3
    (``org.apache.spark.sql.catalyst.plans.logical.DistinctKeyVisitor``).
    """
    found = frame._jdf.queryExecution().optimizedPlan().distinctKeys().toSeq()
    sets = [found.apply(place).toSeq() for place in range(found.size())]
    return any({one.apply(place).name() for place in range(one.size())} <= set(key) for one in sets)
