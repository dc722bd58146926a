"""What upstreams really send: for every column good values, values in odd dress, and near misses."""

from datetime import UTC, datetime, timedelta
from random import Random

AS_OF = datetime(2025, 1, 15, 12, tzinfo=UTC)
_START = datetime(2024, 1, 1, tzinfo=UTC)

NULLS = ["", " ", "null", "NULL", "n/a", "N/A", "#N/A", "undefined", "-", "--", "?", "\\N", "(null)", " - "]
NULLS += ["\u200b", "\ufeff-\u2060", "\u2060null\u00a0"]
MORE_NULLS = ["none", "NaN", "nil", "NA", "None", "nan"]  # but in country and name they are words


def _split(text: str) -> list[str]:
    return text.strip("\n").replace("\n", "|").split("|")


def null_word(rng: Random) -> str:
    return rng.choice(NULLS + MORE_NULLS)


# --- timestamps --------------------------------------------------------------------------------------------


def instant(rng: Random, column: str = "") -> datetime:
    """One of few, so that rows tie. Most deliveries come after every creation."""
    start = _START + timedelta(days=30) if column == "delivered_at" and rng.random() < 0.95 else _START
    micros = rng.choice([0, 0, 0, 123456, 1, 999999])
    return start + timedelta(days=rng.randrange(30), hours=rng.choice([0, 3, 23]), microseconds=micros)


_FORMS = [
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M:%S.%f999",
    "%Y-%m-%dT%H:%M:%S.5",
    "%Y-%m-%dT%H:%M:%S+05:30",
    "%Y-%m-%d %H:%M:%S -0800",
    "%Y-%m-%d %H:%M:%S+05",
    "%Y-%m-%dT%H:%M:%S+18:00",
    "%Y-%m-%dT%H:%M:%S-18:00",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%d %H:%M:%SUTC",
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y%m%dT%H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%d-%b-%Y",
    "%d-%b-%Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%b %d, %Y",
    "%b %d, %Y %H:%M",
    "%b %d, %Y %H:%M:%S",
    "%a, %d %b %Y %H:%M:%S +0000",
    "%a, %d %b %Y %H:%M -0330",
    "%d %b %Y %H:%M:%S +0000",
    "%m/%d/%Y",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m.%d.%Y",
    "%m.%d.%Y %H:%M:%S",
    "%m-%d-%Y",
    "%m-%d-%Y %H:%M",
    "%Y-%m-%d %-H:%M:%S.%f",
    "%Y-%m-%d %-H:%M +05:30",
    "%m/%d/%Y %-H:%M",
    "%-m-%-d-%Y %-H:%M:%S",
    "%d-%b-%Y %-H:%M",
    "%b %-d, %Y %-H:%M:%S",
    "%a, %-d %b %Y %-H:%M -0330",
    "%m/%d/%Y %-I:%M %p",
    "%-m/%-d/%Y %I:%M:%S%p",
    "%m.%d.%Y %-I:%M\u202f%p",
    "%m-%d-%Y %I:%M %p",
    "%d-%b-%Y %-I:%M:%S %p",
    "%b %d, %Y %-I:%M %p",
    "%Y-%m-%d %-I:%M:%S %p",
]


def timestamp(rng: Random, column: str = "") -> str:
    at = instant(rng, column)
    match rng.randrange(12):
        case 0:
            return str(int(at.timestamp()))
        case 1:
            return str(int(at.timestamp() * 1000))
        case 2:
            return str(int(at.timestamp()) * 10**6 + at.microsecond)
        case 3:
            return f"{int(at.timestamp())}.{at.microsecond:06}"
        case 4:
            return f"{int(at.timestamp() * 1000)}.{rng.choice(['5', '4567', '9999'])}"
        case 5:
            return f"{at.month}/{at.day}/{at.year}"
        case 6:
            forms = ["%d-%b-%Y", "%b %d, %Y", "%a, %d %b %Y %H:%M:%S +0100", "%m/%d/%Y %-I:%M %p"]
            text = at.strftime(rng.choice(forms))
            return rng.choice([text.upper(), text.lower()])
        case 7:
            return f"{at:%b} {at.day}, {at.year}"
        case _:
            return at.strftime(rng.choice(_FORMS))


