"""The forms of timestamps read a second time, with Python's own calendar, to compare with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from contracts.model import DateOrder

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_FROM_UTC = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
ORDERS = {DateOrder.MDY: (2, 0, 1), DateOrder.DMY: (2, 1, 0), DateOrder.YMD: (0, 1, 2)}


@dataclass(frozen=True)
class Moment:
    """Microseconds since 1970 in UTC, and whether the text had no time."""

    micros: int
    is_date_only: bool = False


class _MisreadError(Exception):
    pass


def read(text: str, order: DateOrder, timezone_name: str) -> Moment | None:
    """Read a timestamp; None: uncastable."""
    for form in (_epoch, _iso, _compact, _dashed, _american, _mail, _ordered):
        try:
            return form(text, order, ZoneInfo(timezone_name))
        except (_MisreadError, ValueError, OverflowError):
            continue
    return None


def _split(pattern: str, text: str) -> tuple[str, ...]:
    found = re.fullmatch(pattern, text, re.ASCII)
    if found is None:
        raise _MisreadError
    return tuple(group or "" for group in found.groups())


def _moment(date: tuple[str, str, str], time: str, zone: tzinfo, fraction: str = "") -> Moment:
    """Put together a date and a time of two digits each, or an empty one."""
    year, month, day = map(int, date)
    if len(date[0]) != 4:
        raise _MisreadError
    if not time:
        return Moment(_micros(datetime(year, month, day, tzinfo=UTC)), is_date_only=True)
    hour, minute, second = _split(r"(\d\d):(\d\d)(?::(\d\d))?", time)
    micro = int((fraction + "000000")[:6])
    return Moment(
        _micros(datetime(year, month, day, int(hour), int(minute), int(second or 0), micro, tzinfo=zone))
    )


def _of_day(time: str) -> str:
    """Bring the time behind a date and a blank, ``9:05`` or ``9:05 PM``, to two digits of 24 hours."""
    clock, half = _split(r"(\d\d?:\d\d(?::\d\d)?)(?:[ \u00a0\u202f]?([AaPp][Mm]))?", time)
    hour, rest = clock.split(":", 1)
    if half:
        if not 1 <= int(hour) <= 12:
            raise _MisreadError
        hour = str({"am": 0, "pm": 12}[half.lower()] + (0 if hour == "12" else int(hour)))
    return f"{hour:0>2}:{rest}"


def _micros(moment: datetime) -> int:
    return (moment.astimezone(UTC) - EPOCH) // timedelta(microseconds=1)


def _offset(text: str) -> tzinfo:
    sign, hours, minutes = _split(r"([+-])(\d\d):?(\d\d)?", text)
    size = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if int(minutes or 0) > 59 or size > timedelta(hours=18):
        raise _MisreadError
    return timezone(-size if sign == "-" else size)


def _epoch(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    whole, fraction = _split(r"(\d+)(?:\.(\d+))?", text)
    if len(whole) not in (10, 13, 16):
        raise _MisreadError
    power = 16 - len(whole)
    return Moment(int(whole) * 10**power + int((fraction + "0" * power)[:power] or "0"))


def _iso(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    year, month, day, mark, rest = _split(r"(\d{4})-(\d\d)-(\d\d)(?:([T ])(.+))?", text)
    if not rest:
        return _moment((year, month, day), "", zone)
    if mark == " " and rest[-1:] in "Mm":
        return _moment((year, month, day), _of_day(rest), zone)
    if mark == " " and rest[1:2] == ":":
        rest = f"0{rest}"
    time, fraction, written = _split(
        r"(\d\d:\d\d(?::\d\d(?=[^:]|$))?)(?:(?<=:\d\d:\d\d)\.(\d{1,9}))?(.*)", rest
    )
    if written == "Z":
        zone = UTC
    elif written:
        written = written.removeprefix(" ")
        zone = UTC if written == "UTC" else _offset(written)
    return _moment((year, month, day), time, zone, fraction)


def _compact(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    date, time, utc = _split(r"(\d{8})(?:T(\d{6})(Z)?)?", text)
    clock = ":".join((time[:2], time[2:4], time[4:])) if time else ""
    return _moment((date[:4], date[4:6], date[6:]), clock, UTC if utc else zone)


def _dashed(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    day, month, year, time = _split(r"(\d\d)-([A-Za-z]{3})-(\d{4})(?: (.+))?", text)
    return _moment((year, _month(month), day), time and _of_day(time), zone)


def _american(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    month, day, year, time = _split(r"([A-Za-z]{3}) (\d\d?), (\d{4})(?: (.+))?", text)
    return _moment((year, _month(month), day), time and _of_day(time), zone)


def _mail(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    uncommented = re.sub(r" *\([^()]*\)\Z", "", text)
    weekday, day, month, year, time, name = _split(
        r"(?:([A-Za-z]{3}), *)?(\d\d?) +([A-Za-z]{3}) +(\d{4}) +(\S+) +(\S+)", uncommented
    )
    if name in ("GMT", "UT", "UTC", "Z"):
        zone = UTC
    elif name in HOURS_FROM_UTC:
        zone = timezone(timedelta(hours=HOURS_FROM_UTC[name]))
    elif ":" in name or len(name) != 5:
        raise _MisreadError
    else:
        zone = _offset(name)
    date = datetime(int(year), int(_month(month)), int(day), tzinfo=UTC)
    if weekday and weekday.lower() != WEEKDAYS[date.weekday()]:
        raise _MisreadError
    return _moment((year, _month(month), day), f"{time:0>5}" if time.count(":") == 1 else f"{time:0>8}", zone)


def _ordered(text: str, order: DateOrder, zone: tzinfo) -> Moment:
    *parts, time = _split(r"(\d+)([/.-])(\d+)\2(\d+)(?: (.+))?", text)
    if parts.pop(1) == "-" and order is DateOrder.YMD:
        raise _MisreadError
    year, month, day = (parts[place] for place in ORDERS[order])
    if len(month) > 2 or len(day) > 2:
        raise _MisreadError
    return _moment((year, month, day), time and _of_day(time), zone)


def _month(name: str) -> str:
    return str(MONTHS.index(name.lower()) + 1)
