"""The session's settings: a JVM for the size of the input, and options that override the defaults."""

from __future__ import annotations

import os
import subprocess

import pytest

from dags.spark.java import ensure_java
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


@pytest.mark.parametrize("input_bytes", [None, 0])
def test_warnings_of_the_jvm_go_to_stderr(input_bytes: int | None) -> None:
    assert "-Xlog:disable -Xlog:all=warning:stderr" in jvm_options(input_bytes)


def test_a_small_input_reserves_the_code_cache_of_a_large_one() -> None:
    ensure_java()
    home = os.environ.get("JAVA_HOME")
    java = f"{home}/bin/java" if home else "java"

    def reserved(*flags: str) -> str:
        command = [java, *flags, "-XX:+PrintFlagsFinal", "-version"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return next(line.split()[3] for line in told.splitlines() if " ReservedCodeCacheSize " in line)

    assert reserved(*jvm_options(0).split()) == reserved(*jvm_options(None).split())
    assert int(reserved(NONE_OPTIMISED)) < int(reserved())