NEARLY_TIMESTAMPS = _split(
    """
2024-02-30|2023-02-29|2024-13-01|2024-1-02|2024-01-1|24-01-01|2024-01-01T10|2024-01-01T24:00:00
2024-01-01T23:59:60|2024-01-01T10:00:00,5|2024-01-01t10:00:00|2024-01-01T10:00:00z
2024-01-01T10:00:00 Z|2024-01-01T10:00:00+18:01|2024-01-01T10:00:00+19:00
2024-01-01T10:00:00+05:60|2024-01-01T10:00:00.|2024-01-01T10:00:00.1234567890|2024-01-01  10:00:00
2024-01-01T10:00:00  +01:00|2024-01-01T10:00:00+5:30|2024-01-01T10:00:00+5|2024-01-01T10:00:00 utc
2024-01-01T10:00:00[Europe/Paris]|2024-01-01T9:00:00|2024-01-01T10:0|2024-01-01T10:00.5|2024-W01-1
2024-001|2024001|12024-01-01|20240132|20241301|20240101T1000|20240101T250000|20240101100000|170416464
17041646450|-1704164645|+1704164645|1.704164645e9|1704164645.|25/12/2024|2024/01/02|1/2.2024|1/2/24
02/30/2024|13/01/2024|1/2/2024 0:26 AM
1/2/2024 8:26 A.M.|1/2/2024 8:26  PM|1/2/2024 8 PM|1/2/2024 8:26:00.5 PM|1-2/2024
1/2/2024 13:00 PM|1-2-24|1/2/2024Z|31-Feb-2024|31-Foo-2024
1-January-2024|Feb 30, 2024|January 1, 2024|Jan 1 2024|Jan 1,2024|02-Jan-24
Wed, 02 Jan 2024 03:04:05 +0000|Tue 02 Jan 2024 03:04:05 +0000|Tue, 02 Jan 24 03:04:05 +0000|yesterday
now|10:00:00|\u0662\u0660\u0662\u0664-01-01|2024\u201301\u201301|2024-01-01T10:61:00|0|true
"""
)

IMPOSSIBLE_TIMESTAMPS = [
    "1999-12-31T23:59:59.999999Z",
    "1970-01-01",
    "0000000000",
    "1/1/1970",
    "2999-01-01T00:00:00Z",
    "9999-12-31",
    "2025-01-16T12:00:00.000001Z",
    "9999999999",
    "0001-01-01",
]
EDGE_TIMESTAMPS = ["2000-01-01", "2025-01-16T12:00:00Z", "2025-01-16T12:00:00.0000009Z", "2024-02-29"]


# --- numbers -----------------------------------------------------------------------------------------------


def _in_groups(whole: int, by: str) -> str:
    return f"{whole:,}".replace(",", by)


def _in_indian_groups(whole: int) -> str:
    """5,29,550"""
    text, last = divmod(whole, 1000)
    groups = [f"{last:03}"] if text else [str(last)]
    while text:
        text, group = divmod(text, 100)
        groups.insert(0, f"{group:02}" if text else str(group))
    return ",".join(groups)


