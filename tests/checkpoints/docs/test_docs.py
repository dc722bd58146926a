"""Data Docs show what happened, run no scripts, and show no personal data."""

from __future__ import annotations

import posixpath
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from checkpoints.docs.index import IndexEntry, publish_index, read_runs
from checkpoints.docs.results import ResultFacts, publish_page
from checkpoints.docs.site import RunFacts, publish_contracts
from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking, mask
from checkpoints.gate.measures import FileAccount, Measures, RuleCount, UnknownColumn
from checkpoints.storage.place import Place
from contracts.inventory import FileFacts, Reason
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity, Zone
from quarantine_policies.decision import Verdict, decide
from quarantine_policies.model import DatasetPolicy
from tests.checkpoints.recording import RecordingStorage

if TYPE_CHECKING:
    from pathlib import Path

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
RUN = RunFacts("run-1", AS_OF)
EVIL = "<script>alert(1)</script>"
TEXT = DataType(Kind.STRING)


def rule(name: str, domain: Domain, severity: Severity, expectation: str, **kwargs: object) -> Rule:
    return Rule(
        name, domain, severity, "validity", f"{name} holds.", "Reports <b>lie</b>.", expectation, kwargs
    )


RULES = (
    rule(
        "email_required",
        Domain.RECORDS,
        Severity.ERROR,
        "expect_column_values_to_not_be_null",
        column="email",
    ),
    rule(
        "email_format",
        Domain.VALID_ROWS,
        Severity.WARN,
        "expect_column_values_to_match_regex",
        column="email",
        regex="^<b>$",
    ),
    rule(
        "status_known",
        Domain.VALID_ROWS,
        Severity.WARN,
        "expect_column_values_to_be_in_set",
        column=EVIL,
        value_set=[EVIL, "paid"],
    ),
    rule("keys_unique", Domain.TABLE, Severity.ERROR, "expect_column_values_to_be_unique", column="id"),
    rule(
        "strict_fail",
        Domain.TABLE,
        Severity.ERROR,
        "expect_table_row_count_to_be_between",
        min_value=1,
    ),
)
CONTRACT = Contract(
    "users",
    Zone.SILVER,
    "1.2.0",
    f"People. {EVIL}",
    "Ada",
    "Customer data",
    (
        Column("id", TEXT, required=True, unique=True, primary_key_position=1),
        Column("email", TEXT, is_pii=True, description=EVIL),
    ),
    RULES,
)


@pytest.fixture
def storage(tmp_path: Path) -> RecordingStorage:
    return RecordingStorage(tmp_path)


@pytest.fixture
def docs(storage: RecordingStorage) -> Place:
    return Place(storage)


class Tags(HTMLParser):
    """All start tags and links of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("href", "src") and value]

    def handle_data(self, data: str) -> None:
        if self.lasttag != "style":
            self.text += f"{data} "


def facts(duplicates: int = 0, offenders: int = 1, run_id: str = "run-1") -> ResultFacts:
    measured = {
        Domain.RECORDS: Measures(100, {"email_required": RuleCount(5 * offenders)}),
        Domain.VALID_ROWS: Measures(
            95,
            {
                "email_format": RuleCount(2 * offenders, ("jane.doe@secret",)),
                "status_known": RuleCount(offenders, (EVIL,)),
            },
        ),
        Domain.TABLE: Measures(90, {"keys_unique": RuleCount(duplicates, ("u1",) if duplicates else ())}),
    }
    gate_result = judge("c", CONTRACT, RULES, measured, {}, Masking.of(CONTRACT), run_id, AS_OF)
    return ResultFacts(
        transition="bronze_to_silver",
        dataset="users",
        contract=CONTRACT,
        rules=RULES,
        gate_result=gate_result,
        decision=decide(gate_result.outcomes, DatasetPolicy(), rows_quarantined=5 * offenders),
        counts={"rows_read": 100_000, "rows_quarantined": 5},
        files=(FileAccount(EVIL, 100, 90, 5, 5, 37),),
        unknown_columns=(UnknownColumn(EVIL, 3, "a.csv"),),
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files of a site, by path."""
    docs = Place(RecordingStorage(tmp_path_factory.mktemp("docs")))
    publish_page(docs, RUN, facts(duplicates=2))
    publish_contracts(docs, [CONTRACT])
    entry = IndexEntry(
        "bronze_to_silver",
        "users",
        Verdict.BLOCK,
        "runs/run-1/bronze_to_silver/users.html",
        ("keys_unique", EVIL),
        90,
    )
    publish_index(docs, RUN, [entry], [CONTRACT])
    return {file.path: docs.child(file.path).read_bytes() for file in docs.list()}


