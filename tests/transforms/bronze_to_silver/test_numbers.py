"""Numbers are read exactly as written, or not at all (spec 4.2)."""

from __future__ import annotations

import math
import random
import sys
import unicodedata
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import DataType, Kind
from tests.transforms.bronze_to_silver.evaluated import assert_same, mutated, read_number
from tests.transforms.bronze_to_silver.reading_numbers import UNCASTABLE, read
from transforms.bronze_to_silver.currencies import CODES
from transforms.bronze_to_silver.numbers import is_not_finite, parse_number

if TYPE_CHECKING:
    from tests.transforms.bronze_to_silver.reading_numbers import Read

INT, BIGINT, DOUBLE = DataType(Kind.INTEGER), DataType(Kind.BIGINT), DataType(Kind.DOUBLE)
DECIMAL = DataType(Kind.DECIMAL, 18, 4)
U = UNCASTABLE

AMOUNTS: tuple[tuple[str, str | None, str | None, str | None], ...] = (
    # title, text, the decimal(18,4) or U, the currency
    ("null is null", None, None, None),
    ("a whole number", "12", "12", None),
    ("a decimal point", "12.5", "12.5", None),
    ("no digit before the point", ".5", "0.5", None),
    ("no digit after the point", "5.", "5", None),
    ("a point alone is no number", ".", U, None),
    ("leading zeros", "007.50", "7.5", None),
    ("a minus", "-12.50", "-12.5", None),
    ("a plus", "+12.50", "12.5", None),
    ("two signs", "--1", U, None),
    ("unlike signs", "+-1", U, None),
    ("a sign alone", "-", U, None),
    ("a sign behind", "12-", U, None),
    ("a typographical minus", "\u221212", U, None),
    ("a sign and a blank", "- 12", U, None),
    ("grouping by comma", "1,234,567.89", "1234567.89", None),
    ("India's way", "5,29,550", "529550", None),
    ("India's way with more groups and a fraction", "12,34,56,789.5", "123456789.5", None),
    ("India's way with three digits before", "123,45,678", U, None),
    ("India's way that goes on in threes", "1,23,456,789", U, None),
    ("threes that go on in India's way", "1,234,56,789", U, None),
    ("India's way that ends with two", "1,23,45", U, None),
    ("India's way that begins with 0", "0,29,550", U, None),
    ("a long last group", "1,2345", U, None),
    ("a long first group", "1234,567", U, None),
    ("a group that begins with 0", "0,123", U, None),
    ("a first group with a leading 0", "012,345", U, None),
    ("a comma at the end", "1,234,", U, None),
    ("grouping behind the point", "1.234,567", U, None),
    ("a decimal comma", "12,50", U, None),
    ("the European way", "1.234,56", U, None),
    ("grouping by apostrophe", "1'234'567.50", "1234567.5", None),
    ("grouping by a typographical apostrophe", "1\u2019234", "1234", None),
    ("grouping by blank", "1 234 567", "1234567", None),
    ("grouping by no-break space", "1\u00a0234\u00a0567", "1234567", None),
    ("grouping by narrow no-break space", "1\u202f234", "1234", None),
    ("grouping by tab", "1\t234", U, None),
    ("grouping by thin space", "1\u2009234", U, None),
    ("grouping by two blanks", "1  234", U, None),
    ("two kinds of grouping", "1,234 567", U, None),
    ("two kinds of grouping, the other way", "1'234,567", U, None),
    ("a blank group of two", "1 23", U, None),
    ("a blank group of four", "1 2345", U, None),
    ("India's way by blank", "5 29 550", U, None),
    ("blank groups that begin with 0", "0 123", U, None),
    ("blank groups between a currency and a blank", "$ 1 234.50", "1234.5", "$"),
    ("blank groups, a blank and a currency", "1 234 EUR", "1234", "EUR"),
    ("blank groups, two blanks and a currency", "1 234  EUR", U, None),
    ("blank groups in parentheses", "(1 234)", "-1234", None),
    ("an underscore", "1_000", U, None),
    ("an exponent", "1.5e3", "1500", None),
    ("a capital exponent with a sign", "15E-1", "1.5", None),
    ("an exponent with a plus", "1e+2", "100", None),
    ("an exponent on a grouped number", "1,234e1", "12340", None),
    ("an exponent without digits", "1e", U, None),
    ("an exponent with a point", "1e1.5", U, None),
    ("an exponent alone", "e5", U, None),
    ("a dollar", "$12.50", "12.5", "$"),
    ("a euro behind", "12.50€", "12.5", "€"),
    ("one blank before", "€ 12.50", "12.5", "€"),
    ("one blank behind", "12.50 €", "12.5", "€"),
    ("a no-break space", "12.50\u00a0€", "12.5", "€"),
    ("two blanks", "$  12.50", U, None),
    ("two blanks behind", "12.50  EUR", U, None),
    ("a code", "EUR 12.50", "12.5", "EUR"),
    ("a code behind", "12.50USD", "12.5", "USD"),
    ("a code of the past", "12.50 HRK", "12.5", "HRK"),
    ("a code in lower case", "usd 12.50", U, None),
    ("no code at all", "ABC 12.50", U, None),
    ("a code of four letters", "USDT 12.50", U, None),
    ("a rarer sign and India's way", "₹1,23,456", "123456", "₹"),
    ("a sign younger than Java 17", "\u20c0 5", "5", "\u20c0"),
    ("a full-width sign", "＄5", "5", "＄"),
    ("a sign and a code", "$12 USD", U, None),
    ("a code and a sign", "US$12", U, None),
    ("the same sign twice", "$12$", U, None),
    ("a currency alone", "$", U, None),
    ("a code alone", "EUR", U, None),
    ("a sign before the currency", "-$12.50", "-12.5", "$"),
    ("a sign before the currency and a blank", "-$ 12.50", "-12.5", "$"),
    ("a sign behind the currency", "$-12.50", "-12.5", "$"),
    ("a sign behind the currency and a blank", "EUR -12.50", "-12.5", "EUR"),
    ("a sign before a code", "+USD12", "12", "USD"),
    ("signs on both sides", "-$-12", U, None),
    ("a sign before a trailing currency", "12 -$", U, None),
    ("a blank between sign and currency", "- $12", U, None),
    ("a blank between sign and digits", "$- 12", U, None),
    ("an exponent before a code", "1e3EUR", "1000", "EUR"),
    ("a code that begins with E", "1EUR", "1", "EUR"),
    ("a code that ends with E", "CHE12345", "12345", "CHE"),
    ("parentheses", "(12.50)", "-12.5", None),
    ("parentheses and a currency", "($12.50)", "-12.5", "$"),
    ("parentheses, a code and a blank", "(USD 1,234.50)", "-1234.5", "USD"),
    ("parentheses, a currency behind", "(12.50 €)", "-12.5", "€"),
    ("parentheses and an exponent", "(1e2)", "-100", None),
    ("parentheses and a sign", "(-12)", U, None),
    ("parentheses and a sign behind the currency", "($-12)", U, None),
    ("a sign before parentheses", "-(12)", U, None),
    ("a currency before parentheses", "$(12)", U, None),
    ("a currency behind parentheses", "(12)$", U, None),
    ("blanks in parentheses", "( 12 )", U, None),
    ("empty parentheses", "()", U, None),
    ("an open parenthesis", "(12", U, None),
    ("a closing parenthesis", "12)", U, None),
    ("double parentheses", "((12))", U, None),
    ("half rounds up", "0.00005", "0.0001", None),
    ("half rounds away from zero", "-0.00005", "-0.0001", None),
    ("less than half rounds down", "0.000049999999999999999999999999999999999999999999", "0", None),
    ("the largest", "99999999999999.9999", "99999999999999.9999", None),
    ("rounding down to the largest", "99999999999999.99994", "99999999999999.9999", None),
    ("rounding beyond the largest", "99999999999999.99995", U, None),
    ("beyond the precision", "100000000000000", U, None),
    ("beyond the precision by exponent", "1e14", U, None),
    ("NaN", "NaN", None, None),
    ("infinities", "-Infinity", None, None),
    ("infinity in short", "+inf", None, None),
    ("the sign of infinity", "∞", None, None),
    ("infinite money", "$inf", U, None),
    ("a word that begins so", "info", U, None),
    ("words", "abc", U, None),
    ("Arabic digits", "٣٤", U, None),
    ("full-width digits", "１２", U, None),
    ("a fraction character", "½", U, None),
    ("a percentage", "5%", U, None),
    ("Java's own suffix", "1d", U, None),
    ("a hexadecimal number", "0x1p3", U, None),
    ("a line break", "1\n2", U, None),
    ("a hundred nines", "9" * 100, U, None),
    ("a hundred zeros and a one", "0" * 100 + "1", "1", None),
    ("a long fraction", "1." + "0" * 100_000 + "1", "1", None),
    ("many leading zeros", "0" * 100_000 + "1.5", "1.5", None),
    ("many digits", "1" * 100_000, U, None),
    ("many groups", "1" + ",234" * 30_000, U, None),
    ("many groups of two", "1" + ",23" * 30_000 + ",456", U, None),
    ("many blanks", "1" + " 234" * 30_000 + " EUR", U, None),
    ("a tiny number", "1e-2147483647", "0", None),
    ("a tiny negative number", "-1e-99999", "0", None),
    ("a huge number", "1e2147483647", U, None),
    ("an exponent of 150 digits", "1e" + "9" * 150, U, None),
    ("a negative exponent of 150 digits", "1e-" + "9" * 150, "0", None),
    ("nothing, hugely", "0.0e" + "9" * 150, "0", None),
    ("an exponent of zeros", "1e" + "0" * 150 + "1", "10", None),
    ("a far point brought back", "0." + "0" * 500 + "125e501", "1.25", None),
)

