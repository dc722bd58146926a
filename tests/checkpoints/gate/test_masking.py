"""Masking: no personal value is shown, also not one that stands in the wrong column."""

from __future__ import annotations

import pytest

from checkpoints.gate.masking import Masking, mask
from contracts.model import Domain, Rule, Severity

MASKING = Masking(frozenset({"email"}))


def rule(column: str | None) -> Rule:
    expectation, kwargs = "expect_column_values_to_be_null", {"column": column} if column else {}
    return Rule("r", Domain.RECORDS, Severity.ERROR, "validity", "d", "b", expectation, kwargs)


@pytest.mark.parametrize(
    "value",
    ["a@b.example", "+49 170 5550199", "+1(212)555-0100", "0170 5550199", "Zebedee Quuxton", "Zoë Ångström"],
)
def test_a_value_that_looks_personal_is_masked_in_any_column(value: str) -> None:
    for column in ("status", "_uncastable_age"):
        assert MASKING.samples(rule(column), [value]) == (mask(value),)


@pytest.mark.parametrize("value", ["Zebedee", "berlin", "somebody else"])
def test_a_word_is_masked_where_a_number_or_a_time_is_expected(value: str) -> None:
    assert MASKING.samples(rule("_uncastable_age"), [value]) == (mask(value),)
    assert MASKING.samples(rule("status"), [value]) == (value,)


@pytest.mark.parametrize(
    "value",
    [
        *("12,99 EUR", "n/a", "abc", "-5", "1e400", "1.234.567,89 €", "9" * 40, "unknown", "0012345678"),
        *("2024-13-45 10:00", "32/13/2024 10:00 PM", "20240132 101500", "2024-02-30 10:00 +0100"),
        *("Tue, 32 Jan 2024 10:00:00 GMT", "31 February 2024", "10:00 PM Tuesday"),
    ],
)
def test_what_stands_in_numbers_and_dates_is_shown(value: str) -> None:
    for column in ("status", "_uncastable_ts"):
        assert MASKING.samples(rule(column), [value]) == (value,)


def test_a_text_about_the_whole_table_is_shown() -> None:
    text = "dim_users.segment is missing: ALTER TABLE dim_users ADD COLUMN segment"
    assert MASKING.samples(rule(None), [text]) == (text,)


def test_without_personal_columns_nothing_is_masked() -> None:
    assert Masking(frozenset()).samples(rule("_uncastable_age"), ["Jane Doe"]) == ("Jane Doe",)


def test_values_that_great_expectations_computed_are_masked_alike() -> None:
    from tests.checkpoints.docs.given import CONTRACT

    shown = Masking.of(CONTRACT).texts(CONTRACT, rule("id"), ["u1", "Jane Doe", ("jane@b.example",)])
    assert shown == ("u1", mask("Jane Doe"), mask("jane@b.example"))
