"""Result page of Data Docs: verdict, rules with their outcomes, files and rows in quarantine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from checkpoints.docs.gx_page import render_gx_page
from checkpoints.docs.site import contract_path, render, result_path, rule_path, run_path, table_path
from checkpoints.gate.masking import without_quotation
from contracts.model import Domain, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.docs.facts import ResultFacts
    from checkpoints.docs.site import RunFacts
    from contracts.inventory import FileFacts
    from contracts.model import Rule
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


def result_pages(run: RunFacts, facts: ResultFacts) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of a result's page, of GX's page of each domain, and of GX's results as JSON.

    They belong to the run and are never written again by another one.
    """
    page = result_path(run.run_id, facts.transition, facts.dataset)
    stem = page.removesuffix(".html")
    by_domain = facts.gate_result.results
    results = {
        domain.value: result.to_json_dict()  # type: ignore[no-untyped-call]  # untyped in GX
        for domain, result in by_domain.items()
    }
    yield f"{stem}.json", json.dumps(results, indent=1, ensure_ascii=False).encode("utf-8", "replace")
    gx_pages = {domain: f"{stem}.{domain.value}.gx.html" for domain in by_domain}
    for domain, result in by_domain.items():
        yield gx_pages[domain], render_gx_page(result, gx_pages[domain], quote(page.rpartition("/")[2]))
    worst = sorted(facts.metrics.files, key=lambda file: (-file.rows_quarantined, file.file))
    zone = facts.contract.zone
    yield (
        page,
        render(
            "result.html.j2",
            page,
            run=run,
            run_page=run_path(run.run_id),
            facts=facts,
            counts=_counts(facts),
            sections=_sections(facts, gx_pages),
            files=worst[:FILES_SHOWN],
            files_hidden=max(0, len(worst) - FILES_SHOWN),
            unknown=facts.unknown_columns[:FILES_SHOWN],
            unknown_hidden=max(0, len(facts.unknown_columns) - FILES_SHOWN),
            inventory=_file_lists(facts),
            contract_page=contract_path(zone.value, facts.contract.name),
            table_page=None if zone is Zone.RAW else table_path(zone.value, facts.dataset),
            rule_page=lambda rule: rule_path(facts.transition, facts.dataset, rule),
            json_page=f"{stem}.json",
        ),
    )


def _counts(facts: ResultFacts) -> dict[str, int]:
    """Return the counts on top of the page, in display order."""
    metrics = facts.metrics
    if metrics.rows_read is None:
        rows = {} if metrics.rows_promoted is None else {"rows": metrics.rows_promoted}
        return {**metrics.files_by_outcome, **rows}
    counts = {
        "rows read": metrics.rows_read,
        "promoted" if metrics.promoted else "candidate": metrics.rows_promoted,
        "quarantined": metrics.rows_quarantined,
        "deduplicated": metrics.rows_deduplicated,
        "conflicting": metrics.rows_conflicting,
        "excluded": metrics.rows_excluded,
    }
    corrected = {
        "discarded": metrics.rows_discarded,
        "fixed": metrics.rows_fixed,
        "waived": metrics.rows_waived,
        "stale corrections": metrics.stale,
    }
    counts |= {name: count for name, count in corrected.items() if count}
    return {name: count for name, count in counts.items() if count is not None}


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