def number(rng: Random, *, is_grouped: bool = True) -> str:
    """A number in one of its many forms. `is_grouped`: also grouped by other marks than the comma."""
    whole = rng.choice([0, 5, 7, 12, 99, 100, 999, 1000, 1234, 45678, 529550, 1234567])
    plain = f"{whole}.{rng.choice(['5', '50', '99', '12345', '00005', '00004', '1', '0'])}"
    grouped = f"{whole:,}.{rng.randrange(100):02}"
    if is_grouped and rng.random() < 0.2:
        marks = [" ", "\u00a0", "\u202f", "'", "\u2019"]
        grouped = rng.choice([*(_in_groups(whole, mark) for mark in marks), _in_indian_groups(whole)])
        grouped = rng.choice([grouped, f"{grouped}.50"])
        return rng.choice([grouped, f"${grouped}", f"USD {grouped}", f"{grouped} EUR", f"{grouped}\u20ac"])
    forms = [
        str(whole),
        plain,
        grouped,
        f"{whole:,}",
        f"{whole}.",
        ".5",
        ".00005",
        "1e2",
        "1.5E+1",
        "25e-1",
        "5.e1",
        f"+{plain}",
        f"00{whole}",
        f"${plain}",
        f"$ {grouped}",
        f"+${whole}",
        f"$+{whole}",
        f"€{grouped}",
        f"{grouped}€",
        f"{grouped} €",
        f"USD {plain}",
        f"USD{plain}",
        f"{plain} EUR",
        f"{plain}EUR",
        f"\u20b9{whole}",
        f"{whole} \u20bd",
        f" {plain}\u00a0",
        f"\u3000{whole}\t",
    ]
    return rng.choice(forms)


def negative(rng: Random) -> str:
    return rng.choice(
        _split(
            "-5|-$5.25|$-5.25|(12.50)|($12.50)|(12.50 EUR)|(EUR 12.50)|-1,234.5|-5 EUR|-0.00005|-0.00015|-.5"
        )
        + _split("(1e2)|-$ 5|$ -5|EUR-5")
    )


NEARLY_NUMBERS = _split(
    """
12,50|1.234,56|abc|1,23|12,345,6|0,123|1,2345|--5|+-5|(-5)|-(5)|$(5)|-$-5|$5\u20ac|USD 5 USD|usd 5
Usd5|ZZZ 5|5-|- 5|+ 5|5  EUR|$  5|1e|e5|1.2.3|.|,|(|()|$|EUR|\u0663|\uff11\uff12|0x1F|1_000|50%|1e400
-1e400|1,,000|,100|1,000,|5 5|( 5 )|5 EUR -|\u221215|1e2.5|1d|5f|12.5.|++5|1/2|five|1,234,56.7|01,234|0b1
1 23|0 123|1 234,5|1,234 567|1'23|'123|52,9,550|05,29,550|5,29,55|12,34|1\u2009234|1 234 56|1'234,567
1e+|100 dollars|$\u00a5|\u00bd|true|{}
"""
)
BEYOND_DECIMAL = [
    "100000000000000",
    "99999999999999.99995",
    "1e14",
    "-1e20",
    "123456789012345678901234567890",
]
EDGE_DECIMALS = ["99999999999999.9999", "99999999999999.99994", "1e-400", "0", "-0", "0.00", "1e13", "0e99"]
NOT_FINITE = ["Infinity", "-Infinity", "inf", "-inf", "INF", "+Infinity"]


def age(rng: Random) -> str:
    whole = rng.choice([0, 1, 18, 34, 65, 120])
    return rng.choice(
        [str(whole), str(whole), f"{whole}.0", f" {whole} ", f"+{whole}", f"0{whole}", "3.4e1", "34."]
    )


NEARLY_AGES = [
    "34.7",
    "abc",
    "3 4",
    "2147483648",
    "-2147483649",
    "1e10",
    "thirty",
    "34,0",
    "3.45e1",
    "1e-1",
    "34y",
]
IMPOSSIBLE_AGES = ["-1", "121", "999", "2147483647", "-2147483648", "(5)"]


# --- strings -----------------------------------------------------------------------------------------------

_WORDS = [
    "Ann",
    "Jose\u0301",
    "Jos\u00e9",
    "\u00a0Li\u3000",
    "O'Brien",
    "A\u0001B\u007fC",
    "x\u0085y",
    'say "hi"',
    "a, b; c | d",
    "tab\there",
    "two\nlines",
    "cr\r\nlf",
    "\u2003em\u2028",
    "NULL Island",
    "\U0001f600 ok",
    "<script>alert(1)</script>",
    "back\\slash \\n",
    "A\u030angstro\u0308m",
    "=1+1",
    "%20 #",
    "\u0130\u015f \u00df \u01c5",
    "\ud55c\uad6d",
    "\u1112\u1161\u11ab",
    "12",
    "1.10",
    "true",
    "{}",
    "'quoted'",
    "N.A.",
    "null null",
    "- -",
    "zero\u200bwidth",
    "\u200bedges\u2060",
    "\ufeffmark",
]


