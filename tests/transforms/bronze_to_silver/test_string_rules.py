"""The string rules where a record is cut are those of the row path."""

from __future__ import annotations

import doctest
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import functions as sf

from tests.transforms.bronze_to_silver.evaluated import assert_same, evaluate
from transforms.bronze_to_silver import string_rules, text
from transforms.bronze_to_silver.string_rules import clean_text, is_null_word

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Java and Python know different versions of Unicode: these blocks have been full for long.
CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cn", "Co", "Cs"), max_codepoint=0x33F)
WORDS = st.sampled_from(
    [*text.DEFAULT_NULL_WORDS, " NULL\t", "\u00a0NaN", "None of it", "e\u0301", "\x85a\x00"]
)
TEXTS = st.lists(st.one_of(st.text(CHARACTERS, max_size=8), WORDS), min_size=100, max_size=300)


@settings(max_examples=6, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(texts=TEXTS)
def test_a_text_is_cleaned_and_nulled_as_spark_does_it(spark: SparkSession, texts: list[str]) -> None:
    cleaned = [row[0] for row in evaluate(spark, texts, {"cleaned": text.clean_text(sf.col("text"))})]
    assert_same(texts, [clean_text(one) for one in texts], cleaned)
    kept = [row[0] for row in evaluate(spark, cleaned, {"kept": text.null_if_word(sf.col("text"))})]
    assert_same(cleaned, [None if is_null_word(one) else one for one in cleaned], kept)


def test_the_examples_hold() -> None:
    assert doctest.testmod(string_rules).failed == 0
