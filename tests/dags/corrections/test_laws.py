"""Laws of corrections on a messy RAW zone: every row is accounted for, and every decision can be undone."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.quarantine.rows import last_rows
from contracts.corrections import Action, Correction
from dags.corrections.decide import Draft, Signature, record_draft
from dags.pipeline.context import new_run, read_setup
from tests.dags.lake_runs import AS_OF, LakeRuns, dataset
from tests.oracle.contract import DATASETS

if TYPE_CHECKING:
    from pathlib import Path

    from checkpoints.quarantine.rows import QuarantinedRow

pytestmark = pytest.mark.slow

ACTIONS = (Action.DISCARD, Action.WAIVE, Action.FIX, None)
TABLES = ("silver/events", "silver/users", "silver/transactions", "silver/users_history")


def is_waivable(rule: str, required: set[str]) -> bool:
    refused = {
        "malformed",
        *(f"{column}_{kind}" for column in required for kind in ("required", "uncastable")),
    }
    return rule not in refused and not rule.endswith("_too_long")


def counts(lake: LakeRuns, run_id: str) -> dict[str, Any]:
    document = lake.run(run_id=run_id, only="bronze_to_silver", force=True)
    return {name: dataset(document, "bronze_to_silver", name) for name in DATASETS}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_decisions_are_accounted_for_repeatable_and_undone(
    messy_shop: LakeRuns, tmp_path: Path, seed: int
) -> None:
    rng, lake = random.Random(seed), messy_shop
    before, rows_before = counts(lake, "before"), {name: lake.rows(name) for name in TABLES}
    contracts = {one.name: one for one in read_setup(lake.settings).contracts.datasets}
    signature = Signature("Ann", "law", new_run(as_of=AS_OF).as_of)
    chosen: dict[str, dict[Action, list[QuarantinedRow]]] = {}
    for name in DATASETS:
        required = {column.name for column in contracts[name].columns if column.required}
        by_id: dict[str, list[QuarantinedRow]] = {}
        for row in last_rows(lake.lake, name):
            by_id.setdefault(row.row_id, []).append(row)
        chosen[name] = {action: [] for action in Action}
        for rows in by_id.values():
            action = rng.choice(ACTIONS)
            row, rules = rows[0], rows[0].failed_rules
            if action is Action.WAIVE and not all(is_waivable(rule, required) for rule in rules):
                action = Action.DISCARD
            if action is None:
                continue
            correction = Correction(
                row.row_id,
                row.source_file,
                action,
                raw=f"{row.raw}\u00a0" if action is Action.FIX else None,  # broken as before
                rules=rules if action is Action.WAIVE else (),
            )
            record_draft(lake.lake, Draft(name, action, (correction,), len(rows)), signature)
            chosen[name][action] += rows

    after, rows_after = counts(lake, "corrected"), {name: lake.rows(name) for name in TABLES}
    for name in DATASETS:
        was, now, mine = before[name], after[name], chosen[name]
        gone = len(mine[Action.DISCARD]) + len(mine[Action.WAIVE])
        assert now["rows_read"] == was["rows_read"]
        assert now["rows_discarded"] == len(mine[Action.DISCARD])
        assert (now["rows_fixed"], now["stale"]) == (len(mine[Action.FIX]), 0)
        assert now["rows_waived"] == len(mine[Action.WAIVE])
        assert now["rows_quarantined"] == was["rows_quarantined"] - gone
        assert now["rows_promoted"] + now["rows_deduplicated"] == (
            was["rows_promoted"] + was["rows_deduplicated"] + len(mine[Action.WAIVE])
        )

    roots = {f"{name}_root": str(lake.root / name) for name in ("raw", "corrections")}
    fresh = LakeRuns(tmp_path / "fresh", lake.spark, roots)
    fresh.root.mkdir()
    for only in ("raw_to_bronze", "bronze_to_silver"):
        fresh.run(run_id="fresh", only=only)
    assert {name: fresh.rows(name) for name in TABLES} == rows_after

    for name in DATASETS:
        every = [row for rows in chosen[name].values() for row in rows]
        undone = {row.row_id: Correction(row.row_id, row.source_file, Action.WITHDRAW) for row in every}
        record_draft(lake.lake, Draft(name, Action.WITHDRAW, tuple(undone.values()), 1), signature)
    counts(lake, "withdrawn")
    assert {name: lake.rows(name) for name in TABLES} == rows_before
