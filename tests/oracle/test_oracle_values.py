"""Section 4.2's sentences, each with its example."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.oracle import mess_values
from tests.oracle.values import (
    Moment,
    Number,
    Uncastable,
    clean,
    clean_country,
    clean_status,
    is_email,
    is_not_finite,
    is_null_word,
    to_decimal,
    to_double,
    to_int,
    to_moment,
)


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Jose\u0301", "Jos\u00e9"),
        ("a\u0000\u0001b\u007f\u0085c", "abc"),
        ("a\tb\nc\rd", "a\tb\nc\rd"),
        ("\u00a0\u3000 x \u2003\u2028", "x"),
        ("\ud800x\udc00", "\ufffdx\ufffd"),
        ("\u200bx", "\u200bx"),
    ],
)
def test_a_string_is_cleaned(text, cleaned):
    assert clean(text) == cleaned


def test_null_words_are_whole_values_in_any_case():
    words = [
        "null",
        "NONE",
        "nan",
        "nil",
        "na",
        "N/A",
        "#n/a",
        "Undefined",
        "-",
        "--",
        "?",
        "\\N",
        "\\n",
        "(NULL)",
    ]
    assert all(is_null_word(word) for word in ["", *words])
    assert not any(is_null_word(word) for word in ["Null Island", "---", "n.a.", "0"])


def test_namibia_and_people_are_no_null_words():
    for column in ("country", "name"):
        assert not any(is_null_word(word, column) for word in ["NA", "None", "nan", "nil"])
        assert is_null_word("null", column)
        assert is_null_word("n/a", column)


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1,234.56", "1234.56", None),
        (".5", "0.5", None),
        ("5.", "5", None),
        ("1e2", "100", None),
        ("-$5", "-5", "$"),
        ("$-5", "-5", "$"),
        ("$ 5", "5", "$"),
        ("5 EUR", "5", "EUR"),
        ("5EUR", "5", "EUR"),
        ("\u20b91,200", "1200", "\u20b9"),
        ("(12.50)", "-12.50", None),
        ("($12.50)", "-12.50", "$"),
        ("(12.50 EUR)", "-12.50", "EUR"),
        ("0.00005", "0.0001", None),
        ("-0.00005", "-0.0001", None),
        ("0.00004", "0", None),
        ("007", "7", None),
        ("99999999999999.9999", "99999999999999.9999", None),
        ("1e-400", "0", None),
    ],
)
def test_a_decimal_is_read(text, value, currency):
    assert to_decimal(text) == Number(Decimal(value), currency)


@pytest.mark.parametrize("text", mess_values.NEARLY_NUMBERS + mess_values.BEYOND_DECIMAL)
def test_a_near_miss_of_a_number_is_uncastable(text):
    assert to_decimal(clean(text)) == Uncastable(clean(text))


def test_an_integer_column_takes_34_0_not_34_7():
    assert [to_int(text) for text in ("34", "34.0", "3.4e1", "(5)", "34.")] == [34, 34, 34, -5, 34]
    assert to_int("34.7") == Uncastable("34.7")
    assert to_int("2147483648") == Uncastable("2147483648")


def test_a_double_follows_the_same_form():
    assert [to_double(text) for text in ("$21.5", "1e308", "1e-400", "(3)")] == [21.5, 1e308, 0.0, -3.0]
    assert to_double("1e400") == Uncastable("1e400")


def test_a_decimal_mark_of_comma_implies_grouping_by_point():
    assert to_decimal("1.234,56", mark=",") == Number(Decimal("1234.56"))
    assert to_decimal("12,5 EUR", mark=",") == Number(Decimal("12.5"), "EUR")
    assert to_decimal("1,234.56", mark=",") == Uncastable("1,234.56")


def test_nan_and_infinities_are_recognised():
    assert all(is_not_finite(text) for text in ("NaN", "Infinity", "-inf", "+INF"))
    assert not is_not_finite("infinite")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-01-02T03:04:05Z", utc(2024, 1, 2, 3, 4, 5)),
        ("2024-01-02 03:04", utc(2024, 1, 2, 3, 4)),
        ("2024-01-02T03:04:05.123456789", utc(2024, 1, 2, 3, 4, 5, 123456)),
        ("2024-01-02T03:04:05.5+05:30", utc(2024, 1, 1, 21, 34, 5, 500000)),
        ("2024-01-02T03:04:05 +0530", utc(2024, 1, 1, 21, 34, 5)),
        ("2024-01-02T03:04:05-08", utc(2024, 1, 2, 11, 4, 5)),
        ("2024-01-02T03:04+18:00", utc(2024, 1, 1, 9, 4)),
        ("2024-01-02 03:04:05 UTC", utc(2024, 1, 2, 3, 4, 5)),
        ("20240102T030405Z", utc(2024, 1, 2, 3, 4, 5)),
        ("20240102T030405", utc(2024, 1, 2, 3, 4, 5)),
        ("1704164645", utc(2024, 1, 2, 3, 4, 5)),
        ("1704164645123", utc(2024, 1, 2, 3, 4, 5, 123000)),
        ("1704164645123456", utc(2024, 1, 2, 3, 4, 5, 123456)),
        ("1704164645.5", utc(2024, 1, 2, 3, 4, 5, 500000)),
        ("1704164645123.4567", utc(2024, 1, 2, 3, 4, 5, 123456)),
        ("02-Jan-2024 03:04", utc(2024, 1, 2, 3, 4)),
        ("JAN 2, 2024 03:04:05", utc(2024, 1, 2, 3, 4, 5)),
        ("Tue, 02 Jan 2024 03:04:05 +0100", utc(2024, 1, 2, 2, 4, 5)),
        ("2 Jan 2024 03:04 -0330", utc(2024, 1, 2, 6, 34)),
        ("1/2/2024 03:04", utc(2024, 1, 2, 3, 4)),
    ],
)
def test_a_timestamp_is_read_to_utc(text, instant):
    assert to_moment(text) == Moment(instant)


@pytest.mark.parametrize(
    "text", ["2024-01-02", "20240102", "02-jan-2024", "Jan 2, 2024", "1/2/2024", "01.02.2024"]
)
def test_a_date_alone_is_midnight(text):
    assert to_moment(text, zone="America/New_York") == Moment(utc(2024, 1, 2), is_date_only=True)


@pytest.mark.parametrize("text", mess_values.NEARLY_TIMESTAMPS)
def test_a_near_miss_of_a_timestamp_is_uncastable(text):
    assert to_moment(text) == Uncastable(text)


def test_dates_follow_the_order_of_the_contract_strictly():
    assert to_moment("25/12/2024") == Uncastable("25/12/2024")
    assert to_moment("25/12/2024", order="DMY") == Moment(utc(2024, 12, 25), is_date_only=True)
    assert to_moment("2024.12.25 10:00", order="YMD") == Moment(utc(2024, 12, 25, 10))


def test_a_timezone_applies_to_naive_times_alone():
    assert to_moment("2024-07-01 12:00", zone="Europe/Paris") == Moment(utc(2024, 7, 1, 10))
    assert to_moment("2024-07-01T12:00Z", zone="Europe/Paris") == Moment(utc(2024, 7, 1, 12))
    assert to_moment("1704164645", zone="Europe/Paris") == Moment(utc(2024, 1, 2, 3, 4, 5))


def test_status_and_country_have_one_spelling():
    assert [clean_status(s) for s in ("PAID", "canceled", "Cancelled")] == ["paid", "cancelled", "cancelled"]
    assert [clean_country(c) for c in ("us", "usa", "u1")] == ["US", "usa", "u1"]


def test_an_email_has_one_at_no_blanks_and_a_dot_with_something_on_both_sides():
    assert all(map(is_email, ["a@b.co", "x.y+z@mail.example.org", "x@y..z"]))
    assert not any(map(is_email, ["a@b", "a b@c.d", "a@@b.c", "@b.c", "a@.c", "a@b.", "plain", "a@b@c.d"]))