def test_a_blocked_result_shows_rule_severity_dimension_impact_counts_and_samples(
    site: dict[str, bytes],
) -> None:
    page = site["runs/run-1/bronze_to_silver/users.html"].decode()
    text = " ".join(Tags(page.encode()).text.split())
    assert "block · users in bronze to silver" in text
    assert "Blocked by keys_unique" in text
    assert "email_required email_required holds. Reports <b>lie</b>. error validity 100 5 5.00 %" in text
    assert "100,000" in text
    assert "Deduplicated Discarded Excluded" in text
    assert f"{EVIL} 100 90 5 5 37" in text
    assert "‹5-16 characters: letters, @, other›" in text
    assert page.index("keys_unique holds") < page.index("strict_fail holds")  # the broken rule comes first


def test_values_and_column_names_are_text_and_never_markup(site: dict[str, bytes]) -> None:
    pages = {path: Tags(content) for path, content in site.items() if path.endswith(".html")}
    assert len(pages) == 6  # the result, three of GX, the contract, the index page
    for path, page in pages.items():
        assert "script" not in page.tags, path
        assert b"<script" not in site[path].lower(), path
        assert b"<b>lie" not in site[path], path
    assert "alert(1)" in pages["runs/run-1/bronze_to_silver/users.html"].text


def test_no_page_fetches_anything_from_elsewhere(site: dict[str, bytes]) -> None:
    for path, content in site.items():
        if path.endswith(".html"):
            page = Tags(content)
            assert b"default-src 'none'" in content, path
            assert not page.tags & {"img", "iframe", "link"}, path


def test_values_of_personal_columns_appear_nowhere(site: dict[str, bytes]) -> None:
    for path, content in site.items():
        assert b"jane" not in content.lower(), path
        assert b"secret" not in content, path


def test_every_link_leads_to_a_page(site: dict[str, bytes]) -> None:
    for path, content in site.items():
        if path.endswith(".html"):
            for target in Tags(content).links:
                if not target.startswith("#"):
                    assert posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) in site, path


def test_a_warning_names_its_rules_and_a_passing_result_says_so(docs: Place) -> None:
    for offenders, shown in (
        (1, "warn · users in bronze to silver Warned by email_required , email_format , status_known ."),
        (0, "pass · users in bronze to silver Every rule passed."),
    ):
        page = docs.child(publish_page(docs, RUN, facts(offenders=offenders))).read_bytes()
        assert shown in " ".join(Tags(page).text.split())


def test_the_index_page_holds_the_last_runs_only_and_costs_two_reads_and_two_writes(
    docs: Place, storage: RecordingStorage
) -> None:
    for number in range(5):
        run = RunFacts(f"run-{number}", AS_OF)
        for transition in ("raw_to_bronze", "bronze_to_silver"):
            storage.read.clear()
            storage.written.clear()
            entry = IndexEntry(transition, "users", Verdict.PASS, "runs/x.html")
            publish_index(docs, run, [entry], runs_shown=3)
            assert storage.read == ["runs.json", "runs.json"]
            assert storage.written == ["runs.json", "index.html"]
    text = " ".join(Tags(docs.child("index.html").read_bytes()).text.split())
    assert re.findall(r"run-\d", text) == ["run-4", "run-3", "run-2"]
    assert text.count("raw to bronze") == 3


def test_a_result_published_again_replaces_the_first_one(docs: Place) -> None:
    for verdict in (Verdict.BLOCK, Verdict.PASS):
        entry = IndexEntry("raw_to_bronze", "users", verdict, "runs/x.html")
        publish_index(docs, RUN, [entry])
    assert "block" not in Tags(docs.child("index.html").read_bytes()).text


def test_results_published_at_the_same_time_are_all_on_the_index_page(docs: Place) -> None:
    datasets = {f"dataset_{number}" for number in range(12)}

    def publish(dataset: str) -> None:
        publish_index(docs, RUN, [IndexEntry("raw_to_bronze", dataset, Verdict.PASS, f"{dataset}.html")])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(publish, datasets))
    (shown,) = read_runs(docs)
    assert {entry.dataset for entry in shown.entries} == datasets
    page = docs.child("index.html").read_bytes().decode()
    assert all(f"{dataset}.html" in page for dataset in datasets)


