"""Groups of text files, each cut its own way, in one step of Spark's plan."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from transforms.bronze_to_silver.records import KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from transforms.bronze_to_silver.cutting import Cutter
    from transforms.bronze_to_silver.values import RecordReader

    Batches = Iterable[pa.RecordBatch]

_GROUP = "lakegate group"


@dataclass(frozen=True, slots=True)
class TextGroup:
    """Texts of one group of files (KEY and TEXT: a line, or a whole file), and how they are to be cut."""

    texts: DataFrame
    cutter: Cutter


def cut_records(groups: Sequence[TextGroup]) -> DataFrame:
    """Cut texts into records.

    Args:
        groups: whose cutters have the same schema.

    Returns:
        Grain: a record that is not blank and no header. KEY, RAW, FLAW, ``_extra``, the text of each of the
        cutters' targets, and their inputs; where FLAW is not null, all of those are null.
    """
    steps = [group.cutter.cut for group in groups]
    return _in_one_step([group.texts for group in groups], steps, groups[0].cutter.schema)


def read_records(groups: Sequence[tuple[TextGroup, RecordReader]]) -> DataFrame:
    """Cut texts into records and read their values. Returns what ``RecordReader.schema`` says."""
    steps = [_cut_and_read(group.cutter, reader) for group, reader in groups]
    return _in_one_step([group.texts for group, _ in groups], steps, groups[0][1].schema)


def _cut_and_read(cutter: Cutter, reader: RecordReader) -> Callable[[Batches], Batches]:
    return lambda batches: reader.read(cutter.cut(batches))


def _in_one_step(
    texts: Sequence[DataFrame], steps: Sequence[Callable[[Batches], Batches]], schema: str
) -> DataFrame:
    """Take each group's texts through its own step, which is one of the plan for all of them.

    Whatever follows it is then planned, generated and compiled once, not once a group.
    """

    def step(batches: Batches) -> Batches:
        with _no_search_for_cycles():
            for number, of_group in groupby(_by_group(batches), itemgetter(0)):
                yield from steps[number](batch for _, batch in of_group)

    numbered = [frame.select(sf.lit(number).alias(_GROUP), KEY, TEXT) for number, frame in enumerate(texts)]
    return reduce(DataFrame.unionByName, numbered).mapInArrow(step, schema)


def _by_group(batches: Batches) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Split batches by their group. All of a partition is of one group, unless Spark put some together."""
    for batch in batches:
        groups, texts = batch.column(_GROUP), batch.select([KEY, TEXT])
        numbers = pc.unique(groups).to_pylist()
        for number in numbers:
            yield number, texts if len(numbers) == 1 else texts.filter(pc.equal(groups, number))


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
