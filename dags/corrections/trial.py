"""Trial of corrected records: the rules that each would break, by the gate's own conditions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa

from checkpoints.gate.routing import routing_conditions
from contracts.corrections import RecordChange
from contracts.system_columns import POSITION, SOURCE_FILE
from dags.spark.frames import local_frame
from quarantine_policies.decision import routed_rules
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema
from transforms.bronze_to_silver.corrections import CORRECTION_COLUMNS, marks_of
from transforms.bronze_to_silver.layouts import layout_of
from transforms.bronze_to_silver.readers import read_records
from transforms.bronze_to_silver.record_columns import CORRECTED, DISCARDED, TEXT
from transforms.bronze_to_silver.source_plan import source_plans
from transforms.bronze_to_silver.text_files import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.pipeline.context import Run, Setup

_OLD, _NEW = "old:", "new:"


@dataclass(frozen=True, slots=True)
class Replacement:
    """A quarantined record and the text to read in its place. ``failed_rules``: those that it broke."""

    row_id: str
    facts: FileFacts
    raw: str
    failed_rules: tuple[str, ...]
    new_raw: str


def rules_still_broken(
    spark: SparkSession, setup: Setup, run: Run, contract: Contract, replacements: Sequence[Replacement]
) -> dict[str, tuple[str, ...] | None]:
    """Return, by row id, the rules that would quarantine the new record; None where it is no record.

    A record is read by itself. What it would take from the records before it (``fillDown``) it lacks here:
    a rule that the old record breaks only when read by itself does not count.

    Args:
        spark: reads and judges; no file is read.
        setup: contracts and policies.
        run: its clock is the rules' ``as_of``.
        contract: of the dataset.
        replacements: of the dataset.

    Raises:
        ContractError: a rule cannot be judged.
    """
    texts = [(one, f"{_OLD}{one.row_id}", one.raw) for one in replacements]
    texts += [(one, f"{_NEW}{one.row_id}", one.new_raw) for one in replacements]
    broken = _broken(spark, setup, run, contract, texts)
    result: dict[str, tuple[str, ...] | None] = {}
    for one in replacements:
        found = broken.get(f"{_NEW}{one.row_id}")
        alone = broken.get(f"{_OLD}{one.row_id}", frozenset()) - set(one.failed_rules)
        result[one.row_id] = None if found is None else tuple(sorted(found - alone))
    return result


def _broken(
    spark: SparkSession,
    setup: Setup,
    run: Run,
    contract: Contract,
    texts: Sequence[tuple[Replacement, str, str]],
) -> Mapping[str, frozenset[str]]:
    """Return the rules that texts break, by their name."""
    policy = setup.policies.of(contract.name)
    plans = source_plans(spark, contract, {one.facts.key: one.facts for one, _, _ in texts}.values())
    by_layout = defaultdict(list)
    for replacement, name, text in texts:
        by_layout[layout_of(replacement.facts)].append((replacement.facts, name, text))
    schema = f"{values_schema(contract)}, `{CORRECTED}` string, `{DISCARDED}` boolean"
    frames = []
    for layout, given in by_layout.items():
        facts, plan = given[0][0], plans[layout.source]
        records = _records(spark, given, has_position=plan.specs.needs_position)
        reading = read_records(records, contract, facts, plan)
        frames.append(reading.frame.mapInArrow(reading.step, schema))
    if not frames:
        return {}
    rows = cleaned_rows(reduce(lambda one, other: one.unionByName(other), frames), contract)
    parameters = {**policy.parameters, **run.parameters}
    conditions = routing_conditions(spark, contract, routed_rules(contract, policy), rows.schema, parameters)
    found = rows.select(CORRECTED, *(condition.alias(name) for name, condition in conditions.items()))
    return {
        row[0]: frozenset(name for name, is_broken in zip(conditions, row[1:], strict=True) if is_broken)
        for row in found.collect()
    }


def _records(
    spark: SparkSession, given: Sequence[tuple[FileFacts, str, str]], *, has_position: bool
) -> DataFrame:
    """Return named texts as the frame that ``read_records`` takes."""
    keys, names, texts = zip(*((as_text(facts.key), name, text) for facts, name, text in given), strict=True)
    columns = {SOURCE_FILE: pa.array(keys, pa.string()), TEXT: pa.array(texts, pa.string())}
    marks = marks_of(RecordChange((name,)) for name in names)
    columns |= dict(zip(CORRECTION_COLUMNS, marks, strict=True))
    if has_position:
        columns[POSITION] = pa.array([0] * len(given), pa.int64())
    return local_frame(spark, pa.table(columns))