INTEGERS: tuple[tuple[str, str, int | str, int | str], ...] = (
    # title, text, the int or U, the bigint or U
    ("a whole number", "34", 34, 34),
    ("a whole number with a point", "34.0", 34, 34),
    ("only a point", "34.", 34, 34),
    ("a fraction", "34.7", U, U),
    ("a fraction far behind", "34." + "0" * 60 + "1", U, U),
    ("an exponent", "3.4e1", 34, 34),
    ("a shift that leaves no fraction", "34000e-3", 34, 34),
    ("a shift that leaves a fraction", "34100e-3", U, U),
    ("a shift that leaves a tiny fraction", "340000000000000000000000000001e-28", U, U),
    ("zero, shifted", "0.00e-5", 0, 0),
    ("zero, shifted far", "0e-99999999999", 0, 0),
    ("a tiny number", "1e-99999999999", U, U),
    ("minus zero", "-0", 0, 0),
    ("grouping", "1,234", 1234, 1234),
    ("grouping and zeros", "1,234.00", 1234, 1234),
    ("parentheses", "(5)", -5, -5),
    ("a currency", "$5.00", 5, 5),
    ("leading zeros", "0000000000000034", 34, 34),
    ("the largest int", "2147483647", 2147483647, 2147483647),
    ("the least int", "-2147483648", -2147483648, -2147483648),
    ("beyond an int", "2147483648", U, 2147483648),
    ("the largest bigint", "9223372036854775807", U, 9223372036854775807),
    ("the least bigint", "-9223372036854775808", U, -9223372036854775808),
    ("beyond a bigint", "9223372036854775808", U, U),
    ("beyond by exponent", "1e30", U, U),
    ("words", "thirty", U, U),
)

