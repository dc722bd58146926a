"""Feeds that need a source: other delimiters, quotes, encodings, marks, zones, and computed columns."""

import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.mess_feeds import Feed, Write, answers, line_of, payments, shop_export, spreadsheet, unload
from tests.oracle.mess_values import (
    NEARLY_NUMBERS,
    NEARLY_TIMESTAMPS,
    email,
    instant,
    null_word,
    number,
    word,
)
from tests.oracle.records import Cell
from tests.oracle.sources import Computed, Source, Sources
from tests.oracle.spark_sql import (
    cast_to_decimal,
    cast_to_int,
    concat,
    concat_ws,
    date_cell,
    moment_cell,
    number_cell,
    product,
    sha2,
    text_cell,
    timestamp_seconds,
)

_SWAPPED = str.maketrans(",.", ".,")
# Around the days on which Berlin, New York and Kolkata (which has none) change their clocks.
_NAIVE = """
2024-03-31 01:59:59|2024-03-31 02:00|2024-03-31T02:30:00|2024-03-31 03:00:00|2024-10-27 02:30|2024-10-27T03:00
2024-03-10 02:30:00|2024-11-03 01:30:00|2024-07-01 12:00:00.123456|2024-01-15|20240115T101112|20240115
15-Jan-2024 10:11|Jan 15, 2024 10:11:12|1710000000|1710000000123|2024-07-01T12:00:00Z|2024-07-01 12:00 +0300
""".strip().replace("\n", "|")  # fmt: skip


def make_sourced_mess(raw: Path, rng: Random, files: int = 3) -> Sources:
    """Writes files for every source below, and returns the sources."""
    sources: dict[str, list[Source]] = {}
    for dataset, feeds in _FEEDS.items():
        for feed in feeds:
            source, extension, write = feed(rng)
            sources.setdefault(dataset, []).append(source)
            folder = source.glob.split("/")[0]
            for number_ in range(files):
                inner = rng.choice(["", "", "deep er/"]) if "**" in source.glob else ""
                path = raw / dataset / folder / f"{inner}part-{number_}.{extension}"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(write(rng, rng.choice([1, 5, 12])))
    return sources


MakeRow = Callable[[Random], list[str | None]]


# --- values ------------------------------------------------------------------------------------------------


def _naive_time(rng: Random, order: str) -> str:
    if rng.random() < 0.06:
        return rng.choice(NEARLY_TIMESTAMPS)
    if rng.random() < 0.5:
        return rng.choice(_NAIVE.split("|"))
    at = instant(rng)
    parts = {"M": str(at.month), "D": str(at.day), "Y": str(at.year)}
    text = rng.choice("/." if order == "YMD" else "/.-").join(parts[part] for part in order)
    return text + rng.choice(["", f" {at:%H:%M}", f" {at:%-H:%M:%S}", f" {at:%-I:%M %p}"])


def _amount(rng: Random, mark: str) -> str:
    text = rng.choice(NEARLY_NUMBERS) if rng.random() < 0.06 else number(rng, is_grouped=mark == ".")
    return text.translate(_SWAPPED) if mark == "," and rng.random() < 0.95 else text


def _either(rng: Random, value: str | None, share: float = 0.1) -> str | None:
    return rng.choice([None, null_word(rng)]) if rng.random() < share else value


def _key(rng: Random, prefix: str) -> str:
    return f"{prefix}{rng.randrange(40)}"


def _status(order: str | None) -> Cell:
    """`CASE WHEN … LIKE 'C%' THEN 'Canceled' ELSE 'PAID' END`"""
    return Cell("Canceled" if order is not None and order.startswith("C") else "PAID")


def _product(quantity: str | None, price: str | None) -> Cell | None:
    """`CAST(qty AS INT) * CAST(price AS DECIMAL(10,3))`"""
    times = cast_to_int(quantity)
    return (
        None if times is None else number_cell(product(times, cast_to_decimal(price, 3)))
    )  # as Spark: lazily


def _day(text: str | None) -> Cell | None:
    """`to_date(…, 'yyyy-MM-dd')`"""
    return None if text is None else date_cell(date.fromisoformat(text))


def _second(text: str | None) -> Cell | None:
    """`timestamp_seconds(CAST(… AS BIGINT))`"""
    return moment_cell(timestamp_seconds(cast_to_int(text)))


def _digest(*texts: str | None) -> Cell | None:
    """`sha2(concat_ws('|', …), 256)`"""
    return text_cell(sha2(concat_ws("|", *texts)))


def _words(*texts: str | None) -> Cell | None:
    """`concat_ws(' ', …)`"""
    return text_cell(concat_ws(" ", *texts))


