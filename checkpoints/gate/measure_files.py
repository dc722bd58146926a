"""File measurement: the numbers that the rules of the file inventory judge."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from checkpoints.gate.measures import Measures, RuleCount
from contracts.model import Domain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.lake.ingestion import Ingestion
    from contracts.model import Contract

MOST_LACKING = 20  # files without required columns that are named
_MAX_SAMPLES = 3
_READABLE = "expect_accepted_files_to_be_readable"


def measure_files(
    contract: Contract, ingestion: Ingestion, lacking: Mapping[str, tuple[str, ...]]
) -> Mapping[Domain, Measures]:
    """Return the measures of a dataset's file inventory, by domain.

    Args:
        contract: of the inventory.
        ingestion: the files found.
        lacking: key of a file accepted by an earlier run -> required columns that it has no source for.
    """
    inventory = ingestion.inventory
    by_reason: dict[str, RuleCount] = {}
    for rule in contract.rules_in(Domain.RECORDS):
        keys = [
            facts.key for facts in inventory if facts.reason is not None and facts.reason.value == rule.name
        ]
        by_reason[rule.name] = RuleCount(len(keys), tuple(keys[:_MAX_SAMPLES]))
    times = Counter(facts.key for facts in inventory)
    repeated = [key for key, count in times.items() if count > 1]
    duplicates = RuleCount(sum(times[key] for key in repeated), tuple(repeated[:_MAX_SAMPLES]))
    samples = [f"{key}: no source for {', '.join(columns)}" for key, columns in lacking.items()]
    unreadable = RuleCount(len(lacking), tuple(samples[:MOST_LACKING]))
    by_table_rule = {"keys_unique": duplicates, **dict.fromkeys(readability_rules(contract), unreadable)}
    size_bytes = sum(facts.size_bytes for facts in inventory)
    rejected_bytes = sum(facts.size_bytes for facts in inventory if not facts.is_valid)
    values = {
        "rejected_bytes_ratio": rejected_bytes / size_bytes if size_bytes else 0.0,
        "unreadable_accepted_files": len(lacking),
    }
    return {
        Domain.RECORDS: Measures(len(inventory), by_reason),
        Domain.TABLE: Measures(len(inventory), by_table_rule, values),
    }


def readability_rules(contract: Contract) -> list[str]:
    """Return the names of the inventory's rules on accepted files that lack required columns."""
    return [rule.name for rule in contract.rules_in(Domain.TABLE) if rule.expectation == _READABLE]