DOUBLES: tuple[tuple[str, str, float | str | None], ...] = (
    ("a number", "21.5", 21.5),
    ("a currency", "$21.5", 21.5),
    ("parentheses", "(1,021.5)", -1021.5),
    ("an exponent", "1.5e300", 1.5e300),
    ("the nearest", "0.1", 0.1),
    ("many digits", "0.1000000000000000055511151231257827021181583404541015625", 0.1),
    ("a decimal comma", "21,5", U),
    ("beyond a double", "1e309", U),
    ("below a double", "1e-400", 0.0),
    ("a tiny number", "1e-2147483647", 0.0),
    ("a huge number", "1e" + "9" * 150, U),
    ("NaN", "nan", None),
    ("infinity", "Infinity", None),
    ("Java's own suffix", "21.5f", U),
    ("a hexadecimal number", "0x1.8p1", U),
)

COMMAS: tuple[tuple[str, str, str], ...] = (
    ("a decimal comma", "12,50", "12.5"),
    ("grouping by point", "1.234.567,89", "1234567.89"),
    ("grouping alone", "1.234", "1234"),
    ("grouping by blank", "1 234 567,89", "1234567.89"),
    ("grouping by apostrophe", "1'234,5", "1234.5"),
    ("India's way by point", "5.29.550", U),
    ("a wrong group", "12.50", U),
    ("a group that begins with 0", "0.123", U),
    ("the American way", "1,234.56", U),
    ("no digit before the comma", ",5", "0.5"),
    ("no digit after the comma", "5,", "5"),
    ("a currency, grouping and a fraction", "1.234,56 €", "1234.56"),
    ("parentheses", "(1.234,56)", "-1234.56"),
    ("an exponent", "1,5e3", "1500"),
)


