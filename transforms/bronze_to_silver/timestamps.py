"""Parse timestamps strictly and convert them to UTC (spec 4.2).

==================  =====================================================================================
ISO 8601            ``2024-01-31T10:20[:30[.1-9 digits]]``, ``T`` or a space; ``Z``, or after at most one
                    space ``UTC`` or ``+05:30``, ``+0530``, ``+05`` up to ±18:00; ``2024-01-31``
compact             ``20240131``, ``20240131T102030[Z]``
epoch               10, 13 or 16 digits (s, ms, µs), a fraction allowed
English             ``31-Jan-2024[ time]``, ``Jan 31, 2024[ time]``, months in any case
RFC 2822            ``[Wed, ]31 Jan 2024 10:20[:30] +0530``, with the correct weekday; also ``GMT``, ``UT``,
                    ``UTC``, ``Z``, the RFC's North American zones (``EST`` is -0500), a comment after it
by the date order   ``1/31/2024[ time]``, the same with dots; with dashes where the year is last
==================  =====================================================================================

A time is ``9:20[:30]`` or ``09:20[:30]``, or ``9:20[:30] PM`` with an hour from 1 to 12, AM and PM in any
case and after a space, U+00A0, U+202F or nothing. With a space before the time, ISO 8601 may also have AM or
PM, and an hour of one digit.

The calendar is the proleptic Gregorian one, years 0001 to 9999, also after conversion to UTC. A time without
a zone is in the source's timezone: an ambiguous one, where clocks go back, is the earlier instant; a skipped
one is moved forward by the jump (02:30 becomes 03:30). A date alone is midnight UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from contracts.model import DateOrder

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LONGEST_OFFSET = timedelta(hours=18)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONE_OFFSETS = {
    "Z": "+00", "UTC": "+00", "UT": "+00", "GMT": "+00",
    "EST": "-05", "EDT": "-04", "CST": "-06", "CDT": "-05",
    "MST": "-07", "MDT": "-06", "PST": "-08", "PDT": "-07",
}  # fmt: skip

_YEAR = "(?P<year>[0-9]{4})"
_DIGITS = "(?P<{}>[0-9]{{2}})"
_MONTH, _DAY, _HOUR, _MINUTE, _SECOND = map(_DIGITS.format, ("month", "day", "hour", "minute", "second"))
_SHORT_DAY, _SHORT_MONTH, _SHORT_HOUR = (f"(?P<{name}>[0-9]{{1,2}})" for name in ("day", "month", "hour"))
_CLOCK = f"{_SHORT_HOUR}:{_MINUTE}(?>(?::{_SECOND})?)"
_HALF_DAY = "(?>[ \u00a0\u202f]?(?P<half>(?i:[AP]M)))"
_TIME = f"{_CLOCK}{_HALF_DAY}?"
_FRACTION = r"(?:\.(?P<fraction>[0-9]{1,9}+))"
_NAMED_MONTH = f"(?P<month>(?i:{'|'.join(MONTHS)}))"
_WEEKDAY = f"(?P<weekday>(?i:{'|'.join(WEEKDAYS)}))"
_SEPARATOR, _AGAIN = "(?P<separator>[/.])", "(?P=separator)"
_SEPARATOR_BEFORE_YEAR = "(?P<separator>[/.-])"

_EPOCHS = re.compile(r"([0-9]{10}|[0-9]{13}|[0-9]{16})(?>(?:\.([0-9]++))?)")
_FORMS = tuple(
    map(
        re.compile,
        (
            rf"{_YEAR}-{_MONTH}-{_DAY}(?>(?:(?:T(?=[0-9]{{2}}:)| ){_SHORT_HOUR}:{_MINUTE}"
            rf"(?>(?::{_SECOND}{_FRACTION}?)?)"
            r"(?>(?:(?P<utc>Z)| ?+(?P<zone>UTC|[+-][0-9]{2}(?>(?::?+[0-9]{2})?)))?))?)",
            rf"{_YEAR}-{_MONTH}-{_DAY} {_CLOCK}{_HALF_DAY}",
            rf"{_YEAR}{_MONTH}{_DAY}(?>(?:T{_HOUR}{_MINUTE}{_SECOND}(?>(?P<utc>Z)?))?)",
            rf"{_DAY}-{_NAMED_MONTH}-{_YEAR}(?>(?: {_TIME})?)",
            rf"{_NAMED_MONTH} {_SHORT_DAY}, {_YEAR}(?>(?: {_TIME})?)",
            rf"(?>(?:{_WEEKDAY}, *+)?){_SHORT_DAY} ++{_NAMED_MONTH} ++{_YEAR} ++{_CLOCK}"
            r" ++(?P<zone>[+-][0-9]{4}|GMT|UTC?+|Z|[ECMP][SD]T)(?>(?: *+\([^()]*+\))?)",
        ),
    )
)
_ORDERED = {
    DateOrder.MDY: re.compile(
        f"{_SHORT_MONTH}{_SEPARATOR_BEFORE_YEAR}{_SHORT_DAY}{_AGAIN}{_YEAR}(?>(?: {_TIME})?)"
    ),
    DateOrder.DMY: re.compile(
        f"{_SHORT_DAY}{_SEPARATOR_BEFORE_YEAR}{_SHORT_MONTH}{_AGAIN}{_YEAR}(?>(?: {_TIME})?)"
    ),
    DateOrder.YMD: re.compile(f"{_YEAR}{_SEPARATOR}{_SHORT_MONTH}{_AGAIN}{_SHORT_DAY}(?>(?: {_TIME})?)"),
}


class Moment(NamedTuple):
    """A parsed timestamp: microseconds since 1970 in UTC, and whether the text had no time."""

    micros: int
    is_date_only: bool = False


def read_timestamp(
    cleaned: str, date_order: DateOrder = DateOrder.MDY, timezone_name: str = "UTC"
) -> Moment | None:
    """Parse a timestamp in one of this module's forms; None if the text is not one.

    Args:
        cleaned: cleaned text.
        date_order: of dates with slashes, dots or dashes.
        timezone_name: the IANA zone of times without one.
    """
    epoch = _EPOCHS.fullmatch(cleaned)
    if epoch is not None:
        return Moment(int("".join(filter(None, epoch.groups()))[:16].ljust(16, "0")))
    for form in (*_FORMS, _ORDERED[date_order]):
        found = form.fullmatch(cleaned)
        if found is not None:
            try:
                return _moment(found.groupdict(), timezone_name)
            except (ValueError, OverflowError):  # a 13th month, 30 February, 24:00, :60, +18:01
                return None
    return None


def _moment(parts: dict[str, str | None], timezone_name: str) -> Moment:
    """Return the moment of parsed parts. Raises ValueError and OverflowError if they are out of range."""
    month = parts["month"] or ""
    year, day = int(parts["year"] or ""), int(parts["day"] or "")
    midnight = datetime(
        year, int(month) if month.isdigit() else MONTHS.index(month.lower()) + 1, day, tzinfo=UTC
    )
    weekday = parts.get("weekday")
    if weekday is not None and WEEKDAYS[midnight.weekday()] != weekday.lower():
        raise ValueError(f"wrong weekday {weekday}")
    if parts["hour"] is None:
        return Moment(micros_of(midnight), is_date_only=True)
    zone = parts.get("utc") or parts.get("zone")
    time = midnight.replace(
        hour=_hour(int(parts["hour"]), parts.get("half")),
        minute=int(parts["minute"] or ""),
        second=int(parts["second"] or "0"),
        microsecond=int((parts.get("fraction") or "")[:6].ljust(6, "0")),
        tzinfo=zone_of(timezone_name) if zone is None else offset_of(ZONE_OFFSETS.get(zone, zone)),
    )
    return Moment(micros_of(time))


def _hour(hour: int, half: str | None) -> int:
    """Return the hour of the day. ``half``: AM, PM or None. Raises ValueError if it is out of range."""
    if half is None:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(f"invalid hour {hour} {half}")
    return hour % 12 + (12 if half.lower() == "pm" else 0)


def micros_of(instant: datetime) -> int:
    """Return the microseconds since 1970 in UTC. Raises OverflowError beyond the years 1 to 9999 in UTC."""
    return (instant.astimezone(UTC) - _EPOCH) // _MICROSECOND


def zone_of(timezone_name: str) -> tzinfo:
    """Return an IANA time zone."""
    return UTC if timezone_name == "UTC" else ZoneInfo(timezone_name)


def offset_of(text: str) -> tzinfo:
    """Return the offset ``+05:30``, ``+0530`` or ``+05``. Raises ValueError beyond ±18:00."""
    minutes = int(text[-2:]) if len(text) > len("+05") else 0
    offset = timedelta(hours=int(text[1:3]), minutes=minutes)
    if minutes >= 60 or offset > _LONGEST_OFFSET:
        raise ValueError(f"invalid UTC offset {text}")
    return timezone(-offset if text.startswith("-") else offset)
