"""Which parts of which text files one task reads: about as many bytes each, large files divided."""

from __future__ import annotations

from dataclasses import replace
from heapq import heapify, heapreplace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from transforms.bronze_to_silver.texts import Split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transforms.bronze_to_silver.files import BronzeFile

BYTES_A_TASK = 64 * 1024 * 1024
_EXPANSION = 5  # of gzip, on the usual text


class Portion(NamedTuple):
    """A split, and about how many bytes of text it has."""

    split: Split
    text_bytes: int


def portions(file: BronzeFile, *, is_divisible: bool, most_bytes: int = BYTES_A_TASK) -> Iterator[Portion]:
    """Yield a file's portions: one, unless it may be divided and is large. What is compressed may not."""
    split, size_bytes = Split.whole(file), file.facts.size_bytes
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
    """Share portions out to tasks: the largest first, each to the task that has the least so far.

    Args:
        sizes: text bytes of each portion.
        cores: there are at least as many tasks, if there are as many portions.
        bytes_a_task: there are as many tasks that each gets about so much.

    Returns:
        of each task the numbers of its portions; the task with the most comes first.

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
