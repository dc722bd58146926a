"""`lakegate source suggest`: print the ``sources`` entry under which each file would be accepted."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

import yaml

from contracts.errors import LakegateError
from contracts.loader import load_contracts
from dags.cli.console import print_json, progress_bar, say
from dags.pipeline.source_suggestions import contract_texts, suggest_for
from dags.settings import read_settings
from quarantine_policies.reader import check_policies, load_policies
from transforms.suggest_source.entry import entry_yaml
from transforms.suggest_source.suggest import MOST_SAMPLED_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dags.pipeline.source_suggestions import SuggestedSource, TrialCounts
    from dags.settings import Settings
    from quarantine_policies.reader import Policies

    Counted = tuple[TrialCounts | None, str]  # the counts, or the reason why there are none


def suggest_command(*, files: Sequence[Path], dataset: str | None, as_json: bool) -> int:
    """Print a suggestion for each file; return 1 if there is none for any of them."""
    settings = read_settings()
    contracts = load_contracts(settings.contracts)
    policies = load_policies(settings.policies)
    check_policies(policies, contracts)
    texts = contract_texts(contracts.datasets, settings.contracts)
    with progress_bar("reading files", is_quiet=as_json) as report:
        suggestions = []
        for number, path in enumerate(files):
            report(number, len(files))
            suggestions.append(suggest_for(path, contracts.datasets, texts, dataset))
    with progress_bar("counting records", is_quiet=as_json) as report:
        counts = _count_all(suggestions, policies, settings, report)
    results = list(zip(suggestions, counts, strict=True))
    if as_json:
        print_json({"files": [_document(suggestion, counted) for suggestion, counted in results]})
    else:
        say("\n\n".join(_text(suggestion, counted) for suggestion, counted in results))
    return int(all(suggestion.problem for suggestion in suggestions))


def _count_all(
    suggestions: Sequence[SuggestedSource],
    policies: Policies,
    settings: Settings,
    report: Callable[[int, int], None],
) -> list[Counted]:
    """Count the records of each file with an entry; Spark starts only if there is any."""
    counted: list[Counted] = []
    for number, suggestion in enumerate(suggestions):
        report(number, len(suggestions))
        if suggestion.contract is None or suggestion.facts is None:
            counted.append((None, ""))
        elif suggestion.facts.size_bytes > MOST_SAMPLED_BYTES:
            counted.append((None, f"the file is larger than {MOST_SAMPLED_BYTES // 1024**2} MiB"))
        else:
            counted.append(_count(suggestion, policies, settings))
    return counted


def _count(suggestion: SuggestedSource, policies: Policies, settings: Settings) -> Counted:
    from dags.pipeline.context import new_run
    from dags.pipeline.source_suggestions import count_records
    from dags.spark.concurrency import start_with_gx
    from dags.spark.local import spark_of

    assert suggestion.contract is not None
    assert suggestion.facts is not None
    policy = policies.of(suggestion.contract.name)
    parameters = {**policy.parameters, **new_run().parameters}
    spark = start_with_gx(partial(spark_of(settings, reads_lake=False), suggestion.facts.size_bytes))
    try:
        return count_records(
            spark, suggestion.contract, policy, parameters, suggestion.file, suggestion.path, suggestion.facts
        ), ""
    except LakegateError as error:
        return None, error.found or error.what


def _document(suggestion: SuggestedSource, counted: Counted) -> dict[str, object]:
    counts, not_counted = counted
    return {
        "file": str(suggestion.path),
        "key": suggestion.key,
        "dataset": suggestion.dataset,
        "findings": [asdict(finding) for finding in suggestion.findings],
        "entry": None if suggestion.source is None else yaml.safe_load(entry_yaml(suggestion.source))[0],
        "counts": None if counts is None else asdict(counts),
        "not_counted": not_counted or None,
        "problem": suggestion.problem or None,
    }


def _text(suggestion: SuggestedSource, counted: Counted) -> str:
    """Return evidence, the entry, and the counts or the problem as text."""
    lines = [f"{suggestion.path}: {suggestion.dataset}" if suggestion.dataset else f"{suggestion.path}"]
    lines += [f"  {finding.key:<12} {_in_one_line(finding.evidence)}" for finding in suggestion.findings]
    if suggestion.problem:
        lines.append(
            f"No entry under sources accepts this file: {_in_one_line(suggestion.problem).removesuffix('.')}."
        )
        return "\n".join(lines)
    assert suggestion.source is not None
    lines += ["", f"# under sources in silver/{suggestion.dataset}.yaml", entry_yaml(suggestion.source)]
    counts, not_counted = counted
    if counts is None:
        lines.append(f"The records were not counted: {_in_one_line(not_counted)}.")
        return "\n".join(lines)
    lines.append(f"{counts.rows_passing:,} of {counts.rows_read:,} records pass the row rules.")
    lines += [f"  {broken:,} break {rule}" for rule, broken in counts.rows_by_rule.items()]
    if counts.rows_excluded:
        records = "record is" if counts.rows_excluded == 1 else "records are"
        lines.append(f"  {counts.rows_excluded:,} more {records} excluded by the condition")
    return "\n".join(lines)


def _in_one_line(text: str) -> str:
    return " ".join(text.split())
