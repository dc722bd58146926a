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
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

from contracts.model import Kind
from transforms.bronze_to_silver.currencies import CODES
from transforms.bronze_to_silver.text import BLANKS

if TYPE_CHECKING:
    from pyspark.sql import Column

    from contracts.model import DataType

_INFINITY = float("inf")
_NOT_A_NUMBER = r"\A[+-]?+(?i:nan|inf|infinity|∞)\z"
_ANY_CURRENCY = (
    r"[\p{Sc}\u20C0\u20C1]|[A-Z]{3}"  # finds the currency in a text that is known to follow the grammar
)
_HUGE_EXPONENT = r"[0-9.,][eE][+-]?+0*+[1-9][0-9]{4}"
_ZERO = r"\A[+-]?+[0.]++E"

# What a match of the grammar becomes: a text that Java's number parsers take. "(" stands for the minus sign,
# ";" for the decimal point, grouping marks are still there; _JAVA_MARKS and _WRITTEN_MARKS settle that.
_NORMAL_FORM = "${sign}${latesign}0${grouped}${digits};${fraction}E${exponentsign}0${exponent}"
_WRITTEN_MARKS, _JAVA_MARKS = "(;,.", "-."


@dataclass(frozen=True)
class Parsed:
    """A number read from text, and what hindered it.

    ``value`` has the contract's type. ``uncastable`` is the text when there is one that is no such number
    (null for NaN and infinities, which are null values). ``currency`` is the currency as written, null when
    there is none or no value. Select all of them in one ``select``: they share their work.
    """

    value: Column
    uncastable: Column
    currency: Column


def parse_number(text: Column, type: DataType, decimal_mark: str = ".") -> Parsed:  # noqa: A002
    """Read a number of ``type`` (int, bigint, decimal or double) from cleaned ``text`` (null words are null).

    Decimals are rounded half up to the scale. An integer takes ``34.0`` and ``3.4e1``, not ``34.7``. A double
    is the nearest one; -0 is 0.
    """
    if decimal_mark not in (".", ","):
        raise ValueError(f"decimalMark must be '.' or ',', found {decimal_mark!r}")
    is_plain = text.rlike(_plain_form(type, decimal_mark))
    is_number = text.rlike(_grammar(decimal_mark))
    value = F.when(is_plain, _cast_plain(text, type, decimal_mark)).when(
        is_number, _cast_normal_form(_normal_form(text, decimal_mark), text, type)
    )
    uncastable = F.when(value.isNull() & ~text.rlike(_NOT_A_NUMBER), text)
    currency = F.when(
        ~is_plain & value.isNotNull() & text.rlike(_ANY_CURRENCY), F.regexp_extract(text, _ANY_CURRENCY, 0)
    )
    return Parsed(value, uncastable, currency)


def double_text(value: Column) -> Column:
    """Return a float's or double's shortest decimal text: no exponent, a whole number without a point.

    0.1 of either width is ``0.1``, 1001.0 is ``1001``, 1e23 is a 1 and 23 zeros, -0.0 is ``0``; NaN and
    infinities are null. The digits are those of Raffaello Giulietti's Schubfach algorithm, from the Jackson
    that Spark ships: before Java 19 a plain cast writes 1e23 as 9.999999999999999E22. Opaque to Spark as
    ``clean_text`` is: give the result a ``select`` of its own.
    """
    schubfach = "com.fasterxml.jackson.core.io.schubfach."
    float_written = F.reflect(F.lit(f"{schubfach}FloatToDecimal"), F.lit("toString"), value.cast("float"))
    double_written = F.reflect(F.lit(f"{schubfach}DoubleToDecimal"), F.lit("toString"), value.cast("double"))
    # The type is known when Spark plans: it keeps one of the two.
    written = F.when(F.typeof(value) == "float", float_written).otherwise(double_written)
    size = F.abs(value)
    has_exponent = (size < 1e-3) | (size >= 1e7)
    return (
        F.when(value == 0, "0")
        .when(has_exponent & (size < _INFINITY), _without_exponent(written))
        .when(size < _INFINITY, F.regexp_replace(written, r"\.0\z", ""))
    )


def _without_exponent(written: Column) -> Column:
    """Write out Java's ``-1.25E-7`` as ``-0.000000125``, ``1.25E9`` as ``1250000000``."""
    sign = F.regexp_extract(written, r"\A-?", 0)
    digits = F.rtrim(F.regexp_replace(written, r"-?([0-9])\.([0-9]+)E.*", "$1$2"), F.lit("0"))
    point = F.substring_index(written, "E", -1).try_cast("int") + 1  # digits before the decimal point
    whole = F.rpad(digits, F.greatest(point, F.length(digits)), F.lit("0"))
    return F.concat(
        sign,
        F.when(point <= 0, F.concat(F.lit("0."), F.repeat(F.lit("0"), -point), digits))
        .when(point >= F.length(digits), whole)
        .otherwise(
            F.concat(
                F.substring(digits, F.lit(1), point), F.lit("."), F.substring(digits, point + 1, F.lit(20))
            )
        ),
    )


