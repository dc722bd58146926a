"""Java's datetime patterns read what Java reads, strictly, and are refused where they cannot (spec 4.0)."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import functions as sf

from contracts.errors import ContractError
from contracts.model import Column, Contract, DataType, Kind, Source, Zone
from tests.transforms.bronze_to_silver.evaluated import assert_same, mutated
from transforms.bronze_to_silver.java_patterns import PatternError, check_formats, java_pattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
U = "uncastable"

READINGS: tuple[tuple[str, str, str], ...] = (
    # pattern, text, the instant or the date alone, or U
    ("dd.MM.yyyy", "31.01.2024", "2024-01-31"),
    ("dd.MM.yyyy", "1.01.2024", U),
    ("dd.MM.yyyy", "31.01.24", U),
    ("dd.MM.yyyy", "31.01.02024", U),
    ("dd.MM.yyyy", "30.02.2024", U),
    ("dd.MM.yyyy", "31.01.0000", U),
    ("dd.MM.yyyy", "31.01.2024 ", U),
    ("d.M.yyyy", "5.1.2024", "2024-01-05"),
    ("d.M.yyyy", "05.01.2024", "2024-01-05"),
    ("d.M.yy", "5.1.24", "2024-01-05"),
    ("d.M.y", "5.1.2024", "2024-01-05"),
    ("uuuu-MM-dd", "2024-01-31", "2024-01-31"),
    ("dd.MM.yyyy[ HH:mm[:ss]]", "31.01.2024", "2024-01-31"),
    ("dd.MM.yyyy[ HH:mm[:ss]]", "31.01.2024 10:20", "2024-01-31T10:20:00"),
    ("dd.MM.yyyy[ HH:mm[:ss]]", "31.01.2024 10:20:30", "2024-01-31T10:20:30"),
    ("dd.MM.yyyy[ HH:mm[:ss]]", "31.01.2024 10", U),
    ("dd.MM.yyyy[ HH:mm", "31.01.2024 10:20", "2024-01-31T10:20:00"),
    ("yyyy-MM-dd HH", "2024-01-31 10", "2024-01-31T10:00:00"),
    ("yyyy-MM-dd HH:mm", "2024-01-31 24:00", U),
    ("yyyy-MM-dd kk:mm", "2024-01-31 24:00", "2024-01-31T00:00:00"),
    ("yyyy-MM-dd HH:mm:ss", "2024-01-31 10:20:60", U),
    ("M/d/yy h:mm a", "1/5/24 12:05 AM", "2024-01-05T00:05:00"),
    ("M/d/yy h:mm a", "1/5/24 1:05 pm", "2024-01-05T13:05:00"),
    ("M/d/yy h:mm a", "1/5/24 13:05 PM", U),
    ("M/d/yy K:mm a", "1/5/24 0:05 PM", "2024-01-05T12:05:00"),
    ("M/d/yy K:mm a", "1/5/24 12:05 PM", U),
    ("M/d/yy HH:mm a", "1/5/24 13:05 PM", "2024-01-05T13:05:00"),
    ("M/d/yy HH:mm a", "1/5/24 13:05 AM", U),
    ("yyyyMMddHHmmss", "20240131102030", "2024-01-31T10:20:30"),
    ("yyyyMMddHHmmssSSS", "20240131102030123", "2024-01-31T10:20:30.123000"),
    ("yyyyMMdd Hmm", "20240131 920", "2024-01-31T09:20:00"),
    ("yyyyMMdd Hmm", "20240131 0920", "2024-01-31T09:20:00"),
    ("HH:mm:ss.SSSSSSSSS dd/MM/yyyy", "10:20:30.123456999 31/01/2024", "2024-01-31T10:20:30.123456"),
    ("yyyy-MM-dd HH:mm:ss n", "2024-01-31 10:20:30 123456999", "2024-01-31T10:20:30.123456"),
    ("d MMM yyyy", "5 jan 2024", "2024-01-05"),
    ("d MMM yyyy", "5 January 2024", U),
    ("d MMMM yyyy", "5 January 2024", "2024-01-05"),
    ("d LLLL yyyy", "5 MAY 2024", "2024-05-05"),
    ("d MMM yyyy", "5 \u017fep 2024", U),
    ("EEE, d MMM yyyy", "Wed, 31 Jan 2024", "2024-01-31"),
    ("EEE, d MMM yyyy", "Tue, 31 Jan 2024", U),
    ("EEEE, d MMM yyyy", "wednesday, 31 Jan 2024", "2024-01-31"),
    ("yyyy-MM-dd'T'HH:mmX", "2024-01-31T15:50+0530", "2024-01-31T10:20:00"),
    ("yyyy-MM-dd'T'HH:mmX", "2024-01-31T15:20+05", "2024-01-31T10:20:00"),
    ("yyyy-MM-dd'T'HH:mmX", "2024-01-31T10:20Z", "2024-01-31T10:20:00"),
    ("yyyy-MM-dd'T'HH:mmX", "2024-01-31t10:20Z", U),
    ("yyyy-MM-dd'T'HH:mmX", "2024-01-31T10:20z", U),
    ("yyyy-MM-dd'T'HH:mmXXX", "2024-01-31T15:50+0530", U),
    ("yyyy-MM-dd'T'HH:mmxx", "2024-01-31T10:20Z", U),
    ("yyyy-MM-dd'T'HH:mmZ", "2024-01-31T05:20-0500", "2024-01-31T10:20:00"),
    ("yyyy-MM-dd'T'HH:mmZ", "2024-01-31T10:20+1801", U),
    ("yyyy-MM-dd HH:mm VV", "2024-07-31 12:20 Europe/Berlin", "2024-07-31T10:20:00"),
    ("yyyy-MM-dd HH:mm VV", "2024-07-31 12:20 Europe/Nowhere", U),
    ("yyyy-MM-dd HH:mm VV", "2024-07-31 12:20 localtime", U),
    ("yyyy-MM-dd HH:mm VV", "2024-07-31 12:20 +02:00", "2024-07-31T10:20:00"),
    ("EEE MMM d HH:mm:ss z yyyy", "Wed Jan 31 02:20:30 PST 2024", "2024-01-31T10:20:30"),
    ("yyyy-MM-dd'T'HH:mmXXX'['VV']'", "2024-10-27T02:30+01:00[Europe/Berlin]", "2024-10-27T01:30:00"),
    ("yyyy-MM-dd'T'HH:mmXXX'['VV']'", "2024-10-27T02:30+02:00[Europe/Berlin]", "2024-10-27T00:30:00"),
    ("yyyy-MM-dd'T'HH:mmXXX'['VV']'", "2024-10-27T02:30+03:00[Europe/Berlin]", U),
    ("[yyyy-MM-dd][dd/MM/yyyy]", "31/01/2024", "2024-01-31"),
    ("[yyyy-MM-dd][dd/MM/yyyy]", "2024-01-31", "2024-01-31"),
    ("yyyy-MM-dd[ (dd)]", "2024-01-31 (31)", "2024-01-31"),
    ("yyyy-MM-dd[ (dd)]", "2024-01-31 (30)", U),
    ("yyyy[-MM-dd]", "2024", U),
    ("yyyy-MM-dd[ X][ HH]", "2024-01-31 Z", U),
    ("yyyy年M月d日", "2024年1月5日", "2024-01-05"),
    ("yyyy-MM-dd HH 'o''clock'", "2024-01-31 10 o'clock", "2024-01-31T10:00:00"),
    ("yyyy-MM-dd ''HH''", "2024-01-31 '10'", "2024-01-31T10:00:00"),
    ("dd.MM.yyyy", "31x01.2024", U),
    ("dd.MM.yyyy", "٣١.01.2024", U),
)

REFUSED = (
    # pattern, a part of the message
    ("yyyy-MM", "no day"),
    ("dd/mm/yyyy", "no month"),
    ("MM-dd", "no year"),
    ("", "no year"),
    ("yyyy-MM-dd hh:mm", "h without a"),
    ("yyyy-MM-dd a", "a without H or k or K or h"),
    ("yyyy-MM-dd mm:ss", "m without"),
    ("yyyy-MM-dd HH.SSS", "S without s"),
    ("yyyy-MM-ddXXX", "X without"),
    ("YYYY-MM-dd", "letter Y"),
    ("yyyy-DDD", "letter D"),
    ("DD/MM/YYYY", "letter D"),
    ("yyyy-MM-dd HHH", "HHH"),
    ("yyyyy-MM-dd", "yyyyy"),
    ("yyyy-MMMMM-dd", "MMMMM"),
    ("yyyy-MM-dd HH:mm XXXXX", "XXXXX"),
    ("yyyy-MM-dd HH:mm zzzz", "zzzz"),
    ("yyyy-MM-dd HH:mm V", "V in the pattern"),
    ("yyyy-MM-dd HH:mm:ss SSSSSSSSSS", "SSSSSSSSSS"),
    ("dMyyyy", "ambiguous"),
    ("yyyyMd", "ambiguous"),
    ("yyyyMMddHmm", "ambiguous"),
    ("yyyy-MM-dd'T", "apostrophe"),
    ("yyyy-MM-dd]", "without a ["),
    ("yyyy-MM-dd {HH}", "reserved"),
)

# Spark reads neither weekdays nor nanoseconds, and fractions of any length.
IN_SPARK = (
    "dd.MM.yyyy", "d.M.yyyy", "M/d/yy", "yyyyMMdd", "yyyyMMddHHmmss", "ddMMyyyy HHmm",
    "yyyy-MM-dd HH:mm:ss", "dd/MM/yyyy[ HH:mm[:ss]]", "M/d/yyyy h:mm a", "d MMM yyyy HH:mm", "MMMM d, yyyy",
    "yyyy-MM-dd kk:mm", "d.M.yyyy KK:mm a", "yyyyMMdd Hmm", "HH:mm dd MMM, yyyy",
    "[yyyy-MM-dd][dd.MM.yyyy]",
)  # fmt: skip
IN_JAVA = (
    *IN_SPARK, "yyyyMMddHHmmssSSS", "yyyy/MM/dd HH:mm:ss.SSSSSS",
    "yyyy-MM-dd'T'HH:mm:ssX", "yyyy-MM-dd'T'HH:mm:ss.SSSXX", "yyyy-MM-dd HH:mmXXX", "yyyy-MM-dd HH:mm:ss Z",
    "yyyy-MM-dd HH:mm xxx", "EEE, d MMM yyyy HH:mm:ss Z", "EEEE, MMMM d, yyyy", "yyyy-MM-dd HH:mm:ss n",
    "uuuu-MM-dd HH:mm VV", "d LLL y", "yyyy年M月d日 HH'時'", "yyyy-MM-dd HH 'o''clock'", "dd/MM/uu H:m:s",
    "yyyy-MM-dd'T'HH:mm:ss[.SSS][X]",
)  # fmt: skip


def instant_of(pattern: str, text: str, zone: str = "UTC") -> str:
    moment = java_pattern(pattern).read(text, zone)
    if moment is None:
        return U
    instant = (EPOCH + timedelta(microseconds=moment.micros)).replace(tzinfo=None)
    return instant.date().isoformat() if moment.is_date_only else instant.isoformat()


@pytest.mark.parametrize(("pattern", "text", "instant"), READINGS)
def test_a_pattern_reads_its_own_texts_and_no_others(pattern: str, text: str, instant: str) -> None:
    assert instant_of(pattern, text) == instant


def test_a_time_without_a_zone_is_in_the_sources_timezone_and_a_date_is_midnight_utc() -> None:
    pattern = "dd.MM.yyyy[ HH:mm[ X]]"
    assert instant_of(pattern, "31.01.2024 11:20", "Europe/Berlin") == "2024-01-31T10:20:00"
    assert instant_of(pattern, "31.03.2024 02:30", "Europe/Berlin") == "2024-03-31T01:30:00"
    assert instant_of(pattern, "31.01.2024 10:20 Z", "Europe/Berlin") == "2024-01-31T10:20:00"
    assert instant_of(pattern, "31.01.2024", "Europe/Berlin") == "2024-01-31"


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_a_pattern_that_names_no_instant_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(PatternError, match=message.replace("[", r"\[")):
        java_pattern(pattern)


@pytest.mark.parametrize(("column", "message"), [("at", "no month"), ("name", "timestamps")])
def test_formats_that_cannot_be_read_by_are_refused_with_their_place(column: str, message: str) -> None:
    columns = (Column("at", DataType(Kind.TIMESTAMP)), Column("name", DataType(Kind.STRING)))
    source = Source("shop", "**", formats={column: ("dd.mm.yyyy",)})
    contract = Contract("events", Zone.SILVER, "1.0.0", "", "", "", columns, (), sources=(source,))
    with pytest.raises(ContractError, match=f"contract events, source shop, column {column}.*{message}"):
        check_formats(contract)


def test_patterns_read_what_java_reads(spark: SparkSession) -> None:
    luck = random.Random(7)
    for pattern in IN_JAVA:
        write, read, read_any_case = (
            _java(spark, pattern, is_case_sensitive=case) for case in (None, True, False)
        )
        texts = [write(_any_instant(luck)) for _ in range(5)]
        for text in (*texts, *(mutated(text, luck) for text in texts * 3)):
            found = java_pattern(pattern).read(text, "Europe/Berlin")
            ours = None if found is None else (found.micros, found.is_date_only)
            if ours != read_any_case(text):
                # Names and AM are taken in any case, literals are not: Java takes all in any case, or none.
                assert ours is None, f"{text!r} as {pattern!r}"
                assert read(text) is None, f"{text!r} as {pattern!r}"


def test_patterns_read_what_spark_reads(spark: SparkSession) -> None:
    luck = random.Random(7)
    writers = {pattern: _java(spark, pattern, is_case_sensitive=None) for pattern in IN_SPARK}
    rows = []
    for pattern in IN_SPARK:
        texts = [writers[pattern](_any_instant(luck)) for _ in range(10)]
        rows += [(pattern, text) for text in (*texts, *(mutated(text, luck) for text in texts * 8))]
    frame = spark.createDataFrame(
        [(n, *row) for n, row in enumerate(rows)], "n int, pattern string, text string"
    )
    micros = sf.unix_micros(sf.try_to_timestamp("text", "pattern"))
    in_spark = [row[1] for row in frame.select("n", micros).orderBy("n").collect()]
    found = [java_pattern(pattern).read(text, "UTC") for pattern, text in rows]
    assert sum(moment is not None for moment in found) > len(rows) // 10
    ours = [None if moment is None else moment.micros for moment in found]
    assert_same([f"{text} as {pattern}" for pattern, text in rows], ours, in_spark)


def _any_instant(luck: random.Random) -> str:
    """Return a time of this century, for which each pattern writes what it reads back."""
    instant = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=luck.randrange(99 * 365 * 86_400))
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _java(spark: SparkSession, pattern: str, *, is_case_sensitive: bool | None) -> Callable[[str], Any]:
    """Return what writes an instant by Java's formatter (case None), or reads a text: micros, or None."""
    java: Any = spark
    time = java._jvm.java.time
    builder = time.format.DateTimeFormatterBuilder()
    if is_case_sensitive is False:
        builder = builder.parseCaseInsensitive()
    # Strictly, Java knows no year without an era but the proleptic one, which is the letter u.
    builder = builder.appendPattern(pattern.replace("y", "u"))
    formatter = builder.toFormatter(java._jvm.java.util.Locale.ENGLISH).withResolverStyle(
        time.format.ResolverStyle.STRICT
    )
    berlin = time.ZoneId.of("Europe/Berlin")
    if is_case_sensitive is None:
        return lambda instant: formatter.format(time.ZonedDateTime.parse(instant).withZoneSameInstant(berlin))
    queries = time.temporal.TemporalQueries

    def read(text: str) -> tuple[int, bool] | None:
        try:
            parsed = formatter.parse(text)
            date, clock = parsed.query(queries.localDate()), parsed.query(queries.localTime())
            if date is None:
                return None
            zone = time.ZoneOffset.UTC if clock is None else (parsed.query(queries.zone()) or berlin)
            moment = time.ZonedDateTime.of(date, clock or time.LocalTime.MIDNIGHT, zone)
        except (Py4JJavaError, PySparkException):
            return None
        if not 1 <= moment.getYear() <= 9999:
            return None
        return moment.toEpochSecond() * 1_000_000 + moment.getNano() // 1000, clock is None

    return read
