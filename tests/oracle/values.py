"""Section 4.2, the values: from text to a typed value, or to `Uncastable`. Never a guess."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache

from tests.oracle.contract import NO_NULL_WORDS_FOR, NULL_WORDS

_FRACTION_OF_CENT = Decimal("0.0001")
_WIDE = Context(prec=2000, Emax=999999999, Emin=-999999999)


@dataclass(frozen=True)
class Uncastable:
    """A value is there, but it cannot be read as the column's type."""

    text: str


@dataclass(frozen=True)
class Moment:
    """An instant in UTC, and whether it came as a date without a time."""

    instant: datetime
    is_date_only: bool = False


@dataclass(frozen=True)
class Number:
    value: Decimal
    currency: str | None = None


# --- strings -----------------------------------------------------------------------------------------------


_INVISIBLE = "\ufeff\u200b\u2060"


def clean(text: str, *, is_key: bool = False) -> str:
    """A key loses every format character (category Cf) before anything else."""
    if is_key:
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n\r")
    text = "".join("\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)
    start, end = 0, len(text)
    while start < end and _is_trimmed(text[start]):
        start += 1
    while end > start and _is_trimmed(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_trimmed(character: str) -> bool:
    return character.isspace() or character in _INVISIBLE  # isspace knows all of Unicode's White_Space


def is_null_word(cleaned: str, column: str | None = None, own: Collection[str] | None = None) -> bool:
    """`own`: the words of a source, which stand in place of the shipped ones in every column."""
    if own is not None:
        return cleaned == "" or cleaned.lower() in {word.lower() for word in own}
    words = NULL_WORDS - NO_NULL_WORDS_FOR.get(column or "", frozenset())
    return cleaned.lower() in words


def clean_status(text: str) -> str:
    return {"canceled": "cancelled"}.get(text.lower(), text.lower())


def clean_country(text: str) -> str:
    return text.upper() if len(text) == 2 and text.isalpha() else text


_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+[0-9]+")


def is_mangled(key: str) -> bool:
    """As a spreadsheet leaves a key: `1.23457E+15`, `="000123"`, `'00124`."""
    is_formula = len(key) > 2 and key.startswith('="') and key.endswith('"')
    return is_formula or key.startswith("'") or _SCIENTIFIC.fullmatch(key) is not None


def is_email(text: str) -> bool:
    if any(c.isspace() for c in text) or text.count("@") != 1:
        return False
    before, after = text.split("@")
    return before != "" and any(after[i] == "." for i in range(1, len(after) - 1))


# --- numbers -----------------------------------------------------------------------------------------------

_CURRENCY_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD
OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP
SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XAG XAU XBA
XBB XBC XBD XCD XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWL
""".split()  # noqa: SIM905  a list of 180 lines says less
_CURRENCY_SIGNS = [chr(i) for i in range(0x20000) if unicodedata.category(chr(i)) == "Sc"]
_NOT_IN_A_CURRENCY = "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX".split()  # noqa: SIM905
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENTS = dict.fromkeys(_CURRENCY_CODES, 2) | {c: n for n, codes in _DIGITS.items() for c in codes.split()}


def is_currency_code(text: str) -> bool:
    return text in _EXPONENTS


def minor_digits(code: str | None) -> int | None:
    """ISO 4217's exponent of a code in any case, or None for what has none."""
    known = (code or "").upper()
    return None if known in _NOT_IN_A_CURRENCY else _EXPONENTS.get(known)


@lru_cache(maxsize=100)
def _number_forms(mark: str, more_signs: tuple[str, ...]) -> list[re.Pattern[str]]:
    point, comma = (r"\.", ",") if mark == "." else (",", r"\.")
    first = "[1-9][0-9]{0,2}"
    grouped = [f"{first}(?:{by}[0-9]{{3}})+" for by in (comma, " ", "\u00a0", "\u202f", "'", "\u2019")]
    grouped.append(f"[1-9][0-9]?(?:{comma}[0-9]{{2}})+{comma}[0-9]{{3}}")
    whole = "(?:" + "|".join([*grouped, "[0-9]+"]) + ")"
    digits = rf"(?P<digits>(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    signs = sorted([*more_signs, *_CURRENCY_SIGNS, *_CURRENCY_CODES], key=len, reverse=True)
    currency = "(?P<currency>" + "|".join(map(re.escape, signs)) + ")"
    blank = "[ \u00a0\u202f]?"
    sign = "(?P<sign>[+-]?)"
    forms = [
        rf"{sign}{digits}",
        rf"{sign}{currency}{blank}{digits}",
        rf"{currency}{blank}{sign}{digits}",
        rf"{sign}{digits}{blank}{currency}",
        rf"(?P<paren>\(){digits}\)",
        rf"(?P<paren>\(){currency}{blank}{digits}\)",
        rf"(?P<paren>\(){digits}{blank}{currency}\)",
    ]
    return [re.compile(form) for form in forms]


_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def is_not_finite(cleaned: str) -> bool:
    """NaN and infinities, which are null in a column of numbers."""
    return _NOT_FINITE.fullmatch(cleaned) is not None


def to_number(cleaned: str, mark: str = ".", signs: tuple[str, ...] = ()) -> Number | Uncastable:
    for form in _number_forms(mark, signs):
        match = form.fullmatch(cleaned)
        if match is None:
            continue
        found = match.groupdict()
        digits = found["digits"].replace("," if mark == "." else ".", "").replace(",", ".")
        digits = "".join(c for c in digits if c not in " \u00a0\u202f'\u2019")
        mantissa, _, exponent = digits.lower().partition("e")
        if len(exponent.lstrip("+-0")) > 6:  # beyond any type, or nothing at all
            is_zero = not mantissa.strip("0.")
            value = Decimal(0) if is_zero else Decimal("1e-400" if exponent.startswith("-") else "1e400")
        else:
            value = _WIDE.create_decimal(digits)
        is_negative = found.get("sign") == "-" or "paren" in found
        return Number(-value if is_negative else value, found.get("currency"))
    return Uncastable(cleaned)


def to_int(cleaned: str, mark: str = ".", signs: tuple[str, ...] = ()) -> int | Uncastable:
    number = to_number(cleaned, mark, signs)
    if isinstance(number, Uncastable):
        return number
    if not -(2**31) <= number.value < 2**31 or number.value != number.value.to_integral_value():
        return Uncastable(cleaned)
    return int(number.value)


def to_decimal(cleaned: str, mark: str = ".", signs: tuple[str, ...] = ()) -> Number | Uncastable:
    """decimal(18,4)."""
    number = to_number(cleaned, mark, signs)
    return number if isinstance(number, Uncastable) else fit_decimal(number, cleaned)


def fit_decimal(number: Number, cleaned: str, digits: int = 18) -> Number | Uncastable:
    """A number as decimal(digits,4), half up; beyond it, uncastable."""
    if abs(number.value) >= Decimal(10) ** digits:
        return Uncastable(cleaned)
    value = number.value.quantize(_FRACTION_OF_CENT, ROUND_HALF_UP, context=_WIDE)
    if abs(value) >= Decimal(10) ** (digits - 4):
        return Uncastable(cleaned)
    return Number(value if value else abs(value), number.currency)


def from_smallest_unit(number: Number, code: str | None, cleaned: str) -> Number | Uncastable:
    """1250 in cents is 12.50; the currency that is written in the value counts before `code`."""
    digits = minor_digits(number.currency or code)
    if digits is None:
        return Uncastable(cleaned)
    return Number(_WIDE.scaleb(number.value, -digits), number.currency)


def to_double(cleaned: str, mark: str = ".", signs: tuple[str, ...] = ()) -> float | Uncastable:
    number = to_number(cleaned, mark, signs)
    if isinstance(number, Uncastable):
        return number
    value = float(number.value)
    return Uncastable(cleaned) if value in (float("inf"), float("-inf")) else value
