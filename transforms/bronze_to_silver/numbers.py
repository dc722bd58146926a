"""Parse numbers in the forms that sources write them, without loss of precision (spec 4.2).

The grammar for a decimal point. With ``decimalMark: ","`` point and comma swap places, and Indian grouping is
not supported::

    number     = signed | "(" unsigned ")"                      (12.50) is -12.50
    signed     = [sign] [currency [blank]] magnitude [[blank] currency]
               | currency [blank] sign magnitude
    magnitude  = (digits | grouped) ["." [digits]] [exponent] | "." digits [exponent]
    grouped    = 1-9 [digit [digit]] one of these separators throughout
                 "," 3 digits ... | space 3 digits ... | apostrophe 3 digits ...
               | 1-9 [digit] "," 2 digits ... "," 3 digits      Indian: 5,29,550
    space      = U+0020 | U+00A0 | U+202F
    apostrophe = "'" | U+2019
    exponent   = ("e" | "E") [sign] digits
    currency   = a character of Unicode's category Sc | an upper-case ISO 4217 code | one of the source's
                 currency signs, exactly; at most one in all

Digits are ASCII, signs are ``+`` and ``-``, a blank is any one Unicode blank. All other texts are uncastable,
and so are numbers that do not fit the type. A source's currency sign that ends in a letter is not followed by
a point: with the sign ``Rs``, ``Rs.500`` could be 500 or 0.5. Two limits bound the cost of hostile texts:
more than 1,000 significant integer digits, and an exponent beyond ±9,999 on a number that is neither zero nor
below every type's last digit, are uncastable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from contracts.model import Kind
from transforms.bronze_to_silver.currencies import CODES, SIGNS
from transforms.formats.text_cleaning import BLANKS

if TYPE_CHECKING:
    from contracts.model import DataType

_INFINITY = float("inf")
_NOT_FINITE = re.compile("[+-]?(?:nan|inf|infinity|∞)", re.IGNORECASE | re.ASCII)
_LARGEST_EXPONENT = 9_999
_CODE_LENGTH = 3  # of ISO 4217
_BITS = {Kind.INTEGER: 31, Kind.BIGINT: 63}
_EXACT = Context(prec=100_000, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX)


class ParsedNumber(NamedTuple):
    """The parts of a number, not yet of a type: ``mantissa`` has a point and may have a minus."""

    mantissa: str
    exponent: str
    currency: str | None

    def to_type(self, data_type: DataType, shift: int = 0) -> int | float | Decimal | None:
        """Return the value as an int, bigint, decimal or double; None where it does not fit.

        Decimals are rounded half up to the scale. ``34.0`` and ``3.4e1`` are integers, ``34.7`` is not.
        Doubles are rounded to the nearest; -0 is 0.

        Args:
            data_type: the type.
            shift: digits to move the decimal point to the left first (int, bigint and decimal only).
        """
        is_zero = not self.mantissa.strip("-0.")
        if data_type.kind is Kind.DOUBLE:
            double = float(f"{self.mantissa}e{self.exponent}")
            return double + 0.0 if abs(double) < _INFINITY else None
        if is_zero:
            return _fit(Decimal(0), data_type)
        written = f"{self.mantissa}e{self.exponent}"
        if len(self.exponent.lstrip("+-")) > len(str(_LARGEST_EXPONENT)):
            vanishes = data_type.kind is Kind.DECIMAL and float(written) == 0
            return _fit(Decimal(0), data_type) if vanishes else None
        number = _EXACT.create_decimal(written)
        return _fit(number.scaleb(-shift, context=_EXACT) if shift else number, data_type)


def is_not_finite(cleaned: str) -> bool:
    """Whether a cleaned text is NaN or infinite, which counts as null for a number."""
    return _NOT_FINITE.fullmatch(cleaned) is not None


def parse_number(
    cleaned: str, decimal_mark: str = ".", currency_signs: tuple[str, ...] = ()
) -> ParsedNumber | None:
    """Parse a number; None if the text is not one.

    Args:
        cleaned: cleaned text.
        decimal_mark: point or comma.
        currency_signs: the source's, beside the shipped ones; one or more characters each, in NFC.

    Raises:
        ValueError: the decimal mark is neither point nor comma.
    """
    found = _grammar(decimal_mark, currency_signs).fullmatch(cleaned)
    if found is None:
        return None
    sign = "-" if found["sign"] in ("-", "(") or found["latesign"] == "-" else ""
    whole = found["digits"] or (found["grouped"] or "").translate(_NO_MARKS)
    return ParsedNumber(
        f"{sign}{whole or '0'}.{found['fraction'] or ''}",
        f"{found['exponentsign'] or ''}{found['exponent'] or '0'}",
        found["currency"] or found["latecurrency"],
    )


def _fit(number: Decimal, data_type: DataType) -> int | Decimal | None:
    """Return a number as an int, bigint or decimal; None where it does not fit."""
    if data_type.kind in _BITS:
        bits = _BITS[data_type.kind]
        if number.adjusted() > bits or number != number.to_integral_value():
            return None
        whole = int(number)
        return whole if -(1 << bits) <= whole < 1 << bits else None
    if number.adjusted() > data_type.precision - data_type.scale:
        return None
    rounded = number.quantize(Decimal(1).scaleb(-data_type.scale), context=_EXACT)
    return rounded if rounded.adjusted() < data_type.precision - data_type.scale else None


_SPACES, _APOSTROPHES = " \u00a0\u202f", "'\u2019"
_NO_MARKS = dict.fromkeys(map(ord, f",.{_SPACES}{_APOSTROPHES}"))


@cache
def _grammar(decimal_mark: str, currency_signs: tuple[str, ...]) -> re.Pattern[str]:
    """Return the grammar as one pattern, atomic throughout so that it runs in linear time.

    Groups are not possessive: Python 3.11.2 matches ``1e`` with ``1(?:e(?=[0-9])[0-9]*)?+``.
    """
    if decimal_mark not in (".", ","):
        raise ValueError(f"decimalMark must be '.' or ',', found {decimal_mark!r}")
    mark, group = (r"\.", ",") if decimal_mark == "." else (",", r"\.")
    threes = "|".join(
        rf"(?>(?:{separator}[0-9]{{3}}){{1,333}})"
        for separator in (group, f"[{_SPACES}]", f"[{_APOSTROPHES}]")
    )
    grouped = rf"[1-9][0-9]{{0,2}}+(?:{threes})"
    if group == ",":
        grouped += r"|[1-9][0-9]?+(?>(?:,[0-9]{2}(?=,)){1,500}),[0-9]{3}"
    blank = f"[{BLANKS}]"
    currency = _currency_pattern(currency_signs)
    return re.compile(
        r"(?>(?P<sign>[+-]|(?P<parenthesis>\())?)"
        rf"(?>(?:(?P<currency>{currency}){blank}?+)?)"
        r"(?(sign)|(?>(?P<latesign>[+-])?))"
        rf"(?={mark}?[0-9])"
        rf"(?:(?P<grouped>{grouped})|0*+(?P<digits>[0-9]{{0,1000}}+))"
        rf"(?>(?:{mark}(?P<fraction>[0-9]{{0,11000}}+)[0-9]*+)?)"
        r"(?>(?:[eE](?P<exponentsign>[+-]?+)(?=[0-9])0*+(?P<exponent>[0-9]*+))?)"
        rf"(?(currency)|(?>(?:{blank}?+(?P<latecurrency>{currency}))?))"
        r"(?(parenthesis)\))"
    )


def _currency_pattern(further_signs: tuple[str, ...]) -> str:
    """Return all currencies as alternatives, longer ones first since the first match counts."""
    signs = sorted(further_signs, key=len, reverse=True)
    long = [_sign_pattern(sign) for sign in signs if len(sign) >= _CODE_LENGTH]
    short = [_sign_pattern(sign) for sign in signs if len(sign) < _CODE_LENGTH]
    return f"(?:{'|'.join([*long, _codes_pattern(), *short, f'[{SIGNS}]'])})"


def _sign_pattern(sign: str) -> str:
    return re.escape(sign) + (r"(?!\.)" if sign[-1].isalpha() else "")


def _codes_pattern() -> str:
    """Return ISO 4217 as alternatives by first letter: ``A(?:ED|FN|…)|B(?:…)|…``."""
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(CODES):
        tails[code[0]].append(code[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in tails.items())
