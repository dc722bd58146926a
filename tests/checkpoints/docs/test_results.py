"""Pages of results and runs: verdict, rules with their outcomes, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkpoints.docs.site import RunFacts
from contracts.inventory import FileFacts
from tests.checkpoints.docs.given import (
    AS_OF,
    EVIL,
    RULES,
    USERS_PAGE,
    Tags,
    facts,
    inventory_facts,
    publish,
    refused,
    run,
)

if TYPE_CHECKING:
    from checkpoints.storage.place import Place
    from tests.checkpoints.recording import RecordingStorage


def page_of_files(docs: Place, *inventory: FileFacts, rejected_today: tuple[FileFacts, ...] = ()) -> bytes:
    publish(docs, inventory_facts(*inventory, rejected_today=rejected_today))
    return docs.child("runs/run-1/raw_to_bronze/users.html").read_bytes()


def test_a_blocked_result_shows_rule_severity_dimension_impact_counts_and_samples(
    site: dict[str, bytes],
) -> None:
    page = site[USERS_PAGE].decode()
    text = Tags(page.encode()).text
    assert "block · users in bronze to silver" in text
    assert "Blocked by keys_unique" in text
    assert "email_required email_required holds. Reports <b>lie</b>. error validity 100 5 5.00 %" in text
    assert "100,000" in text
    assert "Deduplicated Discarded Excluded" in text
    assert f"{EVIL} 100 90 5 5 37 0" in text
    assert "‹5-16 characters: letters, @, other›" in text
    assert page.index("keys_unique holds") < page.index("strict_fail holds")  # the broken rule comes first


def test_a_warning_names_its_rules_and_a_passing_result_says_so(docs: Place) -> None:
    for offenders, shown in (
        (1, "warn · users in bronze to silver Warned by email_required , email_format , status_known ."),
        (0, "pass · users in bronze to silver Every rule passed."),
    ):
        publish(docs, facts(offenders=offenders))
        assert shown in Tags(docs.child(USERS_PAGE).read_bytes()).text


@pytest.mark.parametrize(
    "run_id", ["20260101T000000Z-6536ad", "20260101", "manual__2024-06-01T00:00:00+00:00"]
)
def test_a_run_may_have_any_id(docs: Place, storage: RecordingStorage, run_id: str) -> None:
    of = RunFacts(run_id, AS_OF)
    publish(docs, facts(of=of), of=of)
    assert f"runs/{run_id}/bronze_to_silver/users.html" in storage.written
    gx_pages = [name for name in storage.written if name.endswith(".gx.html")]
    assert len(gx_pages) == len({rule.domain for rule in RULES})


def test_pages_of_a_run_are_never_written_by_another_run(docs: Place, storage: RecordingStorage) -> None:
    publish(docs, facts())
    storage.written.clear()
    publish(docs, facts(of=run(2)), of=run(2))
    assert [path for path in storage.written if path.startswith("runs/run-1/")] == []


def test_rejected_files_are_listed_with_the_source_that_would_accept_them_and_without_content(
    docs: Place,
) -> None:
    page = page_of_files(docs, refused(EVIL, "tried commas: Jane Doe, jane@secret", f"- name: {EVIL}"))
    for shown in ("Rejected files", "content_mismatch", "tried commas…", f"- name: {EVIL}"):
        assert shown in Tags(page).text
    assert b"secret" not in page
    assert b"Files without rows" not in page


def test_files_without_rows_and_accepted_files_that_would_be_rejected_are_listed(docs: Place) -> None:
    empty = FileFacts("header_only.csv", 1, "c", rows=0)
    hinted = FileFacts("wrapped.json", 1, "c", rows=1, hint="- recordPath: data")
    plain = FileFacts("c.csv", 1, "c")
    text = Tags(page_of_files(docs, empty, hinted, plain, rejected_today=(refused("old.csv"),))).text
    for shown in ("Files without rows", "header_only.csv", "recordPath: data", "wrapped.json", "old.csv"):
        assert shown in text
    assert "Rejected files" not in text
    assert "c.csv" not in text


def test_a_list_of_files_shows_the_first_and_counts_the_others(docs: Place) -> None:
    many = [refused(f"{number:04}.csv", "x" * 10_000, "y" * 10_000) for number in range(1_500)]
    page = page_of_files(docs, *many, rejected_today=tuple(many))
    assert b"0019.csv" in page
    assert b"0020.csv" not in page
    assert b"And 1,480 more." in page
    assert len(page) < 200_000


def test_the_page_of_a_run_has_every_result_of_its_transitions(site: dict[str, bytes]) -> None:
    page = Tags(site["runs/run-1/index.html"])
    assert "Run run-1 block" in page.text
    assert "raw to bronze users warn" in page.text
    assert "bronze to silver users block 90 keys_unique" in page.text
    assert {"raw_to_bronze/users.html", "bronze_to_silver/users.html"} <= {
        link.removeprefix("../../runs/run-1/") for link in page.links
    }
