"""The page of one result: a verdict, and every rule with what it found."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from checkpoints.docs.great_expectations_page import render_gx_page
from checkpoints.docs.site import INDEX, contract_path, render, result_path
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checkpoints.docs.site import RunFacts, Write
    from checkpoints.gate.checkpoint import Judgement
    from checkpoints.gate.measures import FileAccount, UnknownColumn
    from contracts.model import Contract, Rule
    from quarantine_policies.decision import Decision, RuleOutcome

FILES_SHOWN = 50
_DOMAINS = {
    Domain.RECORDS: ("Records", "Every record read. One that breaks an error rule goes to quarantine."),
    Domain.VALID_ROWS: ("Valid rows", "What is left of them, before deduplication. These rules only warn."),
    Domain.TABLE: ("Table", "The candidate as a whole. An error rule that breaks here blocks."),
    Domain.LOADED: ("Warehouse", "What the warehouse holds after the load."),
}


@dataclass(frozen=True, slots=True)
class ResultFacts:
    """What the page of one result shows. ``counts`` in the order in which they are shown."""

    transition: str
    dataset: str
    contract: Contract
    rules: Sequence[Rule]
    judgement: Judgement
    decision: Decision
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[FileAccount] = ()
    unknown_columns: Sequence[UnknownColumn] = ()
    promoted: str | None = None  # URI of the promoted version


def publish_result(write: Write, run: RunFacts, facts: ResultFacts) -> str:
    """Write the page, GX's own rendering of each domain, and GX's results as JSON. Return the page's path.

    Cost does not depend on earlier runs. Samples were masked before they came here (``Masking``).
    """
    page = result_path(run.run_id, facts.transition, facts.dataset)
    stem = page.removesuffix(".html")
    results = {
        domain.value: result.to_json_dict()  # type: ignore[no-untyped-call]
        for domain, result in facts.judgement.results.items()
    }
    write(f"{stem}.json", json.dumps(results, indent=1, ensure_ascii=False).encode("utf-8", "replace"))
    rendered = {}
    for domain, result in facts.judgement.results.items():
        rendered[domain] = f"{stem}.{domain.value}.gx.html"
        write(rendered[domain], render_gx_page(result, quote(page.rpartition("/")[2])))
    outcomes = {(outcome.domain, outcome.rule): outcome for outcome in facts.judgement.outcomes}
    sections = []
    for domain, (title, about) in _DOMAINS.items():
        lines = [
            (rule, outcomes[domain, rule.name], _effect(rule, outcomes[domain, rule.name], facts.decision))
            for rule in facts.rules
            if (domain, rule.name) in outcomes
        ]
        if lines:
            broken = [line for line in lines if not line[1].passed]
            held = [line for line in lines if line[1].passed]
            sections.append((title, about, broken, held, rendered[domain]))
    # What blocked is what a reader came for.
    sections.sort(key=lambda section: all(effect != "block" for _, _, effect in section[2]))
    worst = sorted(facts.files, key=lambda file: (-file.rows_quarantined, file.file))
    write(
        page,
        render(
            "result.html.j2",
            page,
            run=run,
            facts=facts,
            sections=sections,
            files=worst[:FILES_SHOWN],
            files_hidden=max(0, len(worst) - FILES_SHOWN),
            index=INDEX,
            contract_page=contract_path(facts.contract.zone.value, facts.contract.name),
            json_page=f"{stem}.json",
        ),
    )
    return page


def _effect(rule: Rule, outcome: RuleOutcome, decision: Decision) -> str:
    """Return what a rule did: held, warned, quarantined or blocked."""
    if outcome.passed:
        return "pass"
    if rule.name in decision.blocked_by:
        return "block"
    return "quarantined" if rule.domain is Domain.RECORDS and rule.severity.value == "error" else "warn"
