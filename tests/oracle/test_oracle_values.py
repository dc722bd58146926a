"""Section 4.2's sentences, each with its example."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.oracle import mess_values
from tests.oracle.timestamps import to_moment
from tests.oracle.values import (
    Moment,
    Number,
    Uncastable,
    clean,
    clean_country,
    clean_status,
    from_smallest_unit,
    is_email,
    is_mangled,
    is_not_finite,
    is_null_word,
    to_decimal,
    to_double,
    to_int,
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
        ("\u200bx\ufeff \u2060", "x"),
        ("a\u200bb", "a\u200bb"),
        ("\u200b \u2060", ""),
    ],
)
def test_a_string_is_cleaned(text, cleaned):
    assert clean(text) == cleaned


def test_a_key_loses_every_format_character_before_nfc():
    assert clean("\ufeffu\u00ad1\u200d\u2060", is_key=True) == "u1"
    assert clean("e\u200d\u0301", is_key=True) == "\u00e9"
    assert clean("e\u200d\u0301") == "e\u200d\u0301"


def test_a_key_is_mangled_as_a_spreadsheet_leaves_it():
    assert all(map(is_mangled, ["1.23457E+15", '="000123"', "'00124", "1E+05"]))
    assert not any(map(is_mangled, ["1.23457", "E+15", "=1", "x'1", "1e5", "12E+05x"]))


def test_the_null_words_of_a_source_stand_in_place_of_the_shipped_ones_in_every_column():
    assert all(is_null_word(word, "name", ["Keine", "0"]) for word in ("", "keine", "0"))
    assert not any(is_null_word(word, "age", ["keine"]) for word in ("null", "-", "n/a"))


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
        ("1 234 567.5", "1234567.5", None),
        ("1\u00a0234", "1234", None),
        ("1\u202f234", "1234", None),
        ("1'234'567", "1234567", None),
        ("1\u2019234.50", "1234.50", None),
        ("5,29,550", "529550", None),
        ("12,34,567.25", "1234567.25", None),
        ("\u20b91,00,000", "100000", "\u20b9"),
        ("USD 1 234", "1234", "USD"),
        ("1 234 EUR", "1234", "EUR"),
        ("-$1'000", "-1000", "$"),
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


_WRONGLY_GROUPED = [
    *("1 23", "1 234,5", "1,234 567", "0 123", "0,123", "1\u2009234"),
    *("52,9,550", "05,29,550", "5,29,55"),
]


@pytest.mark.parametrize("text", _WRONGLY_GROUPED)
def test_grouping_is_by_one_mark_and_exact(text):
    assert to_decimal(text) == Uncastable(text)


def test_a_source_adds_signs_of_currencies():
    assert to_decimal("Rs. 1,200", signs=("Rs.", "kr")) == Number(Decimal(1200), "Rs.")
    assert to_decimal("12.5kr", signs=("Rs.", "kr")) == Number(Decimal("12.5"), "kr")
    assert to_decimal("12.5kr") == Uncastable("12.5kr")


@pytest.mark.parametrize(
    ("number", "code", "value"),
    [
        (Number(Decimal(1250)), "usd", "12.50"),
        (Number(Decimal(980)), "JPY", "980"),
        (Number(Decimal(1234)), "KWD", "1.234"),
        (Number(Decimal(1250), "EUR"), "JPY", "12.50"),
    ],
)
def test_minor_units_have_the_exponent_of_their_currency(number, code, value):
    assert from_smallest_unit(number, code, "") == Number(Decimal(value), number.currency)


@pytest.mark.parametrize("code", [None, "", "ZZZ", "$", "XXX"])
def test_minor_units_without_a_known_currency_are_uncastable(code):
    assert from_smallest_unit(Number(Decimal(1250)), code, "1250") == Uncastable("1250")


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
        ("1/2/2024 3:04", utc(2024, 1, 2, 3, 4)),
        ("1-2-2024 3:04:05", utc(2024, 1, 2, 3, 4, 5)),
        ("1.2.2024 3:04 PM", utc(2024, 1, 2, 15, 4)),
        ("1/2/2024 12:04am", utc(2024, 1, 2, 0, 4)),
        ("01-02-2024 12:04:05\u202fPM", utc(2024, 1, 2, 12, 4, 5)),
        ("2024-01-02 3:04", utc(2024, 1, 2, 3, 4)),
        ("2024-01-02 3:04:05.5 +0200", utc(2024, 1, 2, 1, 4, 5, 500000)),
        ("2024-01-02 3:04 pm", utc(2024, 1, 2, 15, 4)),
        ("02-Jan-2024 3:04 PM", utc(2024, 1, 2, 15, 4)),
        ("Jan 2, 2024 3:04:05 AM", utc(2024, 1, 2, 3, 4, 5)),
        ("2 Jan 2024 3:04 +0000", utc(2024, 1, 2, 3, 4)),
        ("2024-01-02T03:04 UTC", utc(2024, 1, 2, 3, 4)),
        ("1704164645123456.9", utc(2024, 1, 2, 3, 4, 5, 123456)),
    ],
)
def test_a_timestamp_is_read_to_utc(text, instant):
    assert to_moment(text) == Moment(instant)


@pytest.mark.parametrize(
    "text", ["2024-01-02", "20240102", "02-jan-2024", "Jan 2, 2024", "1/2/2024", "01.02.2024", "1-2-2024"]
)
def test_a_date_alone_is_midnight(text):
    assert to_moment(text, zone="America/New_York") == Moment(utc(2024, 1, 2), is_date_only=True)


@pytest.mark.parametrize("text", mess_values.NEARLY_TIMESTAMPS)
def test_a_near_miss_of_a_timestamp_is_uncastable(text):
    assert to_moment(text) == Uncastable(text)


def test_dates_follow_the_order_of_the_contract_strictly():
    assert to_moment("25/12/2024") == Uncastable("25/12/2024")
    assert to_moment("25/12/2024", order="DMY") == Moment(utc(2024, 12, 25), is_date_only=True)
    assert to_moment("25-12-2024 9:05", order="DMY") == Moment(utc(2024, 12, 25, 9, 5))
    assert to_moment("2024.12.25 10:00", order="YMD") == Moment(utc(2024, 12, 25, 10))
    assert to_moment("2024-1-2", order="YMD") == Uncastable("2024-1-2")


def test_a_timezone_applies_to_naive_times_alone():
    assert to_moment("2024-07-01 12:00", zone="Europe/Paris") == Moment(utc(2024, 7, 1, 10))
    assert to_moment("2024-07-01T12:00Z", zone="Europe/Paris") == Moment(utc(2024, 7, 1, 12))
    assert to_moment("1704164645", zone="Europe/Paris") == Moment(utc(2024, 1, 2, 3, 4, 5))


@pytest.mark.parametrize(
    ("text", "pattern", "instant"),
    [
        ("02.01.24 03h04", "dd.MM.yy HH'h'mm", utc(2024, 1, 2, 2, 4)),
        ("20240102030405", "yyyyMMddHHmmss", utc(2024, 1, 2, 2, 4, 5)),
        ("2/1/2024 at 3:04 PM", "d/M/yyyy 'at' h:mm a", utc(2024, 1, 2, 14, 4)),
        ("2024-01-02 03:04 -05:00", "yyyy-MM-dd HH:mm XXX", utc(2024, 1, 2, 8, 4)),
        ("2024-01-02 03:04", "dd.MM.yyyy", utc(2024, 1, 2, 2, 4)),
    ],
)
def test_a_pattern_is_tried_before_the_shipped_forms(text, pattern, instant):
    assert to_moment(text, zone="Europe/Oslo", patterns=[pattern]) == Moment(instant)


def test_a_pattern_of_a_date_is_midnight_utc():
    found = to_moment("02.01.2024", "DMY", "Europe/Oslo", ["dd.MM.yyyy"])
    assert found == Moment(utc(2024, 1, 2), is_date_only=True)


def test_status_and_country_have_one_spelling():
    assert [clean_status(s) for s in ("PAID", "canceled", "Cancelled")] == ["paid", "cancelled", "cancelled"]
    assert [clean_country(c) for c in ("us", "usa", "u1")] == ["US", "usa", "u1"]


def test_an_email_has_one_at_no_blanks_and_a_dot_with_something_on_both_sides():
    assert all(map(is_email, ["a@b.co", "x.y+z@mail.example.org", "x@y..z"]))
    assert not any(map(is_email, ["a@b", "a b@c.d", "a@@b.c", "@b.c", "a@.c", "a@b.", "plain", "a@b@c.d"]))
