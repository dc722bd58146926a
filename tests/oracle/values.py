"""Section 4.2, the values: from text to a typed value, or to `Uncastable`. Never a guess."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

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


def clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if unicodedata.category(c) != "Cc" or c in "\t\n\r")
    text = "".join("\ufffd" if 0xD800 <= ord(c) <= 0xDFFF else c for c in text)
    return text.strip()  # str.strip knows every character of Unicode's White_Space


def is_null_word(cleaned: str, column: str | None = None) -> bool:
    words = NULL_WORDS - NO_NULL_WORDS_FOR.get(column or "", frozenset())
    return cleaned.lower() in words


def clean_status(text: str) -> str:
    return {"canceled": "cancelled"}.get(text.lower(), text.lower())


def clean_country(text: str) -> str:
    return text.upper() if len(text) == 2 and text.isalpha() else text


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
_CURRENCY = "(?P<currency>" + "|".join([re.escape(s) for s in _CURRENCY_SIGNS] + _CURRENCY_CODES) + ")"


def _number_forms(mark: str) -> list[re.Pattern[str]]:
    point, comma = (r"\.", ",") if mark == "." else (",", r"\.")
    whole = rf"(?:[1-9][0-9]{{0,2}}(?:{comma}[0-9]{{3}})+|[0-9]+)"
    digits = rf"(?P<digits>(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    sign = "(?P<sign>[+-]?)"
    forms = [
        rf"{sign}{digits}",
        rf"{sign}{_CURRENCY} ?{digits}",
        rf"{_CURRENCY} ?{sign}{digits}",
        rf"{sign}{digits} ?{_CURRENCY}",
        rf"(?P<paren>\(){digits}\)",
        rf"(?P<paren>\(){_CURRENCY} ?{digits}\)",
        rf"(?P<paren>\(){digits} ?{_CURRENCY}\)",
    ]
    return [re.compile(form) for form in forms]


_FORMS = {mark: _number_forms(mark) for mark in ".,"}
_NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)


def is_not_finite(cleaned: str) -> bool:
    """NaN and infinities, which are null in a column of numbers."""
    return _NOT_FINITE.fullmatch(cleaned) is not None


def to_number(cleaned: str, mark: str = ".") -> Number | Uncastable:
    for form in _FORMS[mark]:
        match = form.fullmatch(cleaned)
        if match is None:
            continue
        found = match.groupdict()
        digits = found["digits"]
        digits = digits.replace(",", "") if mark == "." else digits.replace(".", "").replace(",", ".")
        mantissa, _, exponent = digits.lower().partition("e")
        if len(exponent.lstrip("+-0")) > 6:  # beyond any type, or nothing at all
            is_zero = not mantissa.strip("0.")
            value = Decimal(0) if is_zero else Decimal("1e-400" if exponent.startswith("-") else "1e400")
        else:
            value = _WIDE.create_decimal(digits)
        is_negative = found.get("sign") == "-" or "paren" in found
        return Number(-value if is_negative else value, found.get("currency"))
    return Uncastable(cleaned)


def to_int(cleaned: str, mark: str = ".") -> int | Uncastable:
    number = to_number(cleaned, mark)
    if isinstance(number, Uncastable):
        return number
    if not -(2**31) <= number.value < 2**31 or number.value != number.value.to_integral_value():
        return Uncastable(cleaned)
    return int(number.value)


def to_decimal(cleaned: str, mark: str = ".") -> Number | Uncastable:
    """decimal(18,4)."""
    number = to_number(cleaned, mark)
    if isinstance(number, Uncastable):
        return number
    if abs(number.value) >= 10**15:
        return Uncastable(cleaned)
    value = number.value.quantize(_FRACTION_OF_CENT, ROUND_HALF_UP, context=_WIDE)
    if abs(value) >= 10**14:
        return Uncastable(cleaned)
    return Number(value if value else abs(value), number.currency)


def to_double(cleaned: str, mark: str = ".") -> float | Uncastable:
    number = to_number(cleaned, mark)
    if isinstance(number, Uncastable):
        return number
    value = float(number.value)
    return Uncastable(cleaned) if value in (float("inf"), float("-inf")) else value


# --- timestamps --------------------------------------------------------------------------------------------

_ANY_CASE = re.ASCII | re.IGNORECASE
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MONTH = "(?P<month_name>" + "|".join(_MONTHS) + ")"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<zone>Z| ?[+-]\d\d:\d\d| ?[+-]\d{4}| ?[+-]\d\d| ?UTC)?)?",
    re.ASCII,
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<zone>Z)?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"(?P<whole>\d{16}|\d{13}|\d{10})(?:\.(?P<fraction>\d+))?", re.ASCII)
_DAY_MONTH_YEAR = re.compile(rf"(?P<day>\d\d)-{_MONTH}-(?P<year>\d{{4}})(?: {_TIME})?", _ANY_CASE)
_MONTH_DAY_YEAR = re.compile(rf"{_MONTH} (?P<day>\d\d?), (?P<year>\d{{4}})(?: {_TIME})?", _ANY_CASE)
_RFC_2822 = re.compile(
    rf"(?:(?P<weekday>{'|'.join(_WEEKDAYS)}), )?(?P<day>\d\d?) {_MONTH} (?P<year>\d{{4}}) {_TIME} "
    r"(?P<zone>[+-]\d{4}|GMT|UT)",
    _ANY_CASE,
)
_BY_ORDER = {
    order: [re.compile(parts.replace("/", re.escape(mark)) + rf"(?: {_TIME})?", re.ASCII) for mark in "/."]
    for order, parts in {
        "MDY": r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})",
        "DMY": r"(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})",
        "YMD": r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)",
    }.items()
}


def to_moment(cleaned: str, order: str = "MDY", zone: str = "UTC") -> Moment | Uncastable:
    epoch = _EPOCH.fullmatch(cleaned)
    if epoch is not None:
        return Moment(_from_epoch(epoch["whole"], epoch["fraction"] or ""))
    for form in (_ISO, _COMPACT, _DAY_MONTH_YEAR, _MONTH_DAY_YEAR, _RFC_2822, *_BY_ORDER[order]):
        match = form.fullmatch(cleaned)
        if match is not None:
            try:
                moment = _from_parts(match.groupdict(), zone)
            except (ValueError, OverflowError):
                moment = None
            return moment or Uncastable(cleaned)
    return Uncastable(cleaned)


def _from_epoch(whole: str, fraction: str) -> datetime:
    micros_a_unit_digits = {10: 6, 13: 3, 16: 0}[len(whole)]
    micros = int(whole + fraction[:micros_a_unit_digits].ljust(micros_a_unit_digits, "0"))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _from_parts(found: dict[str, str | None], zone: str) -> Moment | None:
    month_name = (found.get("month_name") or "").lower()
    month = _MONTHS.index(month_name) + 1 if month_name else int(found["month"] or "")
    day = date(int(found["year"] or ""), month, int(found["day"] or ""))
    if found.get("weekday") and _WEEKDAYS[day.weekday()] != (found["weekday"] or "").lower():
        return None
    if found.get("hour") is None:
        return Moment(datetime(day.year, day.month, day.day, tzinfo=UTC), is_date_only=True)
    micros = int((found.get("fraction") or "")[:6].ljust(6, "0"))
    naive = datetime(  # noqa: DTZ001  the zone comes next
        day.year,
        day.month,
        day.day,
        int(found["hour"] or ""),
        int(found["minute"] or ""),
        int(found.get("second") or 0),
        micros,
    )
    return Moment(naive.replace(tzinfo=_zone(found.get("zone"), zone)).astimezone(UTC))


def _zone(text: str | None, zone: str) -> timezone | ZoneInfo:
    text = (text or "").strip().upper()
    if text == "":
        return UTC if zone == "UTC" else ZoneInfo(zone)
    if text in ("Z", "UTC", "GMT", "UT"):
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:].replace(":", "") or 0)
    if minutes > 59 or hours * 60 + minutes > 18 * 60:
        raise ValueError(f"{text}: offsets end at 18:00")
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)