def _years(born: str | None) -> Cell | None:
    """`2024 - CAST(… AS INT)`"""
    year = cast_to_int(born)
    return None if year is None else number_cell(2024 - year)


# --- how feeds are written ---------------------------------------------------------------------------------


def _delimited(
    source: Source, names: list[str] | None, make_row: Callable[[Random], list[str | None]]
) -> Write:
    def write(rng: Random, count: int) -> bytes:
        end = rng.choice(["\n", "\r\n"])
        rows = [line_of(rng, source, [v or "" for v in make_row(rng)]) for _ in range(count)]
        if rng.random() < 0.3:
            rows.insert(rng.randrange(len(rows) + 1), source.quote + "never" + source.quote + " closed well")
        header = [] if names is None else [line_of(rng, source, list(names))]
        return (end.join([*header, *rows]) + end).encode(source.encoding or "utf-8", errors="ignore")

    return write


def _json_lines(make_row: Callable[[Random], dict[str, object]]) -> Write:
    def write(rng: Random, count: int) -> bytes:
        return "".join(json.dumps(make_row(rng), ensure_ascii=False) + "\n" for _ in range(count)).encode()

    return write


# --- transactions ------------------------------------------------------------------------------------------


def _shop(rng: Random) -> Feed:
    source = Source(
        "shop/**",
        columns={"tx_id": "Order No.", "amount": "Betrag (brutto)", "created_at": "when"},
        computed={
            "user_id": Computed("concat(_source_file, '-', Kunde)", ("_source_file", "Kunde"),
                                lambda file, one: text_cell(concat(file, "-", one))),
            "status": Computed("CASE WHEN `Order No.` LIKE 'C%' THEN 'Canceled' ELSE 'PAID' END",
                               ("Order No.",), _status),
            "delivered_at": Computed("to_date(`Tag`, 'yyyy-MM-dd')", ("Tag",), _day),
        },
        encoding=rng.choice(["cp1252", "iso-8859-15", "utf-16-le", "cp1251"]),
        delimiter=rng.choice([";", None, "^"]),
        quote="'",
        decimal_mark=",",
        date_order="DMY",
        timezone="Europe/Berlin",
    )  # fmt: skip
    names = ["Order No.", "Kunde", "Betrag (brutto)", "when", "Tag", "E-Mail", "amount", "Größe"]

    def row(rng: Random) -> list[str | None]:
        days = ["2024-12-01", "2024-12-24", "2024-12-24", "2024-02-30", "soon"]
        return [
            _key(rng, rng.choice("CT")),
            _key(rng, "k") if rng.random() < 0.9 else "-",
            _amount(rng, ","),
            _naive_time(rng, "DMY"),
            rng.choice(days[:3]) if rng.random() < 0.9 else rng.choice(days),
            _either(rng, email(rng)),
            _either(rng, "17"),
            _either(rng, word(rng)),
        ]

    return source, "csv", _delimited(source, names, row)


def _flat(rng: Random) -> Feed:
    order = rng.choice(["YMD", "DMY"])
    source = Source("flat/*.txt", header=False, delimiter="|", date_order=order, timezone="America/New_York")

    def row(rng: Random) -> list[str | None]:
        return [
            _key(rng, "f"),
            _key(rng, "u"),
            _amount(rng, "."),
            _either(rng, rng.choice(["paid", "shipped"])),
            _naive_time(rng, order),
            None,
            _either(rng, email(rng)),
            _either(rng, word(rng)),
            _either(rng, str(rng.randrange(18, 80))),
        ]

    return source, "txt", _delimited(source, None, row)


def _api(rng: Random) -> Feed:
    source = Source(
        "api/**.jsonl",
        columns={"user_id": "customer.id", "name": "customer.name.full", "created_at": "at"},
        computed={
            "amount": Computed("CAST(qty AS INT) * CAST(price AS DECIMAL(10,3))", ("qty", "price"), _product)
        },
        timezone="Asia/Kolkata",
    )

    def row(rng: Random) -> dict[str, object]:
        quantities: list[object] = [1, "2", " 3 ", "+4", None, "-5", "many", 7.5]
        prices: list[object] = [9.99, "0.0005", "12.3456", 10, "5.", ".5", None, "cheap"]
        is_odd = rng.random() < 0.15
        found: dict[str, object] = {
            "orderId": _key(rng, "a"),
            "customer": {"id": rng.choice(["u1", 17, "n/a", 1.50]), "name": {"full": word(rng)}},
            "qty": rng.choice(quantities if is_odd else quantities[:4]),
            "price": rng.choice(prices if is_odd else prices[:4]),
            "at": rng.choice([_naive_time(rng, "MDY"), 1710000000, 1710000000.5]),
        }
        if is_odd:
            del found[rng.choice([*found])]
        if is_odd and rng.random() < 0.3:
            found["customer"] = rng.choice(["flat", 5, ["u1"], None, {"name": "short"}])
        return found

    return source, "jsonl", _json_lines(row)