def _plain_form(type: DataType, decimal_mark: str) -> str:  # noqa: A002
    """Return the pattern of the texts that need no grammar: most numbers of most files."""
    mark = re.escape(decimal_mark)
    if type.kind is Kind.INTEGER:
        return rf"\A[+-]?+[0-9]{{1,9}}+(?:{mark}0*+)?+\z"
    if type.kind is Kind.BIGINT:
        return rf"\A[+-]?+[0-9]{{1,18}}+(?:{mark}0*+)?+\z"
    return rf"\A[+-]?+[0-9]{{1,18}}+(?:{mark}[0-9]{{0,18}}+)?+\z"


def _cast_plain(text: Column, type: DataType, decimal_mark: str) -> Column:  # noqa: A002
    if type.kind in (Kind.INTEGER, Kind.BIGINT):
        return F.substring_index(text, decimal_mark, 1).try_cast(str(type))
    pointed = text if decimal_mark == "." else F.replace(text, F.lit(decimal_mark), F.lit("."))
    if type.kind is Kind.DOUBLE:
        return _without_negative_zero(pointed.try_cast("double"))
    return pointed.try_cast(str(type))


def _grammar(decimal_mark: str) -> str:
    r"""Return the grammar as one Java pattern; possessive throughout, so that it runs in linear time.

    The empty groups remember what was seen: ``\k<seen>`` matches nothing after it, fails before it.
    """
    mark, group = (r"\.", ",") if decimal_mark == "." else (",", r"\.")
    blank = f"[{BLANKS}]"
    currency = rf"(?:[\p{{Sc}}\u20C0\u20C1]|{_codes_pattern()})"
    return (
        r"\A(?:(?<sign>[+-]|\((?<inparens>))(?<issigned>))?+"
        rf"(?:{currency}{blank}?+(?<iscurrency>))?+"
        r"(?:(?!\k<issigned>)(?<latesign>[+-]))?+"
        rf"(?={mark}?[0-9])"
        rf"(?:(?<grouped>[1-9][0-9]{{0,2}}+(?:{group}[0-9]{{3}}){{1,333}}+)|0*+(?<digits>[0-9]{{0,1000}}+))"
        rf"(?:{mark}(?<fraction>[0-9]{{0,11000}}+)[0-9]*+)?+"
        r"(?:[eE](?<exponentsign>[+-]?+)(?=[0-9])0*+(?<exponent>[0-9]*+))?+"
        rf"(?:(?!\k<iscurrency>){blank}?+{currency})?+"
        r"(?:\k<inparens>\)|(?!\k<inparens>))\z"
    )


def _codes_pattern() -> str:
    """Return ISO 4217 as alternatives by first letter: ``A(?:ED|FN|…)|B(?:…)|…``."""
    tails: defaultdict[str, list[str]] = defaultdict(list)
    for code in sorted(CODES):
        tails[code[0]].append(code[1:])
    return "|".join(f"{first}(?:{'|'.join(rest)})" for first, rest in tails.items())


def _normal_form(text: Column, decimal_mark: str) -> Column:
    """Return ``-012.50E00`` for ``(USD 12.50)``: sign, digits, point, digits, E, exponent."""
    marked = F.regexp_replace(text, _grammar(decimal_mark), _NORMAL_FORM)
    return F.translate(marked, _WRITTEN_MARKS, _JAVA_MARKS)


def _cast_normal_form(number: Column, text: Column, type: DataType) -> Column:  # noqa: A002
    if type.kind is Kind.DOUBLE:
        double = _without_negative_zero(number.try_cast("double"))
        return F.when(F.abs(double) < _INFINITY, double)
    # Java would write out the 2147483647 digits of 1e-2147483647: only a double takes any exponent.
    has_huge_exponent = text.rlike(_HUGE_EXPONENT)
    if type.kind is Kind.DECIMAL:
        zero = F.lit(0).cast(str(type))
        vanishes = number.try_cast("double") == 0
        # To a decimal, the zero of 0e99 has 99 digits.
        return (
            F.when(number.rlike(_ZERO), zero)
            .when(~has_huge_exponent, number.try_cast(str(type)))
            .when(vanishes, zero)
        )
    whole = number.try_cast("decimal(38,0)").try_cast(str(type))
    return F.when(number.rlike(_ZERO), F.lit(0).cast(str(type))).when(
        ~has_huge_exponent & _is_whole(number), whole
    )


def _is_whole(number: Column) -> Column:
    """Tell whether a normal form other than zero has no digit but zeros behind the point, once shifted."""
    mantissa = F.substring_index(number, "E", 1)
    exponent = F.substring_index(number, "E", -1).try_cast("int")
    significant = F.rtrim(F.replace(mantissa, F.lit("."), F.lit("")), F.lit("0"))
    return F.octet_length(significant) <= F.instr(mantissa, ".") - 1 + exponent


def _without_negative_zero(double: Column) -> Column:
    """Return 0 for -0, which would order before it."""
    return double + F.lit(0.0)
