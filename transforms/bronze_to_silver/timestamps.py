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

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F  # noqa: N812  (Spark's own convention)

from contracts.model import DateOrder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column

_YEAR = "(?!0000)[0-9]{4}"
_TIME = "[0-9]{2}:[0-9]{2}(?::[0-9]{2})?+"
_MONTHS = {
    "jan": "1", "feb": "2", "mar": "3", "apr": "4", "may": "5", "jun": "6",
    "jul": "7", "aug": "8", "sep": "9", "oct": "10", "nov": "11", "dec": "12",
}  # fmt: skip
_MONTH = f"(?i:{'|'.join(_MONTHS)})"
_WEEKDAYS = "montuewedthufrisatsun"
_NORTH_AMERICA = {
    "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
    "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
}  # fmt: skip

# What the patterns leave open (a 13th month, 30 February, 24:00, :60, +18:01), Spark's cast refuses.
_ISO = (
    rf"\A{_YEAR}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]{{1,9}}+)?+)?+"
    r"(?:Z| ?+(?:UTC|[+-][0-9]{2}(?::?+[0-9]{2})?+))?+\z"
)
_ISO_DATE = rf"\A{_YEAR}-[0-9]{{2}}-[0-9]{{2}}\z"
_EPOCH = r"\A(?:[0-9]{10}|[0-9]{13}|[0-9]{16})(?:\.[0-9]++)?+\z"
_COMPACT = rf"\A{_YEAR}[0-9]{{4}}(?:T[0-9]{{6}}Z?+)?+\z"
_ORDERED = {
    DateOrder.MDY: rf"\A[0-9]{{1,2}}([/.])[0-9]{{1,2}}\1{_YEAR}(?: {_TIME})?+\z",
    DateOrder.DMY: rf"\A[0-9]{{1,2}}([/.])[0-9]{{1,2}}\1{_YEAR}(?: {_TIME})?+\z",
    DateOrder.YMD: rf"\A{_YEAR}([/.])[0-9]{{1,2}}\1[0-9]{{1,2}}(?: {_TIME})?+\z",
}
_ISO_ORDER = {DateOrder.MDY: "$3-$1-$2", DateOrder.DMY: "$3-$2-$1", DateOrder.YMD: "$1-$2-$3"}
_WEEKDAY = "(?i:mon|tue|wed|thu|fri|sat|sun)"
_RFC_ZONE = r" ++([+-][0-9]{4}|GMT|UTC?+|Z|[ECMP][SD]T)(?: *+\([^()]*+\))?+\z"
_ENGLISH = (
    rf"\A(?:(?:[0-9]{{2}}-{_MONTH}-{_YEAR}|{_MONTH} [0-9]{{1,2}}, {_YEAR})(?: {_TIME})?+\z"
    rf"|(?:{_WEEKDAY}, *+)?+[0-9]{{1,2}} ++{_MONTH} ++{_YEAR} ++{_TIME}{_RFC_ZONE})"
)

# 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z in microseconds, and a long's range.
_FIRST, _LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
_MIN_LONG, _MAX_LONG = -(2**63), 2**63 - 1
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True)
class ParsedTimestamp:
    """A timestamp read from text, and what hindered it.

    ``uncastable`` is the text when there is one that is no timestamp. ``is_date_only`` is true where a value
    came without a time, else false, never null. Select all of them in one ``select``: they share their work.
    """

    value: Column
    uncastable: Column
    is_date_only: Column


def parse_timestamp(
    text: Column, date_order: DateOrder = DateOrder.MDY, timezone: str = "UTC"
) -> ParsedTimestamp:
    """Read a timestamp from cleaned ``text`` (null words are null); the forms are those of this module.

    Args:
        text: cleaned text.
        date_order: how a date with slashes or dots is read.
        timezone: the IANA zone of times that name none.
    """
    zone = "Z" if timezone == "UTC" else f" {timezone}"
    micros = (
        F.when(text.rlike(_ISO), _micros(_complete_iso(text, zone)))
        .when(text.rlike(_EPOCH), _epoch_micros(text))
        .otherwise(_micros(_rewrite_as_iso(text, date_order, zone)))
    )
    value = F.timestamp_micros(_within_calendar(micros))
    uncastable = F.when(value.isNull(), text)
    # No form with a time is shorter than 14 characters, but an epoch.
    is_short = (F.octet_length(text) <= 12) & ~text.rlike(r"\A[0-9]{10}")
    return ParsedTimestamp(value, uncastable, F.coalesce(is_short & value.isNotNull(), F.lit(False)))