def _table(rng: Random) -> Feed:
    source = Source(
        "pq/**",
        columns={"tx_id": "Order", "delivered_at": "dd", "amount": "eur"},
        computed={
            "user_id": Computed("concat('p-', cust)", ("cust",), lambda cust: text_cell(concat("p-", cust))),
            "created_at": Computed("timestamp_seconds(CAST(sec AS BIGINT))", ("sec",), _second),
        },
        date_order="DMY",
        decimal_mark=",",
    )

    def write(rng: Random, count: int) -> bytes:
        table = pa.table(
            {
                "Order": pa.array([float(rng.randrange(30)) for _ in range(count)]),
                "cust": pa.array([rng.choice([1, 2, 3, None]) for _ in range(count)], pa.int64()),
                "sec": pa.array([1710000000 + rng.randrange(100) for _ in range(count)], pa.int32()),
                "dd": [rng.choice(["31.12.2024", "1/12/2024", "12/31/2024", None]) for _ in range(count)],
                "eur": rng.choice(
                    [
                        pa.array([rng.randrange(100) / 8 for _ in range(count)]),
                        pa.array([rng.choice(["1.234,50", "7,5", "€ 3"]) for _ in range(count)]),
                        pa.array(
                            [Decimal(rng.randrange(1000)) / 4 for _ in range(count)], pa.decimal128(9, 2)
                        ),
                    ]
                ),
            }
        )
        content = io.BytesIO()
        pq.write_table(table, content)
        return content.getvalue()

    return source, "parquet", write


# --- events and users --------------------------------------------------------------------------------------


def _log(rng: Random) -> Feed:
    source = Source(
        "log/*",
        columns={"ts": "zeit", "price": "preis"},
        computed={
            "event_id": Computed("sha2(concat_ws('|', a, b), 256)", ("a", "b"), _digest),
            "user_id": Computed(
                "concat('ip-', `client ip`)", ("client ip",), lambda ip: text_cell(concat("ip-", ip))
            ),
        },
        decimal_mark=",",
        date_order="YMD",
        timezone="Australia/Lord_Howe",
    )
    names = ["a", "b", "client ip", "zeit", "preis", "temperature", "age", "message"]

    def row(rng: Random) -> list[str | None]:
        return [
            rng.choice(["x", "y", "z|", "é"]),
            _key(rng, ""),
            f"10.0.0.{rng.randrange(9)}",
            _naive_time(rng, "YMD"),
            _either(rng, _amount(rng, ",")),
            _either(rng, _amount(rng, ",")),
            _either(rng, rng.choice(["34", "34,0", "34.0", "1.0e1"]) if rng.random() < 0.2 else "34"),
            _either(rng, word(rng)),
        ]

    return source, rng.choice(["csv", "tsv"]), _delimited(source, names, row)


def _people(rng: Random) -> Feed:
    source = Source(
        "people/**",
        columns={"city": "country", "updated_at": "registration_dttm"},
        computed={
            "user_id": Computed("concat(_source_file, '#', id)", ("_source_file", "id"),
                                lambda file, one: text_cell(concat(file, "#", one))),
            "name": Computed("concat_ws(' ', first_name, last_name)", ("first_name", "last_name"), _words),
            "age": Computed("2024 - CAST(born AS INT)", ("born",), _years),
        },
        header=True,
        date_order="DMY",
    )  # fmt: skip
    names = ["id", "first_name", "last_name", "country", "born", "registration_dttm", "email", "comments"]

    def row(rng: Random) -> list[str | None]:
        return [
            str(rng.randrange(6)),
            word(rng),
            word(rng),
            _either(rng, rng.choice(["Peru", "none", "NA"])),
            rng.choice(["1990", "1900", "2001", "MCM"]) if rng.random() < 0.2 else "1975",
            _either(rng, _naive_time(rng, "DMY")),
            _either(rng, email(rng)),
            _either(rng, word(rng)),
        ]

    return source, "csv", _delimited(source, names, row)


_FEEDS: dict[str, list[Callable[[Random], Feed]]] = {
    "transactions": [_shop, _flat, _api, _table, shop_export, payments, spreadsheet],
    "events": [_log, unload, answers],
    "users": [_people],
}
