"""Section 4.2, timestamps: every form of the page, and the datetime patterns that a source adds (Java's)."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from tests.oracle.values import Moment, Uncastable

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_MONTH = "(?i:(?P<month_name>" + "|".join(_MONTHS) + "))"

_SECONDS = r"(?::(?P<second>\d\d))?"
_SECONDS_AND_FRACTION = r"(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
_ZONE = r"(?P<zone>Z| ?[+-]\d\d:\d\d| ?[+-]\d{4}| ?[+-]\d\d| ?UTC)?"
_CLOCK = rf" (?P<hour>\d\d?):(?P<minute>\d\d){_SECONDS}"
_HALF_DAY = rf"{_CLOCK}[ \u202f]?(?P<half>(?i:[ap]m))"

_ISO_DATE = r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
_DAY_MONTH_YEAR = rf"(?P<day>\d\d)-{_MONTH}-(?P<year>\d{{4}})"
_MONTH_DAY_YEAR = rf"{_MONTH} (?P<day>\d\d?), (?P<year>\d{{4}})"
_DATES_BY_ORDER = {
    "MDY": r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})",
    "DMY": r"(?P<day>\d\d?)/(?P<month>\d\d?)/(?P<year>\d{4})",
    "YMD": r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)",
}
_EPOCH = re.compile(r"(?P<whole>\d{16}|\d{13}|\d{10})(?:\.(?P<fraction>\d+))?", re.ASCII)


@lru_cache(maxsize=10)
def _forms(order: str) -> list[re.Pattern[str]]:
    marks = "/." if order == "YMD" else "/.-"  # dashes with the year first are ISO 8601
    dates = [_DATES_BY_ORDER[order].replace("/", re.escape(mark)) for mark in marks]
    dates += [_DAY_MONTH_YEAR, _MONTH_DAY_YEAR]
    forms = [
        _ISO_DATE,
        rf"{_ISO_DATE}T(?P<hour>\d\d):(?P<minute>\d\d){_SECONDS_AND_FRACTION}{_ZONE}",
        rf"{_ISO_DATE} (?P<hour>\d\d?):(?P<minute>\d\d){_SECONDS_AND_FRACTION}{_ZONE}",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
        r"(?:T(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?P<zone>Z)?)?",
        rf"(?:(?P<weekday>(?i:{'|'.join(_WEEKDAYS)})), )?(?P<day>\d\d?) {_MONTH} (?P<year>\d{{4}}){_CLOCK} "
        r"(?P<zone>[+-]\d{4}|GMT|UT)",
        *(rf"{day}(?:{_CLOCK})?" for day in dates),
        *(rf"{day}{_HALF_DAY}" for day in (_ISO_DATE, *dates)),
    ]
    return [re.compile(form, re.ASCII) for form in forms]


def to_moment(
    cleaned: str, order: str = "MDY", zone: str = "UTC", patterns: Sequence[str] = ()
) -> Moment | Uncastable:
    for pattern in patterns:
        moment = by_pattern(cleaned, pattern, zone)
        if moment is not None:
            return moment
    epoch = _EPOCH.fullmatch(cleaned)
    if epoch is not None:
        return Moment(_from_epoch(epoch["whole"], epoch["fraction"] or ""))
    for form in _forms(order):
        match = form.fullmatch(cleaned)
        if match is not None:
            return _moment_or_none(match.groupdict(), zone) or Uncastable(cleaned)
    return Uncastable(cleaned)


def _from_epoch(whole: str, fraction: str) -> datetime:
    micros_a_unit_digits = {10: 6, 13: 3, 16: 0}[len(whole)]
    micros = int(whole + fraction[:micros_a_unit_digits].ljust(micros_a_unit_digits, "0"))
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)


def _moment_or_none(found: dict[str, str | None], zone: str) -> Moment | None:
    try:
        return _from_parts(found, zone)
    except (ValueError, OverflowError):
        return None


def _from_parts(found: dict[str, str | None], zone: str) -> Moment | None:
    month_name = (found.get("month_name") or "").lower()[:3]
    month = _MONTHS.index(month_name) + 1 if month_name else int(found["month"] or "")
    day = date(int(found["year"] or ""), month, int(found["day"] or ""))
    if found.get("weekday") and _WEEKDAYS[day.weekday()] != (found["weekday"] or "").lower():
        return None
    if found.get("hour") is None:
        return Moment(datetime(day.year, day.month, day.day, tzinfo=UTC), is_date_only=True)
    hour = int(found["hour"] or "")
    half = (found.get("half") or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    micros = int((found.get("fraction") or "")[:6].ljust(6, "0"))
    naive = datetime(  # noqa: DTZ001  the zone comes next
        day.year,
        day.month,
        day.day,
        hour,
        int(found.get("minute") or 0),
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


# --- Java's datetime patterns ------------------------------------------------------------------------------

_LETTERS = {
    "yyyy": r"(?P<year>\d{4})",
    "yy": r"(?P<short_year>\d\d)",
    "MMM": _MONTH,
    "MM": r"(?P<month>\d\d)",
    "M": r"(?P<month>\d\d?)",
    "dd": r"(?P<day>\d\d)",
    "d": r"(?P<day>\d\d?)",
    "HH": r"(?P<hour>\d\d)",
    "H": r"(?P<hour>\d\d?)",
    "hh": r"(?P<hour>\d\d)",
    "h": r"(?P<hour>\d\d?)",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d)",
    "a": r"(?P<half>(?i:[ap]m))",
    "XXX": r"(?P<zone>Z|[+-]\d\d:\d\d)",
}


def by_pattern(cleaned: str, pattern: str, zone: str) -> Moment | None:
    """What a text is under a pattern of Java's; a KeyError for a letter that this oracle does not know."""
    match = _pattern_form(pattern).fullmatch(cleaned)
    if match is None:
        return None
    found = match.groupdict()
    if found.get("short_year") is not None:
        found["year"] = f"20{found['short_year']}"
    return _moment_or_none(found, zone)


@lru_cache(maxsize=100)
def _pattern_form(pattern: str) -> re.Pattern[str]:
    form = ""
    for part in re.finditer(r"'(?P<quoted>[^']*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)", pattern):
        form += _LETTERS[part["letters"]] if part["letters"] else re.escape(part["quoted"] or part["other"])
    return re.compile(form, re.ASCII)
