"""The fingerprint of a transition: the same for the same, another for anything else."""

from __future__ import annotations

import pytest

from dags.pipeline.fingerprint import INSPECTING_CODE, fingerprint

SAME = fingerprint("what", ["in 1", "in 2"], ["rule"])


def test_the_same_gives_the_same() -> None:
    assert fingerprint("what", iter(["in 1", "in 2"]), ("rule",)) == SAME


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("other", ["in 1", "in 2"], ["rule"]),
        fingerprint("what", ["in 1"], ["rule"]),
        fingerprint("what", ["in 2", "in 1"], ["rule"]),
        fingerprint("what", ["in 1in 2"], ["rule"]),
        fingerprint("what", ["in 1", "in 2", "rule"], []),
        fingerprint("what", ["in 1", "in 2"], ["rules"]),
        fingerprint("what", ["in 1", "in 2"], ["rule"], INSPECTING_CODE),
    ],
)
def test_another_name_input_rule_order_or_code_gives_another(other: str) -> None:
    assert other != SAME
