"""The gate judges the file inventory by reasons, bytes and missing columns."""

from __future__ import annotations

from datetime import UTC, datetime

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_files import measure_files
from checkpoints.gate.measures import RuleCount
from checkpoints.lake.ingestion import Ingestion
from contracts.inventory import FileFacts, Reason
from contracts.loader import load_contracts
from contracts.model import Domain

INVENTORY = load_contracts().inventory


def ingestion(*facts: FileFacts) -> Ingestion:
    return Ingestion(
        dataset="events",
        inventory=facts,
        valid=1,
        unchanged=1,
        ignored=0,
        quarantined={Reason.UNSUPPORTED_FORMAT: 2},
        to_copy=(),
        to_quarantine=(),
        known={},
        rejected={},
        strays=(),
        before=None,
    )


FILES = ingestion(
    FileFacts("a.csv", 30, "1", rows=0),
    FileFacts("b.csv", 30, "2"),
    FileFacts("c.xls", 20, "3", reason=Reason.UNSUPPORTED_FORMAT),
    FileFacts("d.xls", 20, "4", reason=Reason.UNSUPPORTED_FORMAT),
)


def broken_rules(
    found: Ingestion, lacking: dict[str, tuple[str, ...]], max_rejected_bytes_ratio: float
) -> dict[str, tuple[str, ...]]:
    """Return the samples of the broken inventory rules, by rule."""
    gate_result = judge(
        "raw_to_bronze.events",
        INVENTORY,
        INVENTORY.rules,
        measure_files(INVENTORY, found, lacking),
        {"max_rejected_bytes_ratio": max_rejected_bytes_ratio},
        Masking.of(INVENTORY),
        "run-1",
        datetime(2024, 6, 1, tzinfo=UTC),
    )
    return {outcome.rule: outcome.samples for outcome in gate_result.outcomes if not outcome.passed}


def test_files_are_counted_by_reason_and_their_bytes_judged() -> None:
    measured = measure_files(INVENTORY, FILES, {})
    assert measured[Domain.RECORDS].rows == 4
    assert measured[Domain.RECORDS].rules["unsupported_format"] == RuleCount(2, ("c.xls", "d.xls"))
    assert measured[Domain.RECORDS].rules["corrupt_gzip"] == RuleCount(0)
    assert broken_rules(FILES, {}, 0.4) == {"unsupported_format": ("c.xls", "d.xls")}
    assert broken_rules(FILES, {}, 0.3) == {
        "unsupported_format": ("c.xls", "d.xls"),
        "rejected_bytes_ratio": (),
    }


def test_no_files_break_nothing() -> None:
    assert broken_rules(ingestion(), {}, 0.0) == {}


def test_accepted_files_that_lack_required_columns_break_a_rule_that_names_both() -> None:
    assert broken_rules(ingestion(), {"a.csv": ("tx_id", "amount"), "b.csv": ("amount",)}, 1.0) == {
        "accepted_files_readable": ("a.csv: no source for tx_id, amount", "b.csv: no source for amount")
    }
