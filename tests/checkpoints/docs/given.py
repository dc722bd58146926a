"""Literal results that the tests of Data Docs publish, and a reader of the pages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from checkpoints.docs.facts import ResultFacts
from checkpoints.docs.publish import publish_docs
from checkpoints.docs.site import RunFacts
from checkpoints.gate.checkpoint import GateResult, judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measures import (
    FileAccount,
    Measures,
    Offender,
    RejectedRow,
    RuleCount,
    UnknownColumn,
)
from checkpoints.metrics.result import DriftColumn, ResultMetrics
from contracts.inventory import FileFacts, Reason
from contracts.model import Column, Contract, DataType, Domain, Kind, Rule, Severity, Zone
from quarantine_policies.decision import Decision, Verdict, decide, effect_of
from quarantine_policies.model import DatasetPolicy

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
EVIL = "<script>alert(1)</script>"
ODD = f"{EVIL} \"double\" 'single' \u202egnissaf\u202c & é \ud800"  # with a lone surrogate, as of bad names
TEXT = DataType(Kind.STRING)
TO_BRONZE, TO_SILVER = "raw_to_bronze", "bronze_to_silver"
USERS_PAGE = "runs/run-1/bronze_to_silver/users.html"


def rule(name: str, domain: Domain, severity: Severity, expectation: str, **kwargs: object) -> Rule:
    return Rule(
        name, domain, severity, "validity", f"{name} holds.", "Reports <b>lie</b>.", expectation, kwargs
    )


NULL, NOT_NULL = "expect_column_values_to_be_null", "expect_column_values_to_not_be_null"
RULES = (
    rule("email_required", Domain.RECORDS, Severity.ERROR, NOT_NULL, column="email"),
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
    rule("strict_fail", Domain.TABLE, Severity.ERROR, "expect_table_row_count_to_be_between", min_value=1),
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
FILES = Contract("file_inventory", Zone.RAW, "1.0.0", "Files.", "Ada", "Customer data", (), ())


def run(number: int) -> RunFacts:
    """Return run ``run-<number>``, a day after the one before."""
    return RunFacts(f"run-{number}", AS_OF + timedelta(days=number - 1))


RUN = run(1)


@cache
def gate_result(duplicates: int = 0, offenders: int = 1, run_id: str = "run-1") -> GateResult:
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
    return judge("c", CONTRACT, RULES, measured, {}, Masking.of(CONTRACT), run_id, AS_OF)


def metrics(of: RunFacts = RUN, transition: str = TO_SILVER, **values: object) -> ResultMetrics:
    """Return metrics of users, of 100 rows of which 5 were quarantined and 5 deduplicated unless given."""
    rows = {
        "rows_read": 100,
        "rows_promoted": 90,
        "rows_quarantined": 5,
        "rows_deduplicated": 5,
        "rows_discarded": 0,
    }
    given = {**(rows if transition == TO_SILVER else {}), "promoted": f"/lake/silver/users/{of.run_id}"}
    return ResultMetrics(
        run_id=of.run_id,
        as_of=of.as_of,
        started_at=of.as_of,
        transition=transition,
        dataset="users",
        verdict=Verdict.WARN,
        seconds=1.0,
        contract_version="1.2.0",
        **{**given, **values},  # type: ignore[arg-type]
    )


def facts(duplicates: int = 0, offenders: int = 1, of: RunFacts = RUN) -> ResultFacts:
    """Return the result of users in bronze_to_silver."""
    judged = gate_result(duplicates, offenders, of.run_id)
    decision = decide(judged.outcomes, DatasetPolicy(), rows_quarantined=5 * offenders)
    return ResultFacts(
        transition=TO_SILVER,
        dataset="users",
        contract=CONTRACT,
        rules=RULES,
        effects={rule.name: effect_of(rule, DatasetPolicy()) for rule in RULES},
        gate_result=judged,
        decision=decision,
        metrics=metrics(
            of,
            rows_read=100_000,
            promoted=None if duplicates else "/lake/silver/users/v1",
            latest=AS_OF,
            files=(FileAccount(EVIL, 100, 90, 5, 5, 37),),
            drift=(DriftColumn(EVIL, 3, AS_OF, "a.csv"),),
        ),
        unknown_columns=(UnknownColumn(EVIL, 3, "a.csv"),),
        rejected=(RejectedRow("0" * 32, EVIL, "email_required"),) if offenders else (),
        offenders={"email_required": (Offender("0" * 32, EVIL, ""),)} if offenders else {},
        files_by_rule={"email_required": {EVIL: 4, "a.csv": 1}} if offenders else {},
        nulls={"id": 0, "email": 45},
        by_day={"rows": {date(2024, 5, 30): 40, date(2024, 6, 1): 50}},
    )


def inventory_facts(*inventory: FileFacts, rejected_today: tuple[FileFacts, ...] = ()) -> ResultFacts:
    """Return the result of users in raw_to_bronze."""
    valid = sum(file.is_valid for file in inventory)
    reasons = {file.reason.value: 1 for file in inventory if file.reason}
    return ResultFacts(
        transition=TO_BRONZE,
        dataset="users",
        contract=FILES,
        rules=(),
        effects={},
        gate_result=GateResult((), {}),
        decision=Decision(Verdict.WARN if reasons else Verdict.PASS, (), (), ()),
        metrics=metrics(RUN, TO_BRONZE, files_by_outcome={"valid": valid, "unchanged": 0, **reasons}),
        inventory=inventory,
        rejected_today=rejected_today,
    )


def refused(key: str, detail: str = "", hint: str = "") -> FileFacts:
    return FileFacts(key, 1, "c", reason=Reason.CONTENT_MISMATCH, detail=detail, hint=hint)


def publish(docs: Place, *results: ResultFacts, of: RunFacts = RUN) -> None:
    """Publish results of one transition."""
    publish_docs(docs, of, results[0].transition, results, [FILES, CONTRACT])


def pages_of(docs: Place) -> dict[str, bytes]:
    """Return all files of a site, by path."""
    return {file.path: docs.child(file.path).read_bytes() for file in docs.list()}


class Tags(HTMLParser):
    """Start tags, links, text, and the script elements of a page."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.targets: set[str] = set()
        self.handlers: list[str] = []
        self.scripts: list[str] = []
        self._text: list[str] = []
        self._open: list[str] = []
        self.feed(page.decode())

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._open.append(tag)
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" and value:
                self.targets.add(value)
            if name.startswith("on") or name == "style":
                self.handlers.append(name)

    def handle_endtag(self, tag: str) -> None:
        if self._open and tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "script" in self._open[-1:]:
            self.scripts.append(data)
        elif "style" not in self._open[-1:]:
            self._text.append(data)
