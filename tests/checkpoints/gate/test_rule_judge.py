"""Rules judged without a checkpoint have the outcomes of a checkpoint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import ComputedMetrics, Measured, Measures, RuleCount
from checkpoints.gate.rule_judge import RuleJudge
from contracts.model import Domain, Rule
from tests.checkpoints.gate.test_checkpoint import AS_OF, CONTRACT, PARAMETERS, RULES, measured, rule

TABLE_RULES = (
    replace(
        rule("rows", Domain.TABLE, "expect_table_row_count_to_be_between", min_value=1),
        further=(("expect_table_row_count_to_be_between", {"max_value": 5}),),
    ),
    rule("id_complete", Domain.TABLE, "expect_column_values_to_not_be_null", column="id"),
    rule("price_max", Domain.TABLE, "expect_column_max_to_be_between", column="price", max_value=9),
)


def of_table(rows: int = 3, nulls: int = 0, price: float = 5, problem: str | None = None) -> Measured:
    computed = ComputedMetrics({"column.max": price}, problem)
    return {Domain.TABLE: Measures(rows, nulls={"id": nulls}, computed={"price_max": computed})}


TABLES = (
    of_table(),
    of_table(rows=0),
    of_table(rows=6),
    of_table(nulls=1),
    of_table(price=10),
    of_table(problem="division by zero"),
    of_table(),
)
DATASETS = (
    measured(),
    measured(valid_rows=Measures(10, {"email_format": RuleCount(2, ("x",))})),
    measured(
        table=Measures(
            0, {"keys_unique": RuleCount(2), "pair_unique": RuleCount(0)}, {"quarantine_ratio": 0.5}
        )
    ),
    measured(),
)


@pytest.mark.parametrize(
    ("rules", "inputs"),
    [(TABLE_RULES, TABLES), (RULES, DATASETS)],
    ids=["rules of a table", "rules of a dataset"],
)
def test_outcomes_are_those_of_a_checkpoint_for_one_input_after_another(
    rules: tuple[Rule, ...], inputs: tuple[Measured, ...]
) -> None:
    rule_judge = RuleJudge()
    for numbers in inputs:
        arguments = (CONTRACT, rules, numbers, PARAMETERS, Masking(frozenset()), "run", AS_OF)
        assert rule_judge.judge("c", *arguments).outcomes == judge("c", *arguments).outcomes