def word(rng: Random) -> str:
    return rng.choice(_WORDS)


def email(rng: Random) -> str:
    good = ["a@b.co", "Ann@Example.COM", " x.y+z@mail.example.org ", "u\u0308@ex.de", "a@b.c.d", "x@y..z"]
    return rng.choice(
        good * 4 + ["a@b", "a b@c.d", "a@@b.c", "@b.c", "a@.c", "a@b.", "plain", "a@b@c.d", "a@b .c"]
    )


def status(rng: Random) -> str:
    good = [
        "paid",
        "PENDING",
        " Shipped ",
        "delivered",
        "Delivered",
        "canceled",
        "Cancelled",
        "RETURNED",
        "refunded",
    ]
    return rng.choice([*good * 3, "failed", "lost", "CANCELED", "paid!"])


def country(rng: Random) -> str:
    return rng.choice(
        ["us", "US", "De", " fr ", "usa", "NA", "na", "None", "nil", "u1", "Germany", "nan", "uk"]
    )


_MANGLED = ["1.23457E+15", '="000123"', "'00124", "'a"]


def identifier(rng: Random, prefix: str, count: int) -> str:
    """A key; some as a spreadsheet leaves them, some with characters that nobody sees."""
    i = rng.randrange(count)
    if rng.random() < 0.02:
        return rng.choice(_MANGLED)
    if rng.random() < 0.04:
        return rng.choice(["{}\u200b{}", "\u00ad{}{}", "{}{}\u200d", "{}\u2060{} "]).format(prefix, i)
    return f"{1000 + i}" if i % 4 == 0 else f"{prefix}{i}"


def good(rng: Random, column: str, type_: str) -> str:
    """A value that breaks no error rule."""
    match column:
        case "event_id":
            return identifier(rng, "e", 400)
        case "tx_id":
            return identifier(rng, "t", 400)
        case "user_id":
            return identifier(rng, "u", 24)
        case "email":
            return email(rng)
        case "status":
            return status(rng)
        case "country":
            return country(rng)
        case "age":
            return age(rng)
        case "temperature":
            return rng.choice([number(rng), negative(rng), "1e308", "1e-400", "0.1", "36.6"])
        case "price":
            return rng.choice([number(rng)] * 5 + [negative(rng), *EDGE_DECIMALS[:2]])
    if type_ == "timestamp":
        return timestamp(rng, column) if rng.random() < 0.98 else rng.choice(EDGE_TIMESTAMPS)
    if type_ == "decimal":
        return number(rng) if rng.random() < 0.95 else rng.choice(EDGE_DECIMALS)
    return word(rng) if rng.random() < 0.99 else rng.choice(["\u00e9" * 2048, "x" * 4096])


def bad(rng: Random, column: str, type_: str) -> str:
    """A near miss, or a value that cannot be true; for a string, a null word or too long a text."""
    if column == "age":
        return rng.choice(NEARLY_AGES + IMPOSSIBLE_AGES)
    if type_ == "timestamp":
        return rng.choice(NEARLY_TIMESTAMPS * 2 + IMPOSSIBLE_TIMESTAMPS * 4)
    if type_ == "decimal":
        return rng.choice([*NEARLY_NUMBERS, *BEYOND_DECIMAL, negative(rng), *NOT_FINITE])
    if type_ == "double":
        return rng.choice(NEARLY_NUMBERS + NOT_FINITE)
    if rng.random() < 0.3:
        return "\u00e9" * 32_768 if column == "message" else rng.choice(["\u00e9" * 2049, "x" * 4097])
    return null_word(rng)
