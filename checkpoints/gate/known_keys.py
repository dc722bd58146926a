"""What is known of a table's keys before anybody looks for repeated ones: by its plan, or by its source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from checkpoints.gate.counting import counted_nulls
from checkpoints.gate.measure_table import EVENT_DATE, SOURCE_FILE
from checkpoints.gate.measures import DistinctKeys, RowsWritten
from contracts.key_hash import count_and_xor, key_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import DataFrame, Observation

    from contracts.model import Contract


def told_keys(observation: Observation) -> DistinctKeys:
    """Return the keys of which an observation has heard ``distinct`` and ``xor``, of one row at least."""
    heard = observation.get
    return DistinctKeys(heard["distinct"], heard["xor"])


def counting_rows(frame: DataFrame, contract: Contract) -> tuple[DataFrame, Callable[[], RowsWritten] | None]:
    """Let a table's rows be counted as they are written, if that will tell all that is to be known of them.

    Returns:
        the frame to write: the same rows; and what tells of them once they are written, if there are any.
        None when its plan leaves it open whether a key repeats, or dates or source files are to be counted.
    """
    from pyspark.sql import Observation

    if {EVENT_DATE, SOURCE_FILE} & {*frame.columns} or not is_unique_by_plan(frame, contract.key):
        return frame, None
    observation = Observation()
    counts = (*count_and_xor(key_hash(contract.key)), counted_nulls(contract, frame.columns))
    return frame.observe(observation, *counts), partial(_told_rows, observation)


def agreed_rows(told: Callable[[], RowsWritten], file_rows: int) -> RowsWritten | None:
    """Return what is told of a table's rows, if its files say that they hold as many; None otherwise."""
    counted = told() if file_rows else None
    return counted if counted is not None and counted.keys.distinct == file_rows else None


def _told_rows(observation: Observation) -> RowsWritten:
    return RowsWritten(told_keys(observation), observation.get["nulls"])


def is_unique_by_plan(frame: DataFrame, key: Sequence[str]) -> bool:
    """Whether Spark's optimizer finds that no two rows can share their key: the plan groups by it, say.

    False does not mean that a key repeats. Spark infers distinct keys since 3.3
    (``org.apache.spark.sql.catalyst.plans.logical.DistinctKeyVisitor``).
    """
    found = frame._jdf.queryExecution().optimizedPlan().distinctKeys().toSeq()
    sets = [found.apply(place).toSeq() for place in range(found.size())]
    return any({one.apply(place).name() for place in range(one.size())} <= set(key) for one in sets)
