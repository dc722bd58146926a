"""What is known of a table's keys before anybody looks for repeated ones: by its plan, or by its source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from checkpoints.gate.measures import DistinctKeys
from contracts.key_hash import key_hash

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
    from pyspark.sql import functions as sf

    if not is_unique_by_plan(frame, key):
        return frame, None
    observation = Observation()
    counted = frame.observe(
        observation,
        sf.count(sf.lit(1)).alias("distinct"),
        sf.bit_xor(key_hash(key)).alias("xor"),
    )
    return counted, partial(told_keys, observation)


def is_unique_by_plan(frame: DataFrame, key: Sequence[str]) -> bool:
    """Whether Spark's optimizer finds that no two rows can share their key: the plan groups by it, say.

    False does not mean that a key repeats. Spark infers distinct keys since 3.3
    (``org.apache.spark.sql.catalyst.plans.logical.DistinctKeyVisitor``).
    """
    found = frame._jdf.queryExecution().optimizedPlan().distinctKeys().toSeq()
    return any(_names(found.apply(place)) <= set(key) for place in range(found.size()))


def _names(columns: Any) -> set[str]:  # noqa: ANN401 - a Scala set of Catalyst's attributes
    attributes = columns.toSeq()
    return {attributes.apply(place).name() for place in range(attributes.size())}
