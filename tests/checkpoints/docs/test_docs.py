"""Data Docs tell what happened, to whom it matters, and never run or show what they must not."""

from __future__ import annotations

import posixpath
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from checkpoints.docs.contract_pages import publish_contracts
from checkpoints.docs.index import IndexEntry, publish_index
from checkpoints.docs.results import ResultFacts, publish_result
from checkpoints.docs.site import RunFacts
from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking, mask
from checkpoints.gate.measures import FileAccount, Measures, RuleCount, UnknownColumn
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity, Zone
from quarantine_policies.decision import Verdict, decide
from quarantine_policies.model import DatasetPolicy

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
        "expect_column_max_to_be_between",
        column="_rows_left",
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


class Site(dict[str, bytes]):
    """Pages in memory, and what was written since ``written`` was emptied."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def write(self, path: str, content: bytes) -> None:
        self[path] = content
        self.written.append(path)

    def read(self, path: str) -> bytes | None:
        return self.get(path)


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
        Domain.TABLE: Measures(
            90, {"keys_unique": RuleCount(duplicates, ("u1",) if duplicates else ())}, {"_rows_left": 90}
        ),
    }
    judgement = judge("c", CONTRACT, RULES, measured, {}, Masking.of(CONTRACT), run_id, AS_OF)
    return ResultFacts(
        transition="bronze_to_silver",
        dataset="users",
        contract=CONTRACT,
        rules=RULES,
        judgement=judgement,
        decision=decide(judgement.outcomes, DatasetPolicy(), rows_quarantined=5 * offenders),
        counts={"rows_read": 100_000, "rows_quarantined": 5},
        files=(FileAccount(EVIL, 100, 90, 5, 5),),
        unknown_columns=(UnknownColumn(EVIL, 3, "a.csv"),),
    )


@pytest.fixture(scope="module")
def site() -> Site:
    site = Site()
    publish_result(site.write, RUN, facts(duplicates=2))
    publish_contracts(site.read, site.write, [CONTRACT])
    entry = IndexEntry(
        "bronze_to_silver",
        "users",
        Verdict.BLOCK,
        "runs/run-1/bronze_to_silver/users.html",
        ("keys_unique", EVIL),
        90,
    )
    publish_index(site.read, site.write, RUN, [entry], [CONTRACT])
    return site


def test_a_blocked_result_is_told_with_rule_severity_dimension_impact_counts_and_samples(site: Site) -> None:
    page = site["runs/run-1/bronze_to_silver/users.html"].decode()
    text = " ".join(Tags(page.encode()).text.split())
    assert "block · users in bronze to silver" in text
    assert "Blocked by keys_unique" in text
    assert "email_required email_required holds. Reports <b>lie</b>. error validity 100 5 5.00 %" in text
    assert "100,000" in text
    assert "‹5-16 characters: letters, @, other›" in text
    assert page.index("keys_unique holds") < page.index("strict_fail holds")  # the broken rule comes first


def test_values_and_column_names_are_text_and_never_markup(site: Site) -> None:
    pages = {path: Tags(content) for path, content in site.items() if path.endswith(".html")}
    assert len(pages) == 6  # the result, three of GX, the contract, the first page
    for path, page in pages.items():
        assert "script" not in page.tags, path
        assert b"<script" not in site[path].lower(), path
        assert b"<b>lie" not in site[path], path
    assert "alert(1)" in pages["runs/run-1/bronze_to_silver/users.html"].text


def test_no_page_fetches_anything_from_elsewhere(site: Site) -> None:
    for path, content in site.items():
        if path.endswith(".html"):
            page = Tags(content)
            assert b"default-src 'none'" in content, path
            assert not page.tags & {"img", "iframe", "link"}, path


def test_values_of_personal_columns_appear_nowhere(site: Site) -> None:
    for path, content in site.items():
        assert b"jane" not in content.lower(), path
        assert b"secret" not in content, path


def test_every_link_leads_to_a_page(site: Site) -> None:
    for path, content in site.items():
        if path.endswith(".html"):
            for target in Tags(content).links:
                if not target.startswith("#"):
                    assert posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) in site, path


def test_a_warning_names_its_rules_and_a_result_that_holds_says_so() -> None:
    site = Site()
    for offenders, said in (
        (1, "warn · users in bronze to silver Warned by email_required , email_format , status_known ."),
        (0, "pass · users in bronze to silver Every rule held."),
    ):
        path = publish_result(site.write, RUN, facts(offenders=offenders))
        assert said in " ".join(Tags(site[path]).text.split())


def test_the_first_page_holds_the_last_runs_only_and_is_one_read_and_two_writes() -> None:
    site = Site()
    for number in range(5):
        run = RunFacts(f"run-{number}", AS_OF)
        for transition in ("raw_to_bronze", "bronze_to_silver"):
            site.written.clear()
            entry = IndexEntry(transition, "users", Verdict.PASS, "runs/x.html")
            publish_index(site.read, site.write, run, [entry], runs_shown=3)
            assert site.written == ["runs.json", "index.html"]
    text = " ".join(Tags(site["index.html"]).text.split())
    assert re.findall(r"run-\d", text) == ["run-4", "run-3", "run-2"]
    assert text.count("raw to bronze") == 3


def test_a_result_published_again_replaces_the_first_one() -> None:
    site = Site()
    for verdict in (Verdict.BLOCK, Verdict.PASS):
        entry = IndexEntry("raw_to_bronze", "users", verdict, "runs/x.html")
        publish_index(site.read, site.write, RUN, [entry])
    assert "block" not in Tags(site["index.html"]).text


@pytest.mark.parametrize("run_id", ["20260101T000000Z-6536ad", "20260101", EVIL])
def test_a_run_may_have_any_id(run_id: str) -> None:
    site = Site()
    path = publish_result(site.write, RunFacts(run_id, AS_OF), facts(run_id=run_id))
    gx_pages = [page.decode() for name, page in site.items() if name.endswith(".gx.html")]
    assert path in site
    assert len(gx_pages) == len({rule.domain for rule in RULES})
    assert EVIL not in "".join(gx_pages)


def test_contract_pages_are_written_only_when_they_change() -> None:
    site = Site()
    other = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), ())
    assert len(publish_contracts(site.read, site.write, [CONTRACT, other])) == 2
    site.written.clear()
    assert publish_contracts(site.read, site.write, [CONTRACT, other]) == ()
    assert site.written == []


@pytest.mark.parametrize("value", ["jane.doe@example.org", "x", "+49 30 1234567", "Ü", "A" * 500])
def test_a_masked_value_keeps_nothing_of_itself(value: str) -> None:
    shown = mask(value)
    assert not [part for part in re.findall(r"\w{2,}", value) if part in shown]
    assert len(shown) < 80


def test_what_a_malformed_record_held_is_not_quoted() -> None:
    null = "expect_column_values_to_be_null"
    malformed = rule("malformed", Domain.RECORDS, Severity.ERROR, null, column="_malformed")
    assert Masking.of(CONTRACT).samples(malformed, ['bad JSON: {"email": "jane"}', "5 fields, not 7"]) == (
        "bad JSON…",
        "5 fields, not 7",
    )
    uncastable = rule("e", Domain.RECORDS, Severity.ERROR, null, column="_uncastable_email")
    assert Masking.of(CONTRACT).samples(uncastable, ["jane"]) == ("‹1-4 characters: letters›",)
