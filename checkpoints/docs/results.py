"""Result page of Data Docs: verdict, rules with their outcomes, GX's own rendering."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any  # Any: values within GX results
from urllib.parse import quote

from checkpoints.docs.site import INDEX, contract_path, render, result_path
from checkpoints.gate.masking import without_quotation
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
    from great_expectations.render.view.view import DefaultJinjaPageView

    from checkpoints.docs.site import RunFacts
    from checkpoints.gate.checkpoint import GateResult
    from checkpoints.gate.measures import FileAccount, RejectedRow, UnknownColumn
    from checkpoints.storage.place import Place
    from contracts.inventory import FileFacts
    from contracts.model import Contract, Rule
    from quarantine_policies.decision import Decision, RuleOutcome


FILES_SHOWN = 50
INVENTORY_SHOWN = 20  # files in each list of the inventory
_MAX_DETAIL, _MAX_HINT = 300, 1500  # characters shown; the quarantine holds the full text
_DOMAINS = {
    Domain.RECORDS: ("Records", "Every record read. Records that break an error rule go to quarantine."),
    Domain.VALID_ROWS: ("Valid rows", "The remaining rows, before deduplication. These rules only warn."),
    Domain.TABLE: ("Table", "The candidate as a whole. A broken error rule blocks it."),
    Domain.LOADED: ("Warehouse", "The contents of the warehouse after the load."),
}
# Look-alikes instead of entities: GX escapes some places itself, where an entity would be escaped twice.
_PLAIN = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”", "'": "’", "`": "‘"})
_SCRIPT = re.compile(r"<script\b.*?</script\s*>|<script\b[^>]*/>", re.DOTALL | re.IGNORECASE)
_REMOTE = re.compile(r"<(?:link|img|iframe)\b[^>]*>", re.IGNORECASE)
# Calls of the removed scripts, and links into GX's own site, which is not built.
_HANDLER = re.compile(r"""\son[a-z]+=(["']).*?\1""", re.IGNORECASE | re.DOTALL)
_ELSEWHERE = re.compile(r"""\shref=(["'])(?!#).*?\1""", re.IGNORECASE | re.DOTALL)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """Content of one result page. ``counts`` in display order.

    ``rules_off``: names of the rules that the policy switches off. ``inventory``: the files that
    raw_to_bronze found. ``rejected_today``: files accepted by an earlier run that today's contract would
    reject.
    """

    transition: str
    dataset: str
    contract: Contract
    rules: Sequence[Rule]
    gate_result: GateResult
    decision: Decision
    rules_off: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[FileAccount] = ()
    unknown_columns: Sequence[UnknownColumn] = ()
    inventory: Sequence[FileFacts] = ()
    rejected_today: Sequence[FileFacts] = ()
    promoted: str | None = None  # URI of the promoted version
    rejected: Sequence[RejectedRow] = ()  # some of the quarantined rows


def publish_page(docs: Place, run: RunFacts, facts: ResultFacts) -> str:
    """Write the page, GX's rendering of each domain, and GX's results as JSON. Return the page's path.

    The cost does not depend on earlier runs. Samples must be masked already (``Masking``).
    """
    page = result_path(run.run_id, facts.transition, facts.dataset)
    stem = page.removesuffix(".html")
    by_domain = facts.gate_result.results
    results = {
        domain.value: result.to_json_dict()  # type: ignore[no-untyped-call]  # untyped in GX
        for domain, result in by_domain.items()
    }
    gx_json = json.dumps(results, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    docs.child(f"{stem}.json").write_bytes(gx_json)
    gx_pages = {}
    for domain, result in by_domain.items():
        gx_pages[domain] = f"{stem}.{domain.value}.gx.html"
        docs.child(gx_pages[domain]).write_bytes(render_gx_page(result, quote(page.rpartition("/")[2])))
    worst = sorted(facts.files, key=lambda file: (-file.rows_quarantined, file.file))
    content = render(
        "result.html.j2",
        page,
        run=run,
        facts=facts,
        sections=_sections(facts, gx_pages),
        files=worst[:FILES_SHOWN],
        files_hidden=max(0, len(worst) - FILES_SHOWN),
        inventory=_file_lists(facts),
        index=INDEX,
        contract_page=contract_path(facts.contract.zone.value, facts.contract.name),
        json_page=f"{stem}.json",
    )
    docs.child(page).write_bytes(content)
    return page


@dataclass(frozen=True, slots=True)
class _Section:
    """The rules of one domain: (rule, outcome, effect)."""

    title: str
    about: str
    failed: list[tuple[Rule, RuleOutcome, str]]
    passed: list[tuple[Rule, RuleOutcome, str]]
    gx_page: str


def _sections(facts: ResultFacts, gx_pages: Mapping[Domain, str]) -> list[_Section]:
    """Return the rules by domain, domains with a rule that blocked first."""
    outcomes = {(outcome.domain, outcome.rule): outcome for outcome in facts.gate_result.outcomes}
    sections = []
    for domain, (title, about) in _DOMAINS.items():
        lines = [
            (rule, outcomes[domain, rule.name], _effect(rule, outcomes[domain, rule.name], facts.decision))
            for rule in facts.rules
            if (domain, rule.name) in outcomes
        ]
        if lines:
            failed = [line for line in lines if not line[1].passed]
            passed = [line for line in lines if line[1].passed]
            sections.append(_Section(title, about, failed, passed, gx_pages[domain]))
    return sorted(sections, key=lambda section: all(effect != "block" for _, _, effect in section.failed))


def _effect(rule: Rule, outcome: RuleOutcome, decision: Decision) -> str:
    """Return the effect of a rule: pass, warn, quarantined or block."""
    if outcome.passed:
        return "pass"
    if rule.name in decision.blocked_by:
        return "block"
    return "quarantined" if rule.domain is Domain.RECORDS and rule.severity.value == "error" else "warn"


@dataclass(frozen=True, slots=True)
class _ShownFile:
    """One file in a list of the inventory. ``detail`` quotes nothing of its content."""

    key: str
    reason: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class _FileList:
    """The first files of one list of the inventory, and the number of files not shown."""

    title: str
    about: str
    files: tuple[_ShownFile, ...]
    hidden: int

    @property
    def has_reasons(self) -> bool:
        """Whether the files were rejected."""
        return any(file.reason for file in self.files)


def _file_lists(facts: ResultFacts) -> list[_FileList]:
    """Return the lists of inventory files that are not empty."""
    valid = [file for file in facts.inventory if file.is_valid]
    lists = (
        (
            "Rejected files",
            "They are in quarantine with the full reason. The entry below a reason would accept the file if "
            "added to the contract's sources.",
            [file for file in facts.inventory if not file.is_valid],
        ),
        (
            "Accepted files that would be rejected today",
            "They were accepted by an earlier run and stay until new content replaces them.",
            facts.rejected_today,
        ),
        ("Files without rows", "Valid files without records.", [file for file in valid if file.rows == 0]),
        (
            "Files that another source would read differently",
            "They are valid as they are; the entry is a proposal for the contract's sources.",
            [file for file in valid if file.hint],
        ),
    )
    return [
        _FileList(
            title,
            about,
            tuple(_shown(file) for file in files[:INVENTORY_SHOWN]),
            max(0, len(files) - INVENTORY_SHOWN),
        )
        for title, about, files in lists
        if files
    ]


def _shown(file: FileFacts) -> _ShownFile:
    reason = file.reason.value if file.reason else ""
    return _ShownFile(
        file.key,
        reason,
        _truncated(without_quotation(file.detail), _MAX_DETAIL) if reason else "",
        _truncated(file.hint, _MAX_HINT),
    )


def _truncated(text: str, max_characters: int) -> str:
    return text if len(text) <= max_characters else f"{text[:max_characters]}…"


def render_gx_page(result: ExpectationSuiteValidationResult, result_page: str) -> bytes:
    """Return GX's page of one validation result, without scripts, remote resources and live markup.

    Args:
        result: of one domain, its samples masked.
        result_page: URL of lakegate's page of the same result, for the link back.
    """
    from great_expectations import RunIdentifier
    from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer

    plain = copy.deepcopy(result)
    # GX parses a run's name as a time where it can, and fails at names such as 20260101T000000Z-6536ad.
    run = plain.meta["run_id"]
    named = RunIdentifier(run_name=_plain(f"run {run.run_name}"), run_time=run.run_time)
    plain.meta = {**_plain({**plain.meta, "run_id": None}), "run_id": named}
    for each in plain.results:
        each.result = _plain(each.result)
        configuration = each.expectation_config
        if configuration is not None:
            configuration._kwargs = _plain(configuration.kwargs)
            configuration.meta = _plain(configuration.meta)
            configuration.description = _plain(configuration.description)
    view, styles = _view()
    html: str = view.render(ValidationResultsPageRenderer().render(plain))  # type: ignore[no-untyped-call]  # in GX
    for unwanted in (_SCRIPT, _REMOTE, _HANDLER, _ELSEWHERE):
        html = unwanted.sub("", html)
    back = f'<p><a href="{result_page}">Back to the verdict</a></p>'
    html = re.sub(r"<body\b[^>]*>", lambda body: body.group() + back, html, count=1)
    head = f'<head><meta http-equiv="Content-Security-Policy" content="{_POLICY}"><style>{styles}</style>'
    return re.sub(r"<head\b[^>]*>", lambda _: head, html, count=1).encode("utf-8", "replace")


def _plain(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """Return the value with all characters of its texts that are special in HTML replaced."""
    if isinstance(value, str):
        return value.translate(_PLAIN)
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(each) for each in value)
    return value


@lru_cache(maxsize=1)
def _view() -> tuple[DefaultJinjaPageView, str]:
    """Return GX's view, cached because it compiles its templates once, and the styles."""
    from importlib.resources import files

    from great_expectations.render.view.view import DefaultJinjaPageView

    styles = files("checkpoints.docs").joinpath("templates", "gx.css").read_text("utf-8")
    return DefaultJinjaPageView(), styles