def timestamp_text(timestamp: Column) -> Column:
    """Return a timestamp as ISO 8601 in UTC with six decimals: ``2024-01-31T10:20:30.000000Z``.

    Reckoned from the microseconds, so that the session's timezone does not matter.
    """
    seconds = F.unix_seconds(timestamp)
    day = F.date_from_unix_date(F.floor(seconds / _SECONDS_A_DAY).cast("int"))
    second = F.pmod(seconds, F.lit(_SECONDS_A_DAY))
    micro = F.pmod(F.unix_micros(timestamp), F.lit(1_000_000))
    return F.concat(
        day.cast("string"),
        F.lit("T"),
        _padded(F.floor(second / 3600), 2),
        F.lit(":"),
        _padded(F.floor(second % 3600 / 60), 2),
        F.lit(":"),
        _padded(second % 60, 2),
        F.lit("."),
        _padded(micro, 6),
        F.lit("Z"),
    )


def _padded(number: Column, width: int) -> Column:
    return F.lpad(number.cast("string"), width, "0")


def _complete_iso(text: Column, zone: str) -> Column:
    """Give an ISO 8601 text the seconds and the zone that it lacks."""
    tail = F.substring(text, 17, 40)  # what follows the minutes
    whole = F.when(tail.startswith(":"), text).otherwise(
        F.concat(F.substring(text, 1, 16), F.lit(":00"), tail)
    )
    has_zone = tail.endswith("Z") | tail.contains("+") | tail.contains("-") | tail.endswith("UTC")
    return F.when(has_zone, whole).otherwise(F.concat(whole, F.lit(zone)))


def _epoch_micros(text: Column) -> Column:
    """Return an epoch's microseconds: its first 16 digits, seconds and milliseconds filled up with zeros."""
    return F.rpad(F.replace(text, F.lit("."), F.lit("")), 16, "0").try_cast("bigint")


def _rewrite_as_iso(text: Column, date_order: DateOrder, zone: str) -> Column:
    """Return the rarer forms as ISO 8601 with a zone; null for a text of another form."""
    day_pattern = r"\A([0-9]++)[/.]([0-9]++)[/.]([0-9]++).*+"
    ordered = F.regexp_replace(text, day_pattern, _ISO_ORDER[date_order])
    return (
        F.when(text.rlike(_ISO_DATE), F.concat(text, F.lit("T00:00:00Z")))
        .when(text.rlike(_COMPACT), _separate(text, zone))
        .when(text.rlike(_ORDERED[date_order]), F.concat(ordered, _time_of_day(text, F.lit(zone))))
        .when(text.rlike(_ENGLISH), _rewrite_english(text, zone))
    )


def _separate(compact: Column, zone: str) -> Column:
    date = F.regexp_replace(compact, r"\A(.{4})(..)(..).*", "$1-$2-$3")
    time = F.regexp_replace(compact, r".*(T..)(..)(..)Z?\z", "$1:$2:$3")
    return F.concat(
        date,
        F.when(compact.endswith("Z"), F.concat(time, F.lit("Z")))
        .when(compact.contains("T"), F.concat(time, F.lit(zone)))
        .otherwise("T00:00:00Z"),
    )


def _rewrite_english(text: Column, zone: str) -> Column:
    month = _looked_up(_MONTHS, F.lower(F.regexp_extract(text, _MONTH, 0)))
    day = F.regexp_extract(text, "[0-9]{1,2}", 0)
    date = F.concat(F.regexp_extract(text, "[0-9]{4}", 0), F.lit("-"), month, F.lit("-"), day)
    written_zone = F.regexp_extract(text, _RFC_ZONE, 1)
    offset = F.coalesce(_looked_up({"": zone, **_NORTH_AMERICA}, written_zone), written_zone)
    weekday = F.substring(F.lit(_WEEKDAYS), F.weekday(date.try_cast("date")) * 3 + 1, F.lit(3))
    is_right_day = ~text.rlike(r"\A[A-Za-z]{3},") | (F.lower(F.substring(text, 1, 3)) == weekday)
    return F.when(is_right_day, F.concat(date, _time_of_day(text, offset)))


def _time_of_day(text: Column, zone: Column) -> Column:
    """Return ``T``, the time in ``text`` with its seconds, and the zone; without a time, midnight UTC."""
    time = F.rpad(F.regexp_extract(text, _TIME, 0), 8, ":00")
    return F.when(text.contains(":"), F.concat(F.lit("T"), time, zone)).otherwise("T00:00:00Z")


def _looked_up(meanings: Mapping[str, str], word: Column) -> Column:
    entries = [F.lit(item) for pair in meanings.items() for item in pair]
    return F.try_element_at(F.create_map(*entries), word)


def _micros(iso: Column) -> Column:
    return F.unix_micros(iso.try_cast("timestamp"))


def _within_calendar(micros: Column) -> Column:
    """Return null outside the years 0001 to 9999 in UTC, where an offset can lead.

    A comparison would evaluate the whole parse again; to and fro across the ends of a long does not.
    """
    above, below = F.lit(_MAX_LONG - _LAST), F.lit(_FIRST - _MIN_LONG)
    return F.try_subtract(F.try_add(micros, above) - above, below) + below