@pytest.mark.parametrize("run_id", ["20260101T000000Z-6536ad", "20260101", EVIL])
def test_a_run_may_have_any_id(docs: Place, storage: RecordingStorage, run_id: str) -> None:
    path = publish_page(docs, RunFacts(run_id, AS_OF), facts(run_id=run_id))
    assert path in storage.written
    gx_pages = [
        docs.child(name).read_bytes().decode() for name in storage.written if name.endswith(".gx.html")
    ]
    assert len(gx_pages) == len({rule.domain for rule in RULES})
    assert EVIL not in "".join(gx_pages)


def test_contract_pages_are_written_only_when_they_change(docs: Place, storage: RecordingStorage) -> None:
    other = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), ())
    assert len(publish_contracts(docs, [CONTRACT, other])) == 2
    storage.written.clear()
    assert publish_contracts(docs, [CONTRACT, other]) == ()
    assert storage.written == []


@pytest.mark.parametrize("value", ["jane.doe@example.org", "x", "+49 30 1234567", "Ü", "A" * 500])
def test_a_masked_value_keeps_nothing_of_itself(value: str) -> None:
    shown = mask(value)
    assert not [part for part in re.findall(r"\w{2,}", value) if part in shown]
    assert len(shown) < 80


def test_a_length_is_shown_also_of_a_personal_value() -> None:
    too_long = rule(
        "email_too_long",
        Domain.RECORDS,
        Severity.ERROR,
        "expect_column_values_to_be_null",
        column="_too_long_email",
    )
    masking = Masking.of(CONTRACT)
    assert masking.samples(replace(too_long, column="email"), ["5000", "9999"]) == ("5000", "9999")


def test_the_content_of_a_malformed_record_is_not_quoted() -> None:
    null = "expect_column_values_to_be_null"
    malformed = rule("malformed", Domain.RECORDS, Severity.ERROR, null, column="_malformed")
    assert Masking.of(CONTRACT).samples(malformed, ['bad JSON: {"email": "jane"}', "5 fields, not 7"]) == (
        "bad JSON…",
        "5 fields, not 7",
    )
    uncastable = rule("e", Domain.RECORDS, Severity.ERROR, null, column="_uncastable_email")
    assert Masking.of(CONTRACT).samples(uncastable, ["jane"]) == ("‹1-4 characters: letters›",)


def inventory_page(
    docs: Place, inventory: list[FileFacts], rejected_today: tuple[FileFacts, ...] = ()
) -> bytes:
    path = publish_page(docs, RUN, replace(facts(), inventory=inventory, rejected_today=rejected_today))
    return docs.child(path).read_bytes()


def refused(key: str, detail: str = "", hint: str = "") -> FileFacts:
    return FileFacts(key, 1, "c", reason=Reason.CONTENT_MISMATCH, detail=detail, hint=hint)


def test_rejected_files_are_listed_with_the_source_that_would_accept_them_and_without_content(
    docs: Place,
) -> None:
    page = inventory_page(docs, [refused(EVIL, "tried commas: Jane Doe, jane@secret", f"- name: {EVIL}")])
    tags = Tags(page)
    assert "script" not in tags.tags
    for shown in ("Rejected files", "content_mismatch", "tried commas…", f"- name: {EVIL}"):
        assert shown in tags.text
    assert b"secret" not in page
    assert b"Files without rows" not in page


def test_files_without_rows_and_accepted_files_that_would_be_rejected_are_listed(docs: Place) -> None:
    empty = FileFacts("header_only.csv", 1, "c", rows=0)
    hinted = FileFacts("wrapped.json", 1, "c", rows=1, hint="- recordPath: data")
    text = Tags(inventory_page(docs, [empty, hinted, FileFacts("c.csv", 1, "c")], (refused("old.csv"),))).text
    for shown in ("Files without rows", "header_only.csv", "recordPath: data", "wrapped.json", "old.csv"):
        assert shown in text
    assert "Rejected files" not in text
    assert "c.csv" not in text


def test_a_list_of_files_shows_the_first_and_counts_the_others(docs: Place) -> None:
    many = [refused(f"{number:04}.csv", "x" * 10_000, "y" * 10_000) for number in range(1_500)]
    page = inventory_page(docs, many, tuple(many))
    assert b"0019.csv" in page
    assert b"0020.csv" not in page
    assert b"And 1,480 more." in page
    assert len(page) < 200_000
