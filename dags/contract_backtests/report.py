"""Reports on a backtest: a JSON document, lines of text, and a suite of the checks of contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.contract_backtests.row_changes import Direction
from dags.contract_checks.folders import shown_path
from dags.contract_checks.reports.markdown import escaped, table
from dags.contract_checks.results import Check, Level, Outcome, Problem, Suite, make_check
from dags.pipeline.report import plain_document
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.model import Contract
    from dags.contract_backtests.backtest import Backtest, DatasetBacktest
    from dags.contract_backtests.row_changes import RuleChange
    from dags.contract_backtests.sides import Side
    from dags.contract_checks.folders import Folders

SUITE = "backtest"
ROWS, BLOCKED = "rows-quarantined", "blocked"
_MOST_FILES = 5
_WORDS = {
    Direction.QUARANTINED: "newly quarantined",
    Direction.LET_THROUGH: "newly let through",
    Direction.OTHER_RULES: "quarantined by other rules",
}
_COUNTS = ("rows_read", "rows_promoted", "rows_quarantined", "rows_deduplicated", "rows_conflicting")


def backtest_document(backtest: Backtest, base: str) -> dict[str, object]:
    """Return the JSON document of ``contract backtest --json``."""
    return {
        "base": base,
        "as_of": backtest.run.as_of.isoformat(),
        "verdict": backtest.verdict.value,
        "datasets": [
            {
                "dataset": one.contract.name,
                "base": None if one.base is None else _side_document(one.base),
                "working": _side_document(one.working),
                **{
                    direction.value: {
                        "rows": one.changes.rows.get(direction, 0),
                        "by_rule": [
                            _rule_document(rule, one) for rule in one.changes.rules.get(direction, ())
                        ],
                    }
                    for direction in Direction
                },
            }
            for one in backtest.datasets
        ],
        "unchanged": list(backtest.unchanged),
        "not_in_bronze": list(backtest.not_in_bronze),
    }


def backtest_lines(backtest: Backtest) -> Iterator[str]:
    """Yield the report as text: verdicts and counts of each dataset, then the rows by rule and file."""
    for one in backtest.datasets:
        before, after = one.base.report if one.base else None, one.working.report
        verdicts = [before.verdict.value if before else "none", after.verdict.value]
        yield f"{one.contract.name}: verdict {' -> '.join(dict.fromkeys(verdicts))}"
        if one.base is not None and one.base.promoted_by is not None:
            yield f"  the base is what run {one.base.promoted_by} left in the lake"
        for name in _COUNTS:
            counts = [getattr(report, name) for report in (before, after) if report is not None]
            shown = [f"{count:,}" for count in counts if count is not None]
            if shown:
                yield f"  {name.replace('_', ' '):18} {' -> '.join(dict.fromkeys(shown))}"
        if one.working.blocked_files:
            yield "  raw_to_bronze would be blocked, so no row was read"
        if after.failed:
            yield f"  broken rules       {', '.join(after.failed)}"
        yield from _row_lines(one)
    for name in backtest.unchanged:
        yield f"{name}: contract and policy are those of the base"
    for name in backtest.not_in_bronze:
        yield f"{name}: no file in BRONZE"


def backtest_suite(backtest: Backtest, folders: Folders, seconds: float) -> Suite:
    """Return the backtest as a suite: a check for each dataset.

    A verdict of block is an error, newly quarantined rows are a warning.
    """
    checks = [_check(one, folders) for one in backtest.datasets]
    checks += [
        Check(name, SUITE, Outcome.SKIPPED, note=note)
        for names, note in (
            (backtest.unchanged, "contract and policy are those of the base"),
            (backtest.not_in_bronze, "no file in BRONZE"),
        )
        for name in names
    ]
    rows = [
        (
            one.contract.name,
            _WORDS[direction],
            escaped(change.rule),
            f"{change.rows:,}",
            f"{len(change.files):,}",
        )
        for one in backtest.datasets
        for direction in Direction
        for change in one.changes.rules.get(direction, ())
    ]
    details = "\n".join(table(("dataset", "rows", "rule", "number", "files"), rows)) if rows else ""
    return Suite(SUITE, tuple(checks), seconds, details)


def _side_document(side: Side) -> dict[str, object]:
    document = plain_document(side.report)
    del document["promoted"]
    transition = "raw_to_bronze" if side.blocked_files else "bronze_to_silver"
    return {"transition": transition, **document, "promoted_by": side.promoted_by}


def _rule_document(change: RuleChange, of: DatasetBacktest) -> dict[str, object]:
    return {
        "rule": change.rule,
        "rows": change.rows,
        "files": dict(change.files),
        "samples": [
            {"file": sample.file, "value": of.values.get((change.rule, sample))} for sample in change.samples
        ],
    }


def _row_lines(of: DatasetBacktest) -> Iterator[str]:
    for direction in Direction:
        rows = of.changes.rows.get(direction, 0)
        if not rows:
            continue
        yield f"  rows {_WORDS[direction]}: {rows:,}"
        for change in of.changes.rules[direction]:
            yield f"    {change.rule}: {change.rows:,}"
            most = sorted(change.files.items(), key=lambda one: (-one[1], one[0]))
            yield from (f"      {count:>10,}  {file}" for file, count in most[:_MOST_FILES])
            if len(most) > _MOST_FILES:
                rest = most[_MOST_FILES:]
                yield f"      {sum(count for _, count in rest):>10,}  in {len(rest):,} further files"
            values = [
                of.values[change.rule, one] for one in change.samples if (change.rule, one) in of.values
            ]
            if values:
                yield f"      such as {', '.join(dict.fromkeys(values))}"


def _check(of: DatasetBacktest, folders: Folders) -> Check:
    contract, report = of.contract, of.working.report
    file = shown_path(folders.contracts / contract.path)
    problems = []
    if report.verdict is Verdict.BLOCK:
        transition = "raw_to_bronze" if of.working.blocked_files else "bronze_to_silver"
        rules = ", ".join(of.working.blocked_by)
        problems.append(Problem(BLOCKED, f"{transition} would be blocked by {rules}", file=file))
    for change in of.changes.rules.get(Direction.QUARANTINED, ()):
        text = f"newly quarantined rows: {change.rows:,} (files: {len(change.files):,})"
        problems.append(
            Problem(
                ROWS,
                text,
                file,
                _line(contract, change.rule, folders),
                rule=change.rule,
                level=Level.WARNING,
            )
        )
    return make_check(contract.name, SUITE, tuple(problems), file=file)


def _line(contract: Contract, name: str, folders: Folders) -> int | None:
    """Return the line of a rule that stands in the contract itself."""
    from contracts.yaml_lines import YamlLines

    path = next((rule.path for rule in contract.rules if rule.name == name), "")
    if not path:
        return None
    return YamlLines((folders.contracts / contract.path).read_text(encoding="utf-8")).line(path)
