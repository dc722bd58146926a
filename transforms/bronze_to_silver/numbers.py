"""Numbers as people write them, read exactly or not at all (spec 4.2).

The grammar, for a decimal point (with ``decimalMark: ","`` point and comma change places)::

    number    = signed | "(" unsigned ")"                       (12.50) is -12.50
    signed    = [sign] [currency [blank]] magnitude [[blank] currency]
              | currency [blank] sign magnitude
    magnitude = (digits | grouped) ["." [digits]] [exponent] | "." digits [exponent]
    grouped   = 1-9 [digit [digit]] "," 3 digits ...
    exponent  = ("e" | "E") [sign] digits
    currency  = a character of Unicode's category Sc | an upper-case ISO 4217 code, at most one in all

Digits are ASCII, signs are ``+`` and ``-``, a blank is any one Unicode blank. What is not written so is
uncastable, and so is what does not fit the type. Two limits keep a hostile text from costing more than its
length: more than 1,000 significant integer digits, or an exponent beyond ±9,999 on a number that is neither
zero nor below every type's last digit, are uncastable.
"""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Context, Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from contracts.model import Kind
from transforms.bronze_to_silver.currencies import CODES, SIGNS
from transforms.bronze_to_silver.text import BLANKS

if TYPE_CHECKING:
    from contracts.model import DataType

_INFINITY = float("inf")
_NOT_FINITE = re.compile("[+-]?(?:nan|inf|infinity|∞)", re.IGNORECASE | re.ASCII)
_LARGEST_EXPONENT = 9_999
_BITS = {Kind.INTEGER: 31, Kind.BIGINT: 63}
_EXACT = Context(prec=100_000, rounding=ROUND_HALF_UP, Emin=MIN_EMIN, Emax=MAX_EMAX)


class Number(NamedTuple):
    """A number read from text: its value in the contract's type, and the currency as written, if any."""

    value: int | float | Decimal
    currency: str | None


def is_not_finite(cleaned: str) -> bool:
    """Whether a cleaned text is NaN or infinite, which is a null value for a number."""
    return _NOT_FINITE.fullmatch(cleaned) is not None


def read_number(cleaned: str, data_type: DataType, decimal_mark: str = ".") -> Number | None:
    """Read a number of ``data_type`` (int, bigint, decimal or double); None: the text is none that fits it.

    Decimals are rounded half up to the scale. An integer takes ``34.0`` and ``3.4e1``, not ``34.7``. A double
    is the nearest one; -0 is 0.

    Raises:
        ValueError: another decimal mark than point and comma.
    """
    found = _grammar(decimal_mark).fullmatch(cleaned)
    if found is None:
        return None
    sign = "-" if found["sign"] in ("-", "(") or found["latesign"] == "-" else ""
    whole = found["digits"] or (found["grouped"] or "").translate(_NO_MARKS)
    digits = f"{whole or '0'}.{found['fraction'] or ''}"
    value = _value(sign + digits, f"{found['exponentsign'] or ''}{found['exponent'] or '0'}", data_type)
    return None if value is None else Number(value, found["currency"] or found["latecurrency"])


def _value(mantissa: str, exponent: str, data_type: DataType) -> int | float | Decimal | None:
    is_zero = not mantissa.strip("-0.")
    if data_type.kind is Kind.DOUBLE:
        double = float(f"{mantissa}e{exponent}")
        return double + 0.0 if abs(double) < _INFINITY else None
    if is_zero:
        return _settled(Decimal(0), data_type)
    if len(exponent.lstrip("+-")) > len(str(_LARGEST_EXPONENT)):
        vanishes = data_type.kind is Kind.DECIMAL and float(f"{mantissa}e{exponent}") == 0
        return _settled(Decimal(0), data_type) if vanishes else None
    return _settled(_EXACT.create_decimal(f"{mantissa}e{exponent}"), data_type)


def _settled(number: Decimal, data_type: DataType) -> int | Decimal | None:
    """Return a number in a type of whole or decimal numbers, None where it does not fit."""
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


_NO_MARKS = {ord(","): None, ord("."): None}


@cache
def _grammar(decimal_mark: str) -> re.Pattern[str]:
    """Return the grammar as one pattern; atomic throughout, so that it runs in linear time.

    Groups are not possessive: Python 3.11.2 takes ``1e`` for a match of ``1(?:e(?=[0-9])[0-9]*)?+``.
    """
    if decimal_mark not in (".", ","):
        raise ValueError(f"decimalMark must be '.' or ',', found {decimal_mark!r}")
    mark, group = (r"\.", ",") if decimal_mark == "." else (",", r"\.")
    blank = f"[{BLANKS}]"
    currency = f"(?:[{SIGNS}]|{_codes_pattern()})"
    return re.compile(
        r"(?>(?P<sign>[+-]|(?P<parenthesis>\())?)"
        rf"(?>(?:(?P<currency>{currency}){blank}?+)?)"
        r"(?(sign)|(?>(?P<latesign>[+-])?))"
        rf"(?={mark}?[0-9])"
        rf"(?:(?P<grouped>[1-9][0-9]{{0,2}}+(?>(?:{group}[0-9]{{3}}){{1,333}}))|0*+(?P<digits>[0-9]{{0,1000}}+))"
        rf"(?>(?:{mark}(?P<fraction>[0-9]{{0,11000}}+)[0-9]*+)?)"
        r"(?>(?:[eE](?P<exponentsign>[+-]?+)(?=[0-9])0*+(?P<exponent>[0-9]*+))?)"
        rf"(?(currency)|(?>(?:{blank}?+(?P<latecurrency>{currency}))?))"
        r"(?(parenthesis)\))"
    )


def _codes_pattern() -> str:
    """Return ISO 4217 as alternatives by first letter: ``A(?:ED|FN|…)|B(?:…)|…``."""
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(CODES):
        tails[code[0]].append(code[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in tails.items())
