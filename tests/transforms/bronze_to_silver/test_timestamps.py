"""Timestamps of many forms are read strictly and brought to UTC (spec 4.2)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.model import DateOrder
from tests.transforms.bronze_to_silver.evaluated import assert_same, mutated
from tests.transforms.bronze_to_silver.reading_timestamps import EPOCH, read
from transforms.bronze_to_silver.timestamps import read_timestamp

MDY, DMY, YMD = DateOrder.MDY, DateOrder.DMY, DateOrder.YMD
U = "uncastable"
TEN = "2024-01-31T10:20:30.000000Z"
NO_SECONDS = "2024-01-31T10:20:00.000000Z"
MIDNIGHT = "2024-01-31T00:00:00.000000Z"

FORMS: tuple[tuple[str, str, str], ...] = (
    # title, text, the instant or U
    ("ISO 8601 in UTC", "2024-01-31T10:20:30Z", TEN),
    ("ISO 8601 without a zone", "2024-01-31T10:20:30", TEN),
    ("a space for the T", "2024-01-31 10:20:30", TEN),
    ("two spaces for the T", "2024-01-31  10:20:30", U),
    ("no seconds", "2024-01-31T10:20", NO_SECONDS),
    ("no seconds, in UTC", "2024-01-31 10:20Z", NO_SECONDS),
    ("no seconds, with an offset", "2024-01-31T15:50+05:30", NO_SECONDS),
    ("no minutes", "2024-01-31T10", U),
    ("a fraction without seconds", "2024-01-31T10:20.5", U),
    ("one decimal", "2024-01-31T10:20:30.5Z", "2024-01-31T10:20:30.500000Z"),
    ("nine decimals are truncated", "2024-01-31T10:20:30.123456999", "2024-01-31T10:20:30.123456Z"),
    ("ten decimals", "2024-01-31T10:20:30.1234567890", U),
    ("a point without decimals", "2024-01-31T10:20:30.", U),
    ("a decimal comma", "2024-01-31T10:20:30,5", U),
    ("an offset with a colon", "2024-01-31T15:50:30+05:30", TEN),
    ("an offset without a colon", "2024-01-31T15:50:30+0530", TEN),
    ("an offset of hours", "2024-01-31T05:20:30-05", TEN),
    ("an offset after a space", "2024-01-31 15:50:30.0 +05:30", TEN),
    ("an offset after two spaces", "2024-01-31 15:50:30  +05:30", U),
    ("an offset of one digit", "2024-01-31T15:20:30+5", U),
    ("an offset with seconds", "2024-01-31T15:20:30+05:00:00", U),
    ("the farthest offset", "2024-02-01T04:20:30+18:00", TEN),
    ("an offset too far", "2024-01-31T10:20:30+18:01", U),
    ("an offset of 60 minutes", "2024-01-31T10:20:30+05:60", U),
    ("an offset of nothing", "2024-01-31T10:20:30-00:00", TEN),
    ("the word UTC", "2024-01-31T10:20:30UTC", TEN),
    ("the word UTC after a space", "2024-01-31 10:20:30 UTC", TEN),
    ("the word utc", "2024-01-31 10:20:30 utc", U),
    ("another zone's name", "2024-01-31 10:20:30 Europe/Berlin", U),
    ("Z after a space", "2024-01-31 10:20:30 Z", U),
    ("a small t", "2024-01-31t10:20:30", U),
    ("a small z", "2024-01-31T10:20:30z", U),
    ("one digit for the hour after a space", "2024-01-31 9:20:30", "2024-01-31T09:20:30.000000Z"),
    (
        "one digit for the hour, a fraction and an offset",
        "2024-01-31 9:20:30.5 -01",
        "2024-01-31T10:20:30.500000Z",
    ),
    ("one digit for the hour after a T", "2024-01-31T9:20:30", U),
    ("three digits for the hour", "2024-01-31 010:20:30", U),
    ("one digit for the minute", "2024-01-31 9:2", U),
    ("24:00", "2024-01-31T24:00:00", U),
    ("minute 60", "2024-01-31T10:60:00", U),
    ("second 60", "2024-01-31T10:20:60", U),
    ("AM", "2024-01-31 10:20:30 AM", TEN),
    ("PM without a blank", "2024-01-31 10:20PM", "2024-01-31T22:20:00.000000Z"),
    ("pm after a narrow no-break space", "2024-01-31 1:05\u202fpm", "2024-01-31T13:05:00.000000Z"),
    ("pm after a no-break space", "2024-01-31 1:05\u00a0pM", "2024-01-31T13:05:00.000000Z"),
    ("PM after two blanks", "2024-01-31 1:05  PM", U),
    ("noon", "2024-01-31 12:00 PM", "2024-01-31T12:00:00.000000Z"),
    ("midnight with AM", "2024-01-31 12:05 AM", "2024-01-31T00:05:00.000000Z"),
    ("0 PM", "2024-01-31 0:05 PM", U),
    ("13 PM", "2024-01-31 13:05 PM", U),
    ("AM after a T", "2024-01-31T10:20:30 AM", U),
    ("AM after a fraction", "2024-01-31 10:20:30.5 AM", U),
    ("AM and a zone", "2024-01-31 10:20:30 AM UTC", U),
    ("AM without minutes", "2024-01-31 10 AM", U),
    ("AM written with points", "2024-01-31 10:20 a.m.", U),
    ("a date", "2024-01-31", MIDNIGHT),
    ("a date with one digit", "2024-1-31", U),
    ("a date with a zone", "2024-01-31Z", U),
    ("a month", "2024-01", U),
    ("month 13", "2024-13-01", U),
    ("month 0", "2024-00-10", U),
    ("day 0", "2024-01-00", U),
    ("30 February", "2024-02-30", U),
    ("29 February of a leap year", "2024-02-29 00:00:00", "2024-02-29T00:00:00.000000Z"),
    ("29 February of no leap year", "2023-02-29 00:00:00", U),
    ("29 February of a century", "1900-02-29", U),
    ("29 February of a fourth century", "2000-02-29", "2000-02-29T00:00:00.000000Z"),
    ("the zero date of a database", "0000-00-00 00:00:00", U),
    ("the year 0", "0000-01-01", U),
    ("the first day", "0001-01-01", "0001-01-01T00:00:00.000000Z"),
    ("before the first day", "0001-01-01T00:00:00+00:01", U),
    ("the last microsecond", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ("after the last day", "9999-12-31T23:59:59-00:01", U),
    ("five digits for the year", "12024-01-31", U),
    ("two digits for the year", "24-01-31", U),
    ("a negative year", "-2024-01-31", U),
    ("a week date", "2024-W05-3", U),
    ("an ordinal date", "2024-031", U),
    ("compact", "20240131", MIDNIGHT),
    ("compact with a time", "20240131T102030", TEN),
    ("compact in UTC", "20240131T102030Z", TEN),
    ("compact without seconds", "20240131T1020", U),
    ("compact with an offset", "20240131T102030+01", U),
    ("compact with month 13", "20241301", U),
    ("compact, 24:00", "20240131T240000", U),
    ("seconds", "1706696430", TEN),
    ("seconds with a fraction", "1706696430.5", "2024-01-31T10:20:30.500000Z"),
    ("seconds with many decimals", "1706696430.1234569", "2024-01-31T10:20:30.123456Z"),
    ("seconds with a point only", "1706696430.", U),
    ("milliseconds", "1706696430123", "2024-01-31T10:20:30.123000Z"),
    ("milliseconds with a fraction", "1706696430123.4567", "2024-01-31T10:20:30.123456Z"),
    ("microseconds", "1706696430123456", "2024-01-31T10:20:30.123456Z"),
    ("microseconds with a fraction", "1706696430123456.9", "2024-01-31T10:20:30.123456Z"),
    ("nine digits", "999999999", U),
    ("eleven digits", "17066964300", U),
    ("nanoseconds", "1706696430123456789", U),
    ("negative seconds", "-1706696430", U),
    ("seconds with an exponent", "1.706696430e9", U),
    ("Arabic digits", "١٧٠٦٦٩٦٤٣٠", U),
    ("an English month", "31-Jan-2024", MIDNIGHT),
    ("an English month in capitals, with a time", "31-JAN-2024 10:20:30", TEN),
    ("an English month in small letters, without seconds", "31-jan-2024 10:20", NO_SECONDS),
    ("an English month and PM", "31-Jan-2024 1:05:06 PM", "2024-01-31T13:05:06.000000Z"),
    ("an English month and one digit for the hour", "31-Jan-2024 9:20", "2024-01-31T09:20:00.000000Z"),
    ("month first and am", "Jan 31, 2024 10:20am", NO_SECONDS),
    ("one digit for the day", "1-Jan-2024", U),
    ("a German month", "31-Dez-2024", U),
    ("a month in full", "31-January-2024", U),
    ("31 April", "31-Apr-2024", U),
    ("month first", "Jan 31, 2024", MIDNIGHT),
    ("month first, one digit", "Jan 5, 2024", "2024-01-05T00:00:00.000000Z"),
    ("month first, two digits", "jan 05, 2024 10:20", "2024-01-05T10:20:00.000000Z"),
    ("month first, with seconds", "JAN 31, 2024 10:20:30", TEN),
    ("month first without a comma", "Jan 31 2024", U),
    ("a mail's date", "Wed, 31 Jan 2024 15:50:30 +0530", TEN),
    ("a mail's date without weekday and seconds", "31 Jan 2024 10:20 +0000", NO_SECONDS),
    ("a mail's date, one digit for the hour", "31 Jan 2024 9:20 GMT", "2024-01-31T09:20:00.000000Z"),
    ("a mail's date with PM", "Wed, 31 Jan 2024 10:20:30 PM GMT", U),
    ("a mail's date, padded", "Fri,  5 Jan 2024 10:20:30 -0000", "2024-01-05T10:20:30.000000Z"),
    ("HTTP's date", "Wed, 31 Jan 2024 10:20:30 GMT", TEN),
    ("a mail's date in universal time", "Wed, 31 Jan 2024 10:20:30 UT", TEN),
    ("a mail's date in a North American zone", "Wed, 31 Jan 2024 02:20:30 PST", TEN),
    ("a mail's date with a comment", "Wed, 31 Jan 2024 02:20:30 -0800 (PST)", TEN),
    ("a wrong weekday", "Tue, 31 Jan 2024 10:20:30 GMT", U),
    ("no weekday at all", "Foo, 31 Jan 2024 10:20:30 GMT", U),
    ("a mail's date without a zone", "Wed, 31 Jan 2024 10:20:30", U),
    ("a mail's date with an unknown zone", "Wed, 31 Jan 2024 10:20:30 CET", U),
    ("a mail's date with a colon in the offset", "Wed, 31 Jan 2024 10:20:30 +05:30", U),
    ("a mail's date with two digits for the year", "Wed, 31 Jan 24 10:20:30 GMT", U),
    ("a mail's 30 February", "Fri, 30 Feb 2024 10:20:30 GMT", U),
    ("slashes", "01/31/2024", MIDNIGHT),
    ("slashes, one digit", "1/5/2024", "2024-01-05T00:00:00.000000Z"),
    ("slashes with a time", "1/31/2024 10:20", NO_SECONDS),
    ("slashes with seconds", "1/31/2024 10:20:30", TEN),
    ("slashes with a T", "1/31/2024T10:20:30", U),
    ("slashes with a zone", "1/31/2024 10:20:30Z", U),
    ("slashes with AM", "1/31/2024 10:20 AM", NO_SECONDS),
    ("slashes with pm and seconds", "1/31/2024 1:05:06pm", "2024-01-31T13:05:06.000000Z"),
    ("slashes with one digit for the hour", "1/31/2024 9:20", "2024-01-31T09:20:00.000000Z"),
    ("dashes", "1-31-2024 10:20:30", TEN),
    ("dashes with PM", "01-31-2024 12:05 PM", "2024-01-31T12:05:00.000000Z"),
    ("dashes, the other order", "31-01-2024", U),
    ("a dash and a slash", "01-31/2024", U),
    ("dots", "01.31.2024 10:20:30", TEN),
    ("a slash and a dot", "01/31.2024", U),
    ("the other order", "25/12/2024", U),
    ("year first", "2024/01/31", U),
    ("two digits for the year, with slashes", "1/31/24", U),
    ("words", "yesterday", U),
    ("a line break behind", "2024-01-31\n", U),
)

ORDERED = (
    # text, under DMY, under YMD
    ("31/01/2024", MIDNIGHT, U),
    ("31.1.2024 10:20:30", TEN, U),
    ("01/31/2024", U, U),
    ("2024/01/31", U, MIDNIGHT),
    ("2024.1.31 10:20", U, NO_SECONDS),
    ("2024/31/01", U, U),
    ("2024-01-31", MIDNIGHT, MIDNIGHT),
    ("31-01-2024", MIDNIGHT, U),
    ("31-01-2024 9:05", "2024-01-31T09:05:00.000000Z", U),
    ("31.1.2024 12:05 am", "2024-01-31T00:05:00.000000Z", U),
    ("2024/1/31 1:05 PM", U, "2024-01-31T13:05:00.000000Z"),
    ("2024-1-31", U, U),
)

IN_BERLIN = (
    ("a time without a zone", "2024-01-31 11:20:30", TEN),
    ("a time in summer", "2024-07-31 12:20:30", "2024-07-31T10:20:30.000000Z"),
    ("an offset wins", "2024-01-31T10:20:30Z", TEN),
    ("a zone's name wins", "Wed, 31 Jan 2024 10:20:30 GMT", TEN),
    ("a date alone is midnight UTC", "2024-01-31", MIDNIGHT),
    ("a date with slashes alone is midnight UTC", "1/31/2024", MIDNIGHT),
    ("a compact date alone is midnight UTC", "20240131", MIDNIGHT),
    ("an English date alone is midnight UTC", "31-Jan-2024", MIDNIGHT),
    ("slashes", "1/31/2024 11:20:30", TEN),
    ("compact", "20240131T112030", TEN),
    ("compact in UTC", "20240131T102030Z", TEN),
    ("an English month", "Jan 31, 2024 11:20:30", TEN),
    ("an epoch has no zone", "1706696430", TEN),
    ("an hour that was skipped is moved on", "2024-03-31 02:30:00", "2024-03-31T01:30:00.000000Z"),
    ("an hour that came twice is the first", "2024-10-27 02:30:00", "2024-10-27T00:30:00.000000Z"),
    ("the year 0 after the shift", "0001-01-01 00:00:00", U),
)


def instant_of(text: str, order: DateOrder = MDY, zone: str = "UTC") -> str:
    """Return the instant in the form of the tables above, or U."""
    moment = read_timestamp(text, order, zone)
    if moment is None:
        return U
    return f"{EPOCH + timedelta(microseconds=moment.micros):%Y-%m-%dT%H:%M:%S.%fZ}".rjust(27, "0")


@pytest.mark.parametrize(("title", "text", "instant"), FORMS)
def test_every_form_is_read_and_no_other(title: str, text: str, instant: str) -> None:
    moment = read_timestamp(text)
    assert instant_of(text) == instant, title
    assert moment is None or moment.is_date_only == (instant == MIDNIGHT or _is_date(text)), title


@pytest.mark.parametrize(("text", "dmy", "ymd"), ORDERED)
def test_slashes_dots_and_dashes_follow_the_date_order(text: str, dmy: str, ymd: str) -> None:
    assert (instant_of(text, DMY), instant_of(text, YMD)) == (dmy, ymd)


@pytest.mark.parametrize(("title", "text", "instant"), IN_BERLIN)
def test_a_time_without_a_zone_is_in_the_sources_timezone(title: str, text: str, instant: str) -> None:
    assert instant_of(text, zone="Europe/Berlin") == instant, title


@settings(max_examples=100, derandomize=True)
@given(seed=st.integers(0, 2**32))
@pytest.mark.parametrize(("order", "zone"), [(MDY, "UTC"), (DMY, "Europe/Berlin"), (YMD, "America/New_York")])
def test_any_text_is_read_as_the_forms_say(order: DateOrder, zone: str, seed: int) -> None:
    luck = random.Random(seed)
    texts = [_any_timestamp(luck) for _ in range(50)]
    moments = [read(text, order, zone) for text in texts]
    expected = [None if moment is None else (moment.micros, moment.is_date_only) for moment in moments]
    assert_same(texts, [read_timestamp(text, order, zone) for text in texts], expected)


def _is_date(text: str) -> bool:
    return ":" not in text and not text[:10].isdigit() and "T" not in text


def _any_timestamp(luck: random.Random) -> str:
    """Write a random instant in a random form with random options; some texts are then mutated."""
    moment = datetime(1900, 1, 1, tzinfo=UTC) + timedelta(
        microseconds=luck.randrange(200 * 365 * 86_400 * 10**6)
    )
    moment = moment.replace(
        day=luck.choice([moment.day, 1, 28]),
        month=luck.choice([moment.month, 2, 12]) if moment.day < 29 else moment.month,
    )
    clock = luck.choice(
        ["%H:%M", "%H:%M:%S", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S\u202f%p", "%I:%M%p"]
    )
    offset = luck.choice(["", "", "Z", " Z", "+05:30", "-0530", " +18:00", "+18:30", " UTC", "-03", "+5"])
    zone = luck.choice(["+0530", "-0800", "GMT", "UT", "EST", "PDT", "", "CET", "+1830", "+0000 (x)"])
    separator = luck.choice("/.-")
    forms = [
        f"%Y-%m-%d{luck.choice('T ')}{clock}{offset}",
        f"%Y-%m-%d{luck.choice('T ')}{clock}{offset}",
        "%Y-%m-%d",
        luck.choice(["%Y%m%d", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M"]),
        luck.choice(["%d-%b-%Y", f"%d-%b-%Y {clock}"]),
        luck.choice(["%b %d, %Y", f"%b %d, %Y {clock}"]),
        f"%a, %d %b %Y {clock} {zone}",
        f"%d %b %Y {clock} {zone}",
        separator.join(luck.choice([("%m", "%d", "%Y"), ("%d", "%m", "%Y"), ("%Y", "%m", "%d")]))
        + luck.choice(["", f" {clock}"]),
    ]
    text = moment.strftime(luck.choice(forms))
    if luck.random() < 0.1:
        text = luck.choice(
            [
                f"{luck.randrange(10**10):010}",
                f"{luck.randrange(10**13):013}",
                f"{luck.randrange(10**16):016}",
            ]
        )
        text += luck.choice(["", ".5", ".1234567", "."])
    text = luck.choice([text, text, text.upper(), text.lower(), text.replace("0", "", 1)])
    return mutated(text, luck) if luck.random() < 0.4 else text
