"""Syntax of Java regular expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.java_regex import JavaRegexError, check_java_regex
from contracts.loader import load_contracts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INVALID = {
    "(a": "unclosed group at character 1",
    "a)": "unmatched ) at character 2",
    "[a-z": "unclosed character class at character 1",
    "a|*": "nothing to repeat before * at character 3",
    "+a": "nothing to repeat before + at character 1",
    "a**": "nothing to repeat before * at character 3",
    "a{x}": "{ begins no repetition such as {2,5} at character 2",
    "a{3,2}": "impossible repetition {3,2} at character 2",
    "[z-a]": "the range z-a is in the wrong order at character 3",
    "a\\": "\\ at the end escapes nothing at character 2",
    r"\y": "unknown escape \\y at character 1",
    r"\u12": "incomplete escape \\u at character 1",
    "(?P<year>x)": "unknown kind of group at character 1",
}
VALID = (
    "", "a|", r"\Q(\E", "[]a]", "[a-]", "[^a-c&&[^b]]", r"[\w.]+", "(?<year>\\d{4})-\\k<year>", "(?i)a",
    "(?i:a)", "(?>a++)", "(?<!a)b", r"\p{L}\P{Lu}\pL", r"\x41\x{1F600}\u00e9\07", "a{2}?", "}", "]", "a]",
    "(?x) a # ( \n b", "x*+y?+z{1,}+",
)  # fmt: skip


@pytest.mark.parametrize(("pattern", "problem"), INVALID.items())
def test_an_invalid_pattern_is_refused_with_its_place(pattern: str, problem: str) -> None:
    with pytest.raises(JavaRegexError) as caught:
        check_java_regex(pattern)
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("pattern", VALID)
def test_a_valid_pattern_is_accepted(pattern: str) -> None:
    check_java_regex(pattern)


def test_the_patterns_of_the_shipped_contracts_are_accepted() -> None:
    patterns = [
        rule.kwargs["regex"]
        for contract in load_contracts().all
        for rule in contract.rules
        if "regex" in rule.kwargs
    ]
    assert patterns
    for pattern in patterns:
        check_java_regex(str(pattern))


def compiles_in_java(spark: SparkSession, pattern: str) -> bool:
    from pyspark.errors import IllegalArgumentException

    try:
        spark._jvm.java.util.regex.Pattern.compile(pattern)  # type: ignore[union-attr]
    except IllegalArgumentException:
        return False
    return True


def test_the_examples_are_those_of_java(spark: SparkSession) -> None:
    assert [pattern for pattern in INVALID if compiles_in_java(spark, pattern)] == []
    assert [pattern for pattern in VALID if not compiles_in_java(spark, pattern)] == []


PIECES = st.sampled_from(
    ["a", "z", "0", "-", "^", "$", ".", "|", "*", "+", "?", "{", "}", "{2}", "{1,3}", ",", "(", ")", "(?:",
     "(?i)", "(?<n>", "(?=", "[", "]", "[a-z]", "[^", "&&", "\\", "\\d", "\\p{L}", "\\b", "\\]", "\\Q", "\\E",
     "é"]
)  # fmt: skip


@pytest.mark.slow  # an exception of the JVM takes half a second
def test_no_pattern_that_java_compiles_is_refused(spark: SparkSession) -> None:
    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(PIECES, max_size=8).map("".join))
    def agrees(pattern: str) -> None:
        try:
            check_java_regex(pattern)
        except JavaRegexError:
            assert not compiles_in_java(spark, pattern), pattern

    agrees()
