"""The inventory is counted by the expectations that judge it."""

from __future__ import annotations

from datetime import UTC, datetime

from checkpoints.gate.checkpoint import judge
from checkpoints.gate.masking import Masking
from checkpoints.gate.measure_files import measure_files
from checkpoints.gate.measures import RuleCount
from contracts.inventory import FileFacts, Reason
from contracts.model import Domain
from contracts.reader import load_contracts


def test_files_are_counted_by_reason_and_judged() -> None:
    contract = load_contracts().inventory
    facts = [
        FileFacts("a.csv", 60, "1"),
        FileFacts("b.xls", 20, "2", reason=Reason.UNSUPPORTED_FORMAT),
        FileFacts("c.xls", 20, "3", reason=Reason.UNSUPPORTED_FORMAT),
        FileFacts("a.csv", 0, "4", reason=Reason.EMPTY),
    ]
    parameters = {"max_rejected_bytes_ratio": 0.3}

    measured = measure_files(contract, "events", facts, parameters)

    assert measured[Domain.RECORDS].rows == 4
    assert measured[Domain.RECORDS].rules["unsupported_format"] == RuleCount(2, ("b.xls", "c.xls"))
    assert measured[Domain.RECORDS].rules["empty"] == RuleCount(1, ("a.csv",))
    assert measured[Domain.RECORDS].rules["corrupt_gzip"] == RuleCount(0)
    assert measured[Domain.TABLE].values == {"_rejected_bytes_ratio": 0.4}
    judgement = judge(
        "raw_to_bronze.events",
        contract,
        contract.rules,
        measured,
        parameters,
        Masking.of(contract),
        "run-1",
        datetime(2024, 6, 1, tzinfo=UTC),
    )
    assert {o.rule: o.failed for o in judgement.outcomes if not o.passed} == {
        "unsupported_format": 2,
        "empty": 1,
        "keys_unique": 2,
        "rejected_bytes_ratio": 0,
    }


def test_no_files_break_nothing() -> None:
    contract = load_contracts().inventory
    measured = measure_files(contract, "events", [], {"max_rejected_bytes_ratio": 1.0})
    assert {count.unexpected for m in measured.values() for count in m.rules.values()} == {0}
    assert measured[Domain.TABLE].values == {"_rejected_bytes_ratio": 0.0}
