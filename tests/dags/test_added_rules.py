"""Further rules: CONTRIBUTING.md's recipe as it stands, and rules whose conditions could fail for a value."""

from __future__ import annotations

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checkpoints.gate.rule_trial import zero_measures
from contracts.loader import load_contracts
from contracts.model import Domain
from tests.contributing import yaml_blocks
from tests.dags.lake_runs import EVENTS, LakeRuns, dataset, no_spark, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKOUT = Path(__file__).parents[2]


def rule(name: str, severity: str, expectation: str, kwargs: dict[str, object]) -> str:
    """Return one entry of a contract's quality, without a domain."""
    return textwrap.dedent(f"""\
        - name: {name}
          type: custom
          engine: greatExpectations
          severity: {severity}
          dimension: conformity
          description: It is so.
          businessImpact: It costs.
          implementation: {{type: {expectation}, kwargs: {json.dumps(kwargs)}}}
        """)


def with_rules(folder: Path, *entries: str) -> Path:
    """Return a copy of the shipped contracts in which events have further rules."""
    contracts: Path = shutil.copytree(CHECKOUT / "contracts", folder / "contracts")
    events = contracts / "silver" / "events.yaml"
    head, columns, tail = events.read_text().partition("    properties:\n")
    rules = "".join(textwrap.indent(entry, " " * 6) for entry in entries)
    events.write_text(f"{head}    quality:\n{rules}{columns}{tail}")
    return contracts


def quarantined(lake: LakeRuns) -> list[tuple[str, list[str]]]:
    import pyarrow.dataset as pds

    rows = pds.dataset(str(lake.root / "quarantine/rows/events"), format="parquet").to_table().to_pylist()
    return sorted((row["raw"], row["failed_rules"]) for row in rows)


def test_the_added_rule_quarantines_the_rows_that_break_it(lake: LakeRuns, tmp_path: Path) -> None:
    lake.drop_shop()
    offender = "e4,u1,2024-05-03T10:00:00Z,DE,,Ada,100000.01,1.00,36"
    lake.drop("events/events.csv", f"{EVENTS}{offender}\n")
    lake = lake.with_settings(contracts=with_rules(tmp_path, *yaml_blocks("Add a rule")))
    found = dataset(lake.run(only="raw_to_bronze", start_spark=no_spark), "raw_to_bronze", "events")
    assert found["verdict"] == "pass"
    found = dataset(lake.run(only="bronze_to_silver"), "bronze_to_silver", "events")
    assert (found["rows_by_rule"], found["rows_promoted"]) == ({"price_below_limit": 1}, 3)
    assert quarantined(lake) == [(offender, ["price_below_limit"])]


@pytest.mark.slow
def test_a_value_that_a_rule_cannot_judge_breaks_the_rule_and_not_the_run(
    lake: LakeRuns, tmp_path: Path
) -> None:
    lake.drop_shop()
    lines = (
        '{"event_id": "e1", "user_id": "u1", "ts": "2024-05-01", "name": "5", "message": "{}"}',
        '{"event_id": "e2", "user_id": "u1", "ts": "2024-05-01", "name": "x", "message": "[1]"}',
        '{"event_id": "e3", "user_id": "u1", "ts": "2024-05-01", "name": "7", "message": "no JSON"}',
        '{"event_id": "e4", "user_id": "u1", "ts": "2024-05-01", "age": 9}',
        '{"event_id": "e5", "user_id": ',
    )
    (lake.root / "raw/events/events.csv").unlink()
    lake.drop("events/events.jsonl", "".join(f"{line}\n" for line in lines))
    column = {"column": "message"}
    contracts = with_rules(
        tmp_path,
        rule("number", "error", "expect_column_values_to_not_be_null", {
            "column": "user_id", "row_condition": "cast(name AS int) > 3"}),
        rule("object", "error", "expect_column_values_to_match_json_schema", {
            **column, "json_schema": {"type": "object"}}),
        rule("json", "warning", "expect_column_values_to_be_json_parseable", column),
        rule("year", "warning", "expect_column_values_to_match_strftime_format", {
            "column": "name", "strftime_format": "%Y"}),
        rule("aged", "warning", "expect_column_values_to_not_be_null", {"column": "age"}),
    )  # fmt: skip
    policies = shutil.copytree(CHECKOUT / "quarantine_policies", tmp_path / "policies")
    (policies / "events.yaml").write_text("max_quarantine_ratio: 1\n")
    document = lake.with_settings(contracts=contracts, policies=policies).run()
    assert verdicts(document)["gold_to_redshift"] in ("pass", "warn")
    found = dataset(document, "bronze_to_silver", "events")
    assert found["rows_by_rule"] == {"number": 1, "object": 2, "malformed": 1}
    assert found["rows_warned"] == {"year": 1, "aged": 1}
    assert quarantined(lake) == [
        (lines[1], ["number", "object"]), (lines[2], ["object"]), (lines[4], ["malformed"])
    ]  # fmt: skip


def measured_names(lake: LakeRuns) -> Iterable[tuple[str, str, set[str]]]:
    for path in sorted((lake.root / "metrics").rglob("*.json")):
        document = json.loads(path.read_text())
        if "measures" in document:
            yield document["transition"], document["dataset"], {*document["measures"]}


def test_what_is_tried_before_a_run_is_what_a_run_measures(messy_shop: LakeRuns) -> None:
    contracts = load_contracts()
    tables = {contract.name: contract for contract in contracts.all}
    found = list(measured_names(messy_shop))
    domains = {
        "bronze_to_silver": Domain.TABLE, "silver_to_gold": Domain.TABLE, "gold_to_redshift": Domain.LOADED
    }  # fmt: skip
    judged = {(transition, name) for transition, name, _ in found if transition in domains}
    assert len(judged) == len(contracts.datasets) + 1 + 2 * len(contracts.gold)
    for transition, name, names in found:
        if transition in domains:
            assert names == set(zero_measures(tables[name])[domains[transition]].values), name
