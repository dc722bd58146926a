"""Resolve the fields of a Java datetime pattern to an instant.

As ``java.time`` does in its strict style: every field is within its range, and fields of the same unit agree.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from transforms.bronze_to_silver.timestamps import (
    MONTHS,
    WEEKDAYS,
    ZONE_OFFSETS,
    Moment,
    micros_of,
    offset_of,
    zone_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import tzinfo


LONG_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
LONG_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
HALVES = ("am", "pm")
ZONE_LETTERS = "XxZVz"
FIELDS = {
    **dict.fromkeys("yu", "year"), **dict.fromkeys("ML", "month"), "d": "day", "E": "weekday",
    "H": "hour", "k": "hour from 1", "K": "half hour", "h": "half hour from 1", "a": "half",
    "m": "minute", "s": "second", "S": "fraction", "n": "nanosecond", **dict.fromkeys(ZONE_LETTERS, "zone"),
}  # fmt: skip
_WORDS = {"month": (MONTHS, LONG_MONTHS), "weekday": (WEEKDAYS, LONG_WEEKDAYS), "half": (HALVES,)}

_FIRST_OF_CENTURY = 2000
_NANOSECOND_DIGITS = 9
_NOT_IANA = {"localtime", "posixrules", "Factory"}  # not zones, but in the zone folder of some systems


def moment_of(written: Sequence[tuple[str, str]], timezone_name: str) -> Moment | None:
    """Return the moment of a text's fields; None where they do not determine one.

    Args:
        written: the letters in the pattern and the text of each field.
        timezone_name: the IANA zone of times without one. A date alone is midnight UTC.

    Raises:
        ValueError, OverflowError: fields are out of range or disagree.
    """
    parts: dict[str, int] = {}
    zones: list[tzinfo] = []
    for letters, text in written:
        if letters[0] in ZONE_LETTERS:
            zones.append(_zone(letters, text))
            continue
        name, value = _value(letters, text)
        if parts.setdefault(name, value) != value:
            raise ValueError(f"two values for the {name}")
    if not {"year", "month", "day"} <= parts.keys():
        return None
    date = datetime(parts["year"], parts["month"], parts["day"], tzinfo=UTC)
    if parts.get("weekday", date.weekday()) != date.weekday():
        return None
    time = _time(parts)
    if time is None:
        has_time = parts.keys() & {"half", "half hour", "minute", "second", "nanosecond"} or zones
        return None if has_time else Moment(micros_of(date), is_date_only=True)
    hour, minute, second, nanosecond = time
    zones.sort(key=lambda zone: zone.utcoffset(None) is None)  # offsets before regions
    instant = date.replace(
        hour=hour,
        minute=minute,
        second=second,
        microsecond=nanosecond // 1000,
        tzinfo=zones[0] if zones else zone_of(timezone_name),
    )
    if any(instant.astimezone(zone).utcoffset() != instant.utcoffset() for zone in zones[1:]):
        return None
    return Moment(micros_of(instant))


def _value(letters: str, text: str) -> tuple[str, int]:
    """Return the name and value of a field. Raises ValueError if it is out of range."""
    name = FIELDS[letters[0]]
    if not text.isdigit():
        word = text.lower()
        index = next(words.index(word) for words in _WORDS[name] if word in words)
        return name, index + 1 if name == "month" else index
    value = int(text)
    match name:
        case "year" if len(letters) == 2:
            value += _FIRST_OF_CENTURY
        case "hour from 1":
            return "hour", _within(value, 1, 24) % 24
        case "half hour":
            return "half hour", _within(value, 0, 11)
        case "half hour from 1":
            return "half hour", _within(value, 1, 12) % 12
        case "fraction":
            return "nanosecond", int(text.ljust(_NANOSECOND_DIGITS, "0"))
        case "nanosecond":
            return name, _within(value, 0, 999_999_999)
    return name, value


def _within(value: int, least: int, most: int) -> int:
    if not least <= value <= most:
        raise ValueError(f"{value} is not in {least} to {most}")
    return value


def _time(parts: Mapping[str, int]) -> tuple[int, int, int, int] | None:
    """Return hour, minute, second and nanosecond; None without an hour.

    Raises:
        ValueError: fields disagree, or one between hour and the smallest is missing.
    """
    hour, half = parts.get("hour"), parts.get("half")
    if "half hour" in parts and half is not None:
        of_half = parts["half hour"] + 12 * half
        if hour not in (None, of_half):
            raise ValueError("two values for the hour")
        hour = of_half
    elif "half hour" in parts or (hour is not None and half not in (None, hour // 12)):
        raise ValueError("AM or PM does not match the hour")
    if hour is None:
        return None
    if ("minute" not in parts and "second" in parts) or ("second" not in parts and "nanosecond" in parts):
        raise ValueError("a part of the time is missing")
    return hour, parts.get("minute", 0), parts.get("second", 0), parts.get("nanosecond", 0)


def _zone(letters: str, text: str) -> tzinfo:
    """Return a time zone by its text. Raises ValueError if there is none."""
    if text[0] in "+-":
        return offset_of(text)
    if text in ("Z", "UTC", "UT", "GMT") or (letters[0] == "z" and text in ZONE_OFFSETS):
        return offset_of(ZONE_OFFSETS[text])
    if text not in _iana_zones():
        raise ValueError(f"unknown time zone {text}")
    return zone_of(text)


@cache
def _iana_zones() -> frozenset[str]:
    return frozenset(available_timezones() - _NOT_IANA)
