"""Records of many groups of files under one set of columns, so that their values are read once for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.model import Kind
from transforms.bronze_to_silver.precedence import EXTRA
from transforms.bronze_to_silver.records import (
    FLAW,
    KEY,
    PLAIN,
    RAW,
    failure_of,
    is_typed_of,
    moment_of,
    ready_of,
    text_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column

    from contracts.model import Contract
    from transforms.bronze_to_silver.records import Records

_MOMENT = "struct<value: timestamp, is_date_only: boolean>"
_RECORD = {KEY: "string", RAW: "string", FLAW: "string", PLAIN: "boolean", EXTRA: "string"}


@dataclass(frozen=True, slots=True)
class Gathered:
    """Records of one or more groups. Grain: a record.

    ``frame`` has KEY, RAW, FLAW, PLAIN, ``_extra``, and for each contract column its text (``text_of``); for
    those in ``ready`` the value that needs no reading (``ready_of``), in ``typed`` whether it was no text
    (``is_typed_of``), in ``timed`` its typed time (``moment_of``), in ``computed`` what its source failed to
    compute (``failure_of``).
    """

    frame: DataFrame
    typed: frozenset[str] = frozenset()
    timed: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()


def unite(groups: Sequence[Records], contract: Contract) -> Gathered:
    """Put the records of one or more groups together."""
    cells = [(name, cell) for group in groups for name, cell in group.cells.items()]
    timestamps = {column.name for column in contract.columns if column.type.kind is Kind.TIMESTAMP}
    gathered = Gathered(
        frame=groups[0].frame,
        typed=frozenset(name for name, cell in cells if cell.is_typed is not None),
        timed=frozenset(name for name, cell in cells if cell.moment is not None and name in timestamps),
        computed=frozenset(name for name, cell in cells if cell.failure is not None),
        ready=frozenset(name for name, cell in cells if cell.ready is not None),
    )
    frames = [group.frame.select(*_columns(group, gathered, contract)) for group in groups]
    united = reduce(DataFrame.unionByName, frames)
    return replace(gathered, frame=united)


def schema_of_nothing(contract: Contract) -> str:
    """Return the schema of gathered records without any trait, for a dataset that has no file."""
    texts = {text_of(name): "string" for name in contract.column_names}
    return ", ".join(f"`{name}` {of}" for name, of in {**_RECORD, **texts}.items())


def _columns(group: Records, gathered: Gathered, contract: Contract) -> list[Column]:
    columns = [sf.col(KEY), sf.col(RAW), sf.col(FLAW), sf.col(PLAIN), group.extra.alias(EXTRA)]
    for name in contract.column_names:
        cell = group.cells.get(name)
        text = _nothing("string") if cell is None else cell.text
        if cell is not None and cell.moment is not None and name in gathered.timed:
            text = sf.when(cell.moment.isNull(), text)  # a typed time is not read from its text
        columns.append(text.alias(text_of(name)))
        traits = (
            (gathered.typed, is_typed_of, "boolean", None if cell is None else cell.is_typed),
            (gathered.timed, moment_of, _MOMENT, None if cell is None else cell.moment),
            (gathered.computed, failure_of, "string", None if cell is None else cell.failure),
            (gathered.ready, ready_of, str(contract.column(name).type), None if cell is None else cell.ready),
        )
        for names, name_of, type, trait in traits:  # noqa: A001
            if name in names:
                columns.append((_nothing(type) if trait is None else trait).alias(name_of(name)))
    return columns


def _nothing(type: str) -> Column:  # noqa: A002
    return sf.lit(None).cast(type)
