"""Groups of text files, each cut its own way, read in one step of Spark's plan, task by task."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transforms.bronze_to_silver.splits import plan_tasks, portions
from transforms.bronze_to_silver.texts import is_line_by_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from transforms.bronze_to_silver.cutting import Cutter
    from transforms.bronze_to_silver.files import BronzeFile
    from transforms.bronze_to_silver.records import Step
    from transforms.bronze_to_silver.texts import Split

    Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class TextGroup:
    """Text files whose records are cut the same way."""

    files: Sequence[BronzeFile]
    cutter: Cutter


@dataclass(frozen=True, slots=True)
class _TextTasks:
    """Reads what tasks are to read. ``tasks``: of each, a group's number and a split of one of its files."""

    cutters: Sequence[Cutter]
    steps: Sequence[Step | None]
    tasks: Sequence[Sequence[tuple[int, Split]]]

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield what the splits of some tasks hold, whose numbers come in."""
        with _no_search_for_cycles():
            for batch in batches:
                for task in batch.column(0).to_pylist():
                    for group, split in self.tasks[task]:
                        cutter, step = self.cutters[group], self.steps[group]
                        records = cutter.cut(split.texts() if cutter.form.is_whole else split.lines())
                        yield from records if step is None else step(records)


def text_tasks(
    spark: SparkSession, groups: Sequence[TextGroup], steps: Sequence[Step | None]
) -> tuple[DataFrame, Step]:
    """Plan how tasks read the files of groups.

    Whatever follows is then planned once, not once a group, and small files of several groups share a task.

    Args:
        spark: its cores are to be used.
        groups: the files.
        steps: what each group's records go through in the same process, of one schema; None: nothing.

    Returns:
        A frame of the numbers of tasks, a partition each; and the step by which a task is read.
        Grain of what that yields: a record that is not blank and no header.
    """
    found = [
        (number, portion)
        for number, group in enumerate(groups)
        for file in group.files
        for portion in portions(file, is_divisible=_is_divisible(group, file))
    ]
    shared = plan_tasks([portion.text_bytes for _, portion in found], spark.sparkContext.defaultParallelism)
    tasks = [[(found[one][0], found[one][1].split) for one in task] for task in shared]
    read = _TextTasks([group.cutter for group in groups], steps, tasks)
    return spark.range(0, len(tasks), 1, max(1, len(tasks))), read


def _is_divisible(group: TextGroup, file: BronzeFile) -> bool:
    return not group.cutter.form.is_whole and is_line_by_line(file.facts.encoding)


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Keep Python from searching the many small values of a batch for cycles: none is made.

    The search would take a fifth of the time that cutting takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
