"""The email_format rule of the shipped contracts, in Python and in Spark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from pyspark.sql import functions as sf

from contracts.loader import load_contracts

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONTRACTS = load_contracts()
EMAIL = str(CONTRACTS.silver("users").rule("email_format").kwargs["regex"])

EMAILS = [
    ("a@b.c", True),
    ("first.last+tag@sub.example.org", True),
    ("名@例.jp", True),
    ("!#/?[~@-.}", True),
    ("a\u00e9@b.c", True),
    ("a@b.\u00e9", True),
    ("a@.b.c", True),
    ("a@b..c", True),
    ("a@b..", True),
    ("a@b", False),
    ("a@.b", False),
    ("a@b.", False),
    ("@b.c", False),
    ("a@", False),
    ("a", False),
    ("a@b@c.d", False),
    ("a b@c.d", False),
    ("a\u00a0b@c.d", False),
    ("a@c\u3000d.e", False),
    ("a@c.d\n", False),
    ("a@c.d e", False),
    ("", False),
]


@pytest.mark.parametrize(("email", "is_valid"), EMAILS)
def test_an_email_has_one_at_and_a_dot_after_it_with_text_on_both_sides(email: str, is_valid: bool) -> None:
    assert (re.search(EMAIL, email) is not None) is is_valid


def test_spark_finds_the_same_emails_valid(spark: SparkSession) -> None:
    hostile = [("a@" + "." * 100_000 + end, False) for end in (" ", "@")]
    frame = spark.createDataFrame([*EMAILS, *hostile], "email string, is_valid boolean")
    assert frame.where(sf.col("email").rlike(EMAIL) != sf.col("is_valid")).collect() == []


@pytest.mark.parametrize("end", [" ", "@"], ids=["blank", "second at"])
def test_an_email_of_a_million_dots_is_checked_in_linear_time(end: str) -> None:
    assert re.search(EMAIL, "a@" + "." * 1_000_000 + end) is None


def test_every_dataset_has_the_same_email_rule() -> None:
    assert {one.rule("email_format").kwargs["regex"] for one in CONTRACTS.datasets} == {EMAIL}
