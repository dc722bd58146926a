"""Plan Spark tasks that read and parse groups of text files in one step of the plan."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass, replace
from heapq import heapify, heapreplace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from transforms.bronze_to_silver.text_files import NO_EDGES, Split, is_line_by_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

    from transforms.bronze_to_silver.files import BronzeFile
    from transforms.bronze_to_silver.record_parser import RecordParser
    from transforms.bronze_to_silver.records import BatchFn
    from transforms.bronze_to_silver.text_files import Edges

    Batches = Iterable[pa.RecordBatch]


BYTES_A_TASK = 64 * 1024 * 1024
_EXPANSION = 5  # typical of gzip on text


class Portion(NamedTuple):
    """A split and its estimated bytes of text."""

    split: Split
    text_bytes: int


def portions(
    file: BronzeFile, edges: Edges = NO_EDGES, *, is_divisible: bool, most_bytes: int = BYTES_A_TASK
) -> Iterator[Portion]:
    """Yield a file's portions: several if it is divisible, large and not compressed."""
    split, size_bytes = Split.whole(file, edges), file.facts.size_bytes
    if split.is_compressed or not is_divisible or size_bytes <= most_bytes:
        yield Portion(split, size_bytes * (_EXPANSION if split.is_compressed else 1))
        return
    count = -(-size_bytes // most_bytes)
    cuts = [size_bytes * number // count for number in range(count + 1)]
    for start, stop in pairwise(cuts):
        yield Portion(replace(split, start=start, stop=stop if stop < size_bytes else None), stop - start)


def plan_tasks(
    sizes: Sequence[int], cores: int, bytes_a_task: int = BYTES_A_TASK
) -> tuple[tuple[int, ...], ...]:
    """Assign portions to tasks: the largest first, each to the least loaded task.

    Args:
        sizes: text bytes of each portion.
        cores: the least number of tasks, given as many portions.
        bytes_a_task: the size of a task to aim at.

    Returns:
        the numbers of each task's portions, the largest task first.

    >>> plan_tasks([10, 60, 30, 5], cores=2)
    ((1,), (2, 0, 3))
    """
    count = min(len(sizes), max(cores, -(-sum(sizes) // bytes_a_task)))
    tasks: list[list[int]] = [[] for _ in range(count)]
    loads = [(0, number) for number in range(count)]
    heapify(loads)
    for portion in sorted(range(len(sizes)), key=lambda number: (-sizes[number], number)):
        load, task = loads[0]
        tasks[task].append(portion)
        heapreplace(loads, (load + sizes[portion], task))
    return tuple(tuple(tasks[task]) for _, task in sorted(loads, key=lambda one: (-one[0], one[1])))


@dataclass(frozen=True, slots=True)
class TextGroup:
    """Text files that are parsed the same way, and their lines at either end that are not records."""

    files: Sequence[BronzeFile]
    parser: RecordParser
    edges: Edges = NO_EDGES


@dataclass(frozen=True, slots=True)
class _TextTasks:
    """Reads tasks by number. ``tasks``: of each, the group numbers and splits to read."""

    parsers: Sequence[RecordParser]
    steps: Sequence[BatchFn | None]
    tasks: Sequence[Sequence[tuple[int, Split]]]

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield the records of the tasks whose numbers come in."""
        with _gc_disabled():
            for batch in batches:
                for task in batch.column(0).to_pylist():
                    for group, split in self.tasks[task]:
                        parser, step = self.parsers[group], self.steps[group]
                        written = parser.record_format
                        texts = split.texts(written.line_end) if written.is_whole else split.lines()
                        # A record takes a byte or more: positions of splits do not overlap.
                        records = parser.parse(texts, split.start)
                        yield from records if step is None else step(records)


def text_tasks(
    spark: SparkSession, groups: Sequence[TextGroup], steps: Sequence[BatchFn | None]
) -> tuple[DataFrame, BatchFn]:
    """Plan the tasks that read groups of files.

    All groups together, so that the plan does not grow with their number and small files share a task.

    Args:
        spark: its cores are to be used.
        groups: the files.
        steps: applied to each group's records in the same process, all of one output schema; None: nothing.

    Returns:
        A frame of task numbers, one a partition, and the step that reads a task. Grain of its output: a
        record that is neither blank nor a header.
    """
    numbered = [
        (number, portion)
        for number, group in enumerate(groups)
        for file in group.files
        for portion in portions(file, group.edges, is_divisible=_is_divisible(group, file))
    ]
    planned = plan_tasks(
        [portion.text_bytes for _, portion in numbered], spark.sparkContext.defaultParallelism
    )
    tasks = [[(numbered[n][0], numbered[n][1].split) for n in task] for task in planned]
    read = _TextTasks([group.parser for group in groups], steps, tasks)
    return spark.range(0, len(tasks), 1, max(1, len(tasks))), read


def _is_divisible(group: TextGroup, file: BronzeFile) -> bool:
    """Whether any range of the file's lines can be read without the others."""
    parser = group.parser
    needs_others = parser.record_format.is_whole or parser.fill_down or group.edges.last_lines
    return not needs_others and is_line_by_line(file.facts.encoding)


@contextmanager
def _gc_disabled() -> Iterator[None]:
    """Disable the garbage collector: parsing creates no cycles, and the search costs a fifth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
