"""The session's settings: a JVM for the size of the input, and options that override the defaults."""

from __future__ import annotations

import pytest

from dags.spark.session import SMALL_INPUT, jvm_options, session_settings

JVM = "spark.driver.extraJavaOptions"
NONE_OPTIMISED = "-XX:TieredStopAtLevel=1"


@pytest.mark.parametrize("input_bytes", [0, 5_000_000, SMALL_INPUT - 1])
def test_a_small_input_is_not_worth_optimised_code(input_bytes: int) -> None:
    flags = jvm_options(input_bytes).split()
    assert NONE_OPTIMISED in flags
    assert "-XX:+UseParallelGC" in flags
    assert not [flag for flag in flags if "Tier4" in flag]


@pytest.mark.parametrize("input_bytes", [None, SMALL_INPUT, 500_000_000])
def test_a_large_input_and_one_of_unknown_size_are(input_bytes: int | None) -> None:
    flags = jvm_options(input_bytes).split()
    assert NONE_OPTIMISED not in flags
    assert "-XX:+UseParallelGC" in flags
    assert "-XX:Tier4InvocationThreshold=200000" in flags


def test_options_override_the_flags_of_a_size() -> None:
    assert session_settings({}, 0)[JVM] == jvm_options(0)
    assert session_settings({JVM: "-XX:+UseZGC"}, 0)[JVM] == "-XX:+UseZGC"