FURTHER_SIGNS = ("kr", "Rs.", "Rs", "E", "EURO", "R$")
SIGNED: tuple[tuple[str, str, str, str | None], ...] = (
    ("a sign of letters", "kr 12.50", "12.5", "kr"),
    ("a sign of letters behind", "1,234.50 kr", "1234.5", "kr"),
    ("a sign with a point", "Rs.500", "500", "Rs."),
    ("a sign with a point and a blank", "-Rs. 500", "-500", "Rs."),
    ("the same without its point", "Rs 5", "5", "Rs"),
    ("a sign in another case", "KR 5", U, None),
    ("the longest sign that fits", "EURO 5", "5", "EURO"),
    ("a code that begins as a sign does", "EUR 5", "5", "EUR"),
    ("a sign that begins as a code does", "5 E", "5", "E"),
    ("a letter before a shipped sign", "R$5", "5", "R$"),
    ("a shipped sign", "$5", "5", "$"),
    ("two currencies", "kr 5 EUR", U, None),
    ("parentheses", "(kr 5)", "-5", "kr"),
)


def outcome(text: str | None, data_type: DataType, mark: str = ".") -> tuple[object, str | None, str | None]:
    """Return the value, the text where it is none, and the currency."""
    if text is None or is_not_finite(text):
        return None, None, None
    number = read_number(text, data_type, mark)
    return (None, text, None) if number is None else (number.value, None, number.currency)


@pytest.mark.parametrize(("title", "text", "amount", "currency"), AMOUNTS)
def test_amounts_are_read_with_their_currency(
    title: str, text: str, amount: str | None, currency: str | None
) -> None:
    expected = (None, text, None) if amount == U else (_decimal(amount), None, currency)
    assert outcome(text, DECIMAL) == expected, title


@pytest.mark.parametrize(("title", "text", "amount", "currency"), SIGNED)
def test_a_sources_further_signs_are_currencies(
    title: str, text: str, amount: str, currency: str | None
) -> None:
    number = read_number(text, DECIMAL, ".", FURTHER_SIGNS)
    assert number == (None if amount == U else (_decimal(amount), currency)), title


def test_a_sign_of_letters_and_a_point_without_a_whole_part_are_no_number() -> None:
    assert read_number("Rs.500", DECIMAL, ".", ("Rs",)) is None


@pytest.mark.parametrize(
    ("text", "shift", "expected"),
    [
        ("1250", 2, "12.5"),
        ("980", 0, "980"),
        ("-12345", 4, "-1.2345"),
        ("0.05", 3, "0.0001"),
        ("0.04", 3, "0"),
        ("1234567890123456", 2, "12345678901234.56"),
        ("1e16", 2, U),
        ("0", 3, "0"),
    ],
)
def test_the_point_moves_before_a_number_must_fit(text: str, shift: int, expected: str) -> None:
    written = parse_number(text)
    assert written is not None
    assert written.to_type(DECIMAL, shift) == (None if expected == U else _decimal(expected))


@pytest.mark.parametrize(("title", "text", "integer", "bigint"), INTEGERS)
def test_integers_take_whole_numbers_only(
    title: str, text: str, integer: int | str, bigint: int | str
) -> None:
    assert outcome(text, INT)[:2] == _outcome(text, integer), title
    assert outcome(text, BIGINT)[:2] == _outcome(text, bigint), title


@pytest.mark.parametrize(("title", "text", "double"), DOUBLES)
def test_doubles_follow_the_same_form(title: str, text: str, double: float | str | None) -> None:
    assert outcome(text, DOUBLE)[:2] == _outcome(text, double), title


@pytest.mark.parametrize("text", ["-0", "(0)", "-$0.0"])
def test_a_double_is_never_minus_zero(text: str) -> None:
    value = outcome(text, DOUBLE)[0]
    assert isinstance(value, float)
    assert math.copysign(1, value) == 1


@pytest.mark.parametrize(("title", "text", "amount"), COMMAS)
def test_a_decimal_comma_implies_grouping_by_point(title: str, text: str, amount: str) -> None:
    expected = (None, text) if amount == U else (_decimal(amount), None)
    assert outcome(text, DECIMAL, ",")[:2] == expected, title


