"""The front page: the state, the flow, what needs a person, and the last runs, at a constant cost."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.docs.index import publish_index, publish_late_feeds
from checkpoints.docs.index_document import IndexEntry, read_document
from checkpoints.docs.publish import publish_docs
from contracts.days import DayOutOfLine
from contracts.expectation_catalog import EXPECT_FRESH
from contracts.inventory import FileFacts
from contracts.model import Zone
from quarantine_policies.decision import Verdict
from tests.checkpoints.docs.given import (
    AS_OF,
    CONTRACT,
    RUN,
    USERS_PAGE,
    Tags,
    facts,
    inventory_facts,
    metrics,
    pages_of,
    publish,
    refused,
    run,
)

if TYPE_CHECKING:
    from checkpoints.docs.facts import ResultFacts
    from checkpoints.storage.place import Place
    from tests.checkpoints.recording import RecordingStorage


def front_page(docs: Place) -> Tags:
    return Tags(docs.child("index.html").read_bytes())


def needs(docs: Place) -> list[str]:
    """Return the lines of what needs a person."""
    table = (
        docs.child("index.html").read_bytes().decode().split("What needs a person</h2>")[1].split("<h2>")[0]
    )
    return [Tags(row.encode()).text for row in re.findall(r"<tr><td.*?</tr>", table, re.DOTALL)]


def test_it_holds_the_last_runs_only_and_costs_two_reads_and_three_writes(
    docs: Place, storage: RecordingStorage
) -> None:
    for number in range(1, 6):
        for transition in ("raw_to_bronze", "bronze_to_silver"):
            storage.read.clear()
            storage.written.clear()
            entry = IndexEntry(transition, "users", Verdict.PASS, "runs/x.html")
            publish_index(docs, run(number), [entry], runs_shown=3)
            assert storage.read == ["runs.json", "runs.json"]
            assert storage.written == ["runs.json", f"runs/run-{number}/index.html", "index.html"]
    text = front_page(docs).text
    assert re.findall(r"run-\d", text) == ["run-5", "run-4", "run-3"]
    assert text.count("1 result 1 result") == 3


def test_a_result_published_again_replaces_the_first_one(docs: Place) -> None:
    for verdict in (Verdict.BLOCK, Verdict.PASS):
        publish_index(docs, RUN, [IndexEntry("raw_to_bronze", "users", verdict, "runs/x.html")])
    (shown,) = read_document(docs).runs
    assert [entry.verdict for entry in shown.entries] == [Verdict.PASS]
    assert "run-1 2024-06-01 00:00 pass" in front_page(docs).text


def test_results_published_at_the_same_time_are_all_on_it(docs: Place) -> None:
    datasets = {f"dataset_{number}" for number in range(12)}

    def publish_one(dataset: str) -> None:
        publish_index(docs, RUN, [IndexEntry("raw_to_bronze", dataset, Verdict.PASS, f"{dataset}.html")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish_one, datasets))
    (shown,) = read_document(docs).runs
    assert {entry.dataset for entry in shown.entries} == datasets
    page = docs.child("runs/run-1/index.html").read_bytes().decode()
    assert all(f"{dataset}.html" in page for dataset in datasets)


def test_runs_of_an_earlier_version_stay_on_it(docs: Place) -> None:
    entry = {"transition": "raw_to_bronze", "dataset": "users", "verdict": "warn", "path": "runs/old/x.html"}
    old = [{"run_id": "old", "as_of": "2023-01-01T00:00:00+00:00", "entries": [entry]}]
    docs.child("runs.json").write_bytes(json.dumps(old).encode())
    publish(docs, facts())
    assert [known.run_id for known in read_document(docs).runs] == ["run-1", "old"]
    assert "old 2023-01-01 00:00 warn" in front_page(docs).text


@pytest.mark.parametrize("document", ["runs.json", "published.json"])
@pytest.mark.parametrize("content", [b"", b'{"runs": [{"ru', b"3", b'{"runs": {}}'])
def test_a_damaged_document_begins_anew(docs: Place, document: str, content: bytes) -> None:
    publish(docs, facts())
    before = pages_of(docs)
    docs.child(document).write_bytes(content)
    publish(docs, facts())
    after = pages_of(docs)
    assert [known.run_id for known in read_document(docs).runs] == ["run-1"]
    assert {path for path in before if after[path] != before[path]} <= {"published.json"}


def test_the_state_shows_verdict_rows_freshness_and_share_quarantined(docs: Place) -> None:
    publish(docs, facts())
    text = front_page(docs).text
    assert "users silver warn 90 2024-06-01 00:00 < 0.01 %" in text
    assert USERS_PAGE in front_page(docs).links


def test_the_numbers_of_the_flow_are_those_of_the_accounting(docs: Place) -> None:
    counts = {"rows_read": 1_000, "rows_promoted": 940, "rows_quarantined": 30, "rows_deduplicated": 20}
    publish(docs, replace(facts(), metrics=metrics(**counts, rows_discarded=10)))
    assert "users 1,000 940 30 20 10 —" in front_page(docs).text


def test_a_blocked_candidate_leaves_the_state_as_it_was(docs: Place) -> None:
    publish(docs, facts(of=run(1)), of=run(1))
    blocked = facts(duplicates=2, of=run(2))
    publish(
        docs,
        replace(blocked, metrics=replace(blocked.metrics, rows_promoted=95, latest=run(2).as_of)),
        of=run(2),
    )
    assert "users silver block 95 rows not promoted 90 2024-06-01 00:00 < 0.01 %" in front_page(docs).text


@pytest.mark.parametrize(
    ("silver", "gold", "drawn"),
    [
        ({}, {}, True),
        ({}, {"promoted": None}, False),  # blocked: the rows did not arrive
        ({"promoted": None}, {}, False),
        ({}, {"rows_promoted": 89}, False),
        ({"of": run(2)}, {}, False),  # of an earlier silver, which had as many rows
    ],
)
def test_the_flow_reaches_gold_only_with_the_rows_that_were_promoted_to_it(
    docs: Place, silver: dict[str, Any], gold: dict[str, Any], drawn: bool
) -> None:
    table = replace(CONTRACT, name="dim_users", zone=Zone.GOLD, derived_from=("users",))
    to_gold = replace(
        facts(),
        transition="silver_to_gold",
        dataset="dim_users",
        contract=table,
        metrics=metrics(transition="silver_to_gold", **{"rows_promoted": 90, **gold}),
    )
    publish_docs(docs, RUN, "silver_to_gold", [to_gold], [CONTRACT, table])
    of = silver.get("of", RUN)
    publish_docs(
        docs, of, "bronze_to_silver", [replace(facts(), metrics=metrics(**silver))], [CONTRACT, table]
    )
    assert ("dim_users 90" in front_page(docs).text) is drawn


def test_the_flow_counts_the_files_that_hold_the_rows(docs: Place) -> None:
    publish(docs, facts())
    publish(docs, inventory_facts(*(FileFacts(f"{n}.csv", 1, "c") for n in range(3))), of=run(2))
    assert "users 100,000 rows in 1 file" in front_page(docs).text


def test_what_is_read_now_needs_a_person_first_then_the_oldest_of_the_rest(docs: Place) -> None:
    publish(docs, facts(), of=run(1))
    publish(docs, inventory_facts(refused("cut.csv")), of=run(2))
    publish(docs, facts(duplicates=2), of=run(3))
    assert needs(docs) == [
        "2024-06-03 00:00 blocked users keys_unique 2",
        "2024-06-01 00:00 rows in quarantine users email_required 5",
        "2024-06-02 00:00 files in quarantine users rejected files content_mismatch 1 1",
    ]
    assert "rules/bronze_to_silver/users/email_required.html" in front_page(docs).links


def late_facts(rule: str) -> ResultFacts:
    """Return the result of a feed that is late, by a rule that takes the place of freshness."""
    given = facts(offenders=0)
    table = next(one for one in given.gate_result.outcomes if one.rule == rule)
    late = replace(table, passed=False, failed=0, observed="3 days late")
    rules = [replace(one, expectation=EXPECT_FRESH) if one.name == rule else one for one in given.rules]
    return replace(given, gate_result=replace(given.gate_result, outcomes=(late,)), rules=rules)


def test_days_out_of_line_and_late_feeds_need_a_person(docs: Place) -> None:
    given = late_facts("keys_unique")
    day = DayOutOfLine(AS_OF.date(), 3, 100, 80, 120)
    (late,) = given.gate_result.outcomes
    odd = replace(late, rule="strict_fail", observed=str(day), days=(day,))
    publish(docs, replace(given, gate_result=replace(given.gate_result, outcomes=(late, odd))))
    assert needs(docs) == [
        "2024-06-01 00:00 late feed users keys_unique 3 days late —",
        "2024-06-01 00:00 days out of line users strict_fail 2024-06-01: 3 found, 100 expected 1",
    ]


def test_feeds_that_became_late_since_the_last_run_need_a_person_once(
    docs: Place, storage: RecordingStorage
) -> None:
    publish(docs, facts(offenders=0), of=run(1))
    line = "late feed users freshness 2 days late —"
    for now, late, since in (
        (run(2), {"users": {}}, []),
        (run(3), {"users": {"freshness": "2 days late"}}, ["2024-06-03 00:00"]),
        (run(4), {"users": {"freshness": "3 days late"}, "other": {"freshness": "x"}}, ["2024-06-03 00:00"]),
    ):
        storage.written.clear()
        publish_late_feeds(docs, now.as_of, late, [CONTRACT])
        assert bool(storage.written) is (now == run(3))
        assert needs(docs) == [f"{moment} {line}" for moment in since]
    assert [known.run_id for known in read_document(docs).runs] == ["run-1"]
    assert "tables/silver/users.html" in front_page(docs).links
    publish(docs, late_facts("keys_unique"), of=run(5))
    assert needs(docs) == ["2024-06-05 00:00 late feed users keys_unique 3 days late —"]
    publish(docs, facts(offenders=0), of=run(6))
    assert needs(docs) == []


def test_a_feed_is_late_since_the_run_that_found_nothing_new_and_named_it(docs: Place) -> None:
    publish(docs, facts(offenders=0), of=run(1))
    publish_late_feeds(docs, run(3).as_of, {"users": {"keys_unique": "2 days late"}}, [CONTRACT])
    publish(docs, late_facts("keys_unique"), of=run(5))
    assert needs(docs) == ["2024-06-03 00:00 late feed users keys_unique 3 days late —"]


def test_a_late_feed_or_a_day_that_blocks_is_explained(docs: Place) -> None:
    late = late_facts("keys_unique")
    publish(docs, replace(late, decision=replace(late.decision, blocked_by=("keys_unique",))))
    assert needs(docs) == ["2024-06-01 00:00 blocked users keys_unique 3 days late —"]


def test_what_was_mended_no_longer_needs_a_person(docs: Place) -> None:
    publish(docs, facts(), of=run(1))
    publish(docs, facts(offenders=0), of=run(2))
    assert needs(docs) == []
    assert "Nothing: no rows or files in quarantine, no rule broken." in front_page(docs).text
