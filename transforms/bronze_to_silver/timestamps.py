"""Timestamps as people write them, read strictly and brought to UTC (spec 4.2).

==================  =====================================================================================
ISO 8601            ``2024-01-31T10:20[:30[.1-9 digits]]``, ``T`` or a space; ``Z``, or after at most one
                    space ``UTC`` or ``+05:30``, ``+0530``, ``+05`` up to ±18:00; ``2024-01-31``
compact             ``20240131``, ``20240131T102030[Z]``
epoch               10, 13 or 16 digits (s, ms, µs), a fraction allowed
English             ``31-Jan-2024[ 10:20[:30]]``, ``Jan 31, 2024[ 10:20[:30]]``, months in any case
RFC 2822            ``[Wed, ]31 Jan 2024 10:20[:30] +0530``, the weekday the right one; also ``GMT``, ``UT``,
                    ``UTC``, ``Z``, the RFC's North American zones (``EST`` is -0500), a comment behind it
by the date order   ``1/31/2024[ 10:20[:30]]``, the same with dots
==================  =====================================================================================

The calendar is the proleptic Gregorian one, its years 0001 to 9999, also after the shift to UTC. A time that
names no zone is taken in the source's timezone: where clocks go back, as the earlier of the two instants;
where they jump ahead, moved on by the jump (02:30, skipped, is 03:30). A date alone is midnight UTC.
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
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ZONES = {
    "Z": "+00", "UTC": "+00", "UT": "+00", "GMT": "+00",
    "EST": "-05", "EDT": "-04", "CST": "-06", "CDT": "-05",
    "MST": "-07", "MDT": "-06", "PST": "-08", "PDT": "-07",
}  # fmt: skip

_YEAR = "(?P<year>[0-9]{4})"
_DIGITS = "(?P<{}>[0-9]{{2}})"
_MONTH, _DAY, _HOUR, _MINUTE, _SECOND = map(_DIGITS.format, ("month", "day", "hour", "minute", "second"))
_TIME = f"{_HOUR}:{_MINUTE}(?>(?::{_SECOND})?)"
_FRACTION = r"(?:\.(?P<fraction>[0-9]{1,9}+))"
_NAMED_MONTH = f"(?P<month>(?i:{'|'.join(_MONTHS)}))"
_WEEKDAY = f"(?P<weekday>(?i:{'|'.join(_WEEKDAYS)}))"
_SHORT_DAY, _SHORT_MONTH = "(?P<day>[0-9]{1,2})", "(?P<month>[0-9]{1,2})"
_SEPARATOR, _AGAIN = "(?P<separator>[/.])", "(?P=separator)"

_EPOCHS = re.compile(r"([0-9]{10}|[0-9]{13}|[0-9]{16})(?>(?:\.([0-9]++))?)")
_FORMS = tuple(
    map(
        re.compile,
        (
            rf"{_YEAR}-{_MONTH}-{_DAY}(?>(?:[T ]{_HOUR}:{_MINUTE}(?>(?::{_SECOND}{_FRACTION}?)?)"
            r"(?>(?:(?P<utc>Z)| ?+(?P<zone>UTC|[+-][0-9]{2}(?>(?::?+[0-9]{2})?)))?))?)",
            rf"{_YEAR}{_MONTH}{_DAY}(?>(?:T{_HOUR}{_MINUTE}{_SECOND}(?>(?P<utc>Z)?))?)",
            rf"{_DAY}-{_NAMED_MONTH}-{_YEAR}(?>(?: {_TIME})?)",
            rf"{_NAMED_MONTH} {_SHORT_DAY}, {_YEAR}(?>(?: {_TIME})?)",
            rf"(?>(?:{_WEEKDAY}, *+)?){_SHORT_DAY} ++{_NAMED_MONTH} ++{_YEAR} ++{_TIME}"
            r" ++(?P<zone>[+-][0-9]{4}|GMT|UTC?+|Z|[ECMP][SD]T)(?>(?: *+\([^()]*+\))?)",
        ),
    )
)
_ORDERED = {
    DateOrder.MDY: re.compile(f"{_SHORT_MONTH}{_SEPARATOR}{_SHORT_DAY}{_AGAIN}{_YEAR}(?>(?: {_TIME})?)"),
    DateOrder.DMY: re.compile(f"{_SHORT_DAY}{_SEPARATOR}{_SHORT_MONTH}{_AGAIN}{_YEAR}(?>(?: {_TIME})?)"),
    DateOrder.YMD: re.compile(f"{_YEAR}{_SEPARATOR}{_SHORT_MONTH}{_AGAIN}{_SHORT_DAY}(?>(?: {_TIME})?)"),
}


class Moment(NamedTuple):
    """A timestamp read from text: microseconds since 1970 in UTC, and whether the text had no time."""

    micros: int
    is_date_only: bool = False


def read_timestamp(
    cleaned: str, date_order: DateOrder = DateOrder.MDY, timezone_name: str = "UTC"
) -> Moment | None:
    """Read a timestamp; None: the text is none. The forms are those of this module.

    Args:
        cleaned: cleaned text.
        date_order: how a date with slashes or dots is read.
        timezone_name: the IANA zone of times that name none.
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
    """Return the moment that the parts of a text name. Raises ValueError and OverflowError."""
    month = parts["month"] or ""
    year, day = int(parts["year"] or ""), int(parts["day"] or "")
    midnight = datetime(
        year, int(month) if month.isdigit() else _MONTHS.index(month.lower()) + 1, day, tzinfo=UTC
    )
    weekday = parts.get("weekday")
    if weekday is not None and _WEEKDAYS[midnight.weekday()] != weekday.lower():
        raise ValueError(f"{weekday} is not the weekday of that date")
    if parts["hour"] is None:
        return Moment(_micros(midnight), is_date_only=True)
    zone = parts.get("utc") or parts.get("zone")
    time = midnight.replace(
        hour=int(parts["hour"]),
        minute=int(parts["minute"] or ""),
        second=int(parts["second"] or "0"),
        microsecond=int((parts.get("fraction") or "")[:6].ljust(6, "0")),
        tzinfo=_named(timezone_name) if zone is None else _offset(_ZONES.get(zone, zone)),
    )
    return Moment(_micros(time.astimezone(UTC)))


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


def _named(timezone_name: str) -> tzinfo:
    return UTC if timezone_name == "UTC" else ZoneInfo(timezone_name)


def _offset(text: str) -> tzinfo:
    """Return the offset ``+05:30``, ``+0530`` or ``+05``. Raises ValueError."""
    minutes = int(text[-2:]) if len(text) > len("+05") else 0
    offset = timedelta(hours=int(text[1:3]), minutes=minutes)
    if minutes >= 60 or offset > _LONGEST_OFFSET:
        raise ValueError(f"{text} is no offset from UTC")
    return timezone(-offset if text.startswith("-") else offset)