def test_every_currency_is_read() -> None:
    signs = (chr(point) for point in range(sys.maxunicode) if unicodedata.category(chr(point)) == "Sc")
    for currency in (*sorted(CODES), *signs):
        assert outcome(f"{currency} 1", DECIMAL) == (_decimal("1"), None, currency)


def test_another_decimal_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="found ';'"):
        read_number("1", DECIMAL, ";")


@settings(max_examples=100, derandomize=True)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize("mark", [".", ","])
def test_any_text_is_read_as_the_grammar_says(mark: str, seed: int) -> None:
    luck = random.Random(seed)
    texts = [_any_number(luck, mark) for _ in range(50)]
    found = [tuple(outcome(text, type_, mark) for type_ in (DECIMAL, INT, BIGINT, DOUBLE)) for text in texts]
    assert_same(texts, found, [_as_types(text, read(text, mark)) for text in texts])


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text).quantize(Decimal("0.0001"))


def _outcome(text: str, value: object) -> tuple[object, object]:
    return (None, text) if value == U else (value, None)


def _any_number(luck: random.Random, mark: str) -> str:
    """Put together something near a number: most pieces fit, some do not, some texts are then mutated."""
    group = "," if mark == "." else "."
    currency = luck.choice(["$", "€", "USD", "EUR", "CHE", "XYZ", "eur", "₿"])
    whole = luck.choice(
        [
            "",
            "0",
            "7",
            "34",
            "1234",
            "5,29,550",
            "1 234",
            "12\u00a0345\u202f678",
            "1'234\u2019567",
            "1,234 567",
            f"1{group}234",
            f"012{group}345",
            f"12{group}345{group}678",
            "2147483648",
            "9" * 19,
        ]
    )
    fraction = luck.choice(
        ["", "", mark, f"{mark}0", f"{mark}5", f"{mark}00005", f"{mark}99995", f"{mark}{'9' * 30}"]
    )
    exponent = luck.choice(
        [""] * 6 + ["e3", "E-2", "e+0", "e-9999999999", "e99999999999", "e", "e015", "e-400"]
    )
    before = luck.choice(["", "", "", currency, f"{currency} ", f"{currency}\u00a0"])
    after = (
        luck.choice(["", "", "", currency, f" {currency}", f"  {currency}"])
        if not before or luck.random() < 0.1
        else ""
    )
    early, late = luck.choice([("", "")] * 4 + [("-", ""), ("+", ""), ("", "-"), ("-", "+")])
    text = f"{early}{before}{late}{whole}{fraction}{exponent}{after}"
    text = f"({text})" if luck.random() < 0.15 else text
    text = luck.choice(["nan", "-inf", "Infinity", "+∞"]) if luck.random() < 0.02 else text
    return mutated(text, luck) if luck.random() < 0.4 else text


def _as_types(text: str, reading: Read) -> tuple[object, ...]:
    """Return what the four types make of an exact reading."""
    if reading.is_null:
        return ((None, None, None),) * 4
    found: list[tuple[object, ...]] = []
    for limit in (_to_decimal, _to_int, _to_bigint, _to_double):
        value = None if reading.number is None else limit(reading.number)
        found.append((None, text, None) if value is None else (value, None, reading.currency))
    return tuple(found)


_WIDE = Context(prec=400, Emin=-(10**15), Emax=10**15, traps=[InvalidOperation, Overflow])


def _to_decimal(number: Decimal) -> Decimal | None:
    if number.adjusted() > 20 and number:
        return None
    rounded = number.quantize(Decimal("0.0001"), ROUND_HALF_UP, _WIDE) if number else Decimal("0.0000")
    return abs(rounded) if not rounded else rounded if abs(rounded) < 10**14 else None


def _to_int(number: Decimal) -> int | None:
    return _to_whole(number, 2**31)


def _to_bigint(number: Decimal) -> int | None:
    return _to_whole(number, 2**63)


def _to_whole(number: Decimal, limit: int) -> int | None:
    if not number:
        return 0
    if not -100 < number.adjusted() < 100 or number != number.to_integral_value():
        return None
    return int(number) if -limit <= number < limit else None


def _to_double(number: Decimal) -> float | None:
    value = float(number) + 0.0
    return None if math.isinf(value) else value
