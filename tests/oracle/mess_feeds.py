"""Feeds that people have, each with the source that takes it in: exports, payments, unloads, API answers."""

import json
from collections.abc import Callable
from random import Random

from tests.oracle.mess_values import NEARLY_NUMBERS, email, instant, number, word
from tests.oracle.records import Cell
from tests.oracle.sources import Computed, Source
from tests.oracle.spark_sql import (
    cast_to_int,
    concat,
    moment,
    moment_cell,
    number_cell,
    product,
    text_cell,
)
from tests.oracle.spark_sql import number as to_number

Write = Callable[[Random, int], bytes]
Feed = tuple[Source, str, Write]


def lines_of(rng: Random, source: Source, rows: list[list[str | None]], end: str) -> str:
    """Delimited text without a header, by the delimiter, quote and escape of a source."""
    return end.join(line_of(rng, source, [value or "" for value in row]) for row in rows) + end


def line_of(rng: Random, source: Source, values: list[str]) -> str:
    delimiter, quote = source.delimiter or ",", source.quote
    fields = []
    for value in values:
        needs_quotes = any(c in value for c in (delimiter, "\n", "\r")) or value.startswith(quote)
        is_quoted = needs_quotes or rng.random() < 0.2
        fields.append(quote + _escaped(rng, value, source) + quote if is_quoted else value)
    return delimiter.join(fields)


def _escaped(rng: Random, value: str, source: Source) -> str:
    quote, escape = source.quote, source.escape
    if escape is None:
        return value.replace(quote, quote * 2)
    text = value.replace(escape, escape * 2)
    return text.replace(quote, rng.choice([escape + quote, quote * 2]))


# --- transactions ------------------------------------------------------------------------------------------


def shop_export(rng: Random) -> Feed:
    """One record a line item: only the first of an order tells its total; others continue it."""
    source = Source(
        "export/*",
        where=Computed("Total is not null", ("Total",), lambda total: total is not None),
        fill_down=("Name", "Email"),
        columns={
            "tx_id": "Name",
            "user_id": "Email",
            "amount": "Total",
            "created_at": "Created at",
            "status": "Financial Status",
        },
        currency="Currency",
    )
    header = ["Name", "Email", "Financial Status", "Currency", "Total", "Created at", "Lineitem name"]

    def write(rng: Random, count: int) -> bytes:
        rows: list[list[str | None]] = []
        for _ in range(count):
            at = instant(rng)
            rows.append(
                [
                    f"#{rng.randrange(40)}",
                    rng.choice(["ann@x.test", "bob@x.test"]),
                    rng.choice(["paid", "refunded", "partially_refunded"]),
                    rng.choice(["USD", "USD", "EUR"]),
                    rng.choice([number(rng)] * 40 + NEARLY_NUMBERS[:3]),
                    f"{at:%Y-%m-%d %H:%M:%S} -0400",
                    word(rng),
                ]
            )
            for _ in range(rng.choice([0, 0, 1, 3])):
                rows.append([rng.choice([rows[-1][0], None]), None, None, None, None, None, word(rng)])
        end = rng.choice(["\n", "\r\n", "\r"])
        return (line_of(rng, source, header) + end + lines_of(rng, source, rows, end)).encode()

    return source, "csv", write


def payments(rng: Random) -> Feed:
    """Amounts in the smallest unit of a currency that stands apart, in JSON lines."""
    source = Source(
        "pay/**",
        columns={"tx_id": "ref", "user_id": "customer.id", "created_at": "created"},
        computed={
            "amount": Computed(
                "number(captured) - number(refunded)",
                ("captured", "refunded"),
                lambda captured, refunded: _difference(source, captured, refunded),
            )
        },
        currency="currency",
        minor_units=True,
    )

    def write(rng: Random, count: int) -> bytes:
        rows = [
            {
                "ref": f"p{rng.randrange(60)}",
                "customer": {"id": f"u{rng.randrange(20)}"},
                "captured": rng.choice([1250, "980", "1,000", 99999, 50]),
                "refunded": rng.choice([0, "0", "10", 25])
                if rng.random() < 0.95
                else rng.choice(["x", None]),
                "currency": rng.choice(["usd", "JPY", "kwd"])
                if rng.random() < 0.95
                else rng.choice(["", "ZZZ"]),
                "created": 1710000000 + rng.randrange(100),
            }
            for _ in range(count)
        ]
        return "".join(json.dumps(row) + "\n" for row in rows).encode()

    return source, "jsonl", write


def _difference(source: Source, captured: str | None, refunded: str | None) -> Cell | None:
    whole, back = to_number(captured, source), to_number(refunded, source)
    return None if whole is None or back is None else number_cell(whole - back)


_DELIVERED = ["%d.%m.%Y %Hh%M", "%Y%m%d%H%M", "%d.%m.%Y"]


def spreadsheet(rng: Random) -> Feed:
    """A decimal comma, days first, half days, a preamble, a footer, words and signs of its own."""
    is_short = rng.random() < 0.4
    source = Source(
        "sheet/*",
        delimiter=";",
        skip_lines=rng.choice([1, 3]),
        footer_lines=rng.choice([0, 2]),
        columns={"tx_id": "Beleg", "user_id": "Kunde", "name": "Bemerkung"},
        computed={
            "amount": Computed(
                "number(Menge) * number(Preis)",
                ("Menge", "Preis"),
                lambda count, each: number_cell(product(to_number(count, source), to_number(each, source))),
            ),
            "created_at": Computed(
                "moment(Tag, 'dd.MM.yy')" if is_short else "moment(Tag)",
                ("Tag",),
                lambda day: moment_cell(moment(day, source, *(["dd.MM.yy"] if is_short else []))),
            ),
        },
        formats={"delivered_at": ("dd.MM.yyyy HH'h'mm", "yyyyMMddHHmm")},
        date_order="DMY",
        decimal_mark=",",
        timezone="Europe/Vienna",
        null_words=("leer", "k.A.", "0000"),
        currency_signs=("öS", "Fr."),
    )
    header = ["Beleg", " Kunde", "Menge", '"Preis"', "Tag ", "delivered_at", "Bemerkung", "Notiz"]

    def row(rng: Random) -> list[str | None]:
        at, later = instant(rng), instant(rng, "delivered_at")
        days = [f"{at:%d.%m.%Y %-H:%M}", f"{at:%-d-%-m-%Y %-I:%M %p}", f"{at:%Y-%m-%d}"]
        days = [f"{at:%d.%m.%y}"] if is_short else days
        prices = ["7,5", "1.234,50", "öS 12", "Fr. 3,25", "2 EUR", ",5"]
        return [
            f"b{rng.randrange(60)}",
            f"u{rng.randrange(20)}",
            rng.choice(["1", "2", "3,5"]),
            rng.choice(prices) if rng.random() < 0.94 else rng.choice(["1.5", "viel", "leer"]),
            rng.choice(days) if rng.random() < 0.96 else rng.choice(["31.31.24", "leer", "bald"]),
            rng.choice(
                ["", "k.A.", f"{later:%d.%m.%Y %H}h{later:%M}", f"{later:%Y%m%d%H%M}", f"{later:%d.%m.%Y}"]
            ),
            rng.choice([word(rng), "leer", "-", "null"]),
            rng.choice([word(rng), "K.A.", "n/a", "0000"]),
        ]

    def write(rng: Random, count: int) -> bytes:
        end = rng.choice(["\n", "\r\n"])
        preamble = ['Bericht;"2024";', "", "Stand;heute"][: source.skip_lines]
        footer = [";;Summe;9.999,00", ""][: source.footer_lines]
        rows = lines_of(rng, source, [row(rng) for _ in range(count)], end)
        top = "".join(line + end for line in [*preamble, ";".join(header)])
        return (top + rows + "".join(line + end for line in footer)).encode()

    return source, "csv", write


# --- events ------------------------------------------------------------------------------------------------


def unload(rng: Random) -> Feed:
    """A headerless unload with its own names, delimiter of two characters and escapes."""
    source = Source(
        "unload/**",
        delimiter=rng.choice(["||", "|", "~|~"]),
        escape="\\",
        column_names=("action", "at", "product", "brand", "price", "user_id", "n"),
        header=rng.choice([None, False, True]),
        columns={"ts": "at", "message": "action"},
        computed={
            "event_id": Computed(
                "concat(user_id, '-', n)", ("user_id", "n"), lambda user, n: text_cell(concat(user, "-", n))
            ),
            "name": Computed(
                "if(_position is null, 'nowhere', brand)",
                ("_position", "brand"),
                lambda position, brand: text_cell("nowhere" if position is None else brand),
            ),
        },
        where=Computed("cast(product as int) > 100", ("product",), lambda one: _is_above(one, 100)),
    )

    def row(rng: Random) -> list[str | None]:
        at = instant(rng)
        return [
            rng.choice(["view", "cart", 'say "hi"', "back\\slash", "two\nlines", "a|b"]),
            f"{at:%Y-%m-%d %H:%M:%S} UTC",
            rng.choice(["70001", "70002", "99", "", "abc"]) if rng.random() < 0.3 else "70003",
            word(rng),
            rng.choice(["12.50", "7", "", "-1"]),
            f"u{rng.randrange(20)}",
            str(rng.randrange(30)),
        ]

    def write(rng: Random, count: int) -> bytes:
        end = rng.choice(["\n", "\r\n", "\r"])
        rows = [row(rng) for _ in range(count)]
        rows.append([*row(rng)[:6], "last"])
        if source.header:
            rows.insert(0, ["A", "B", "C", "D", "E", "F", "G"])
            rows.insert(rng.randrange(1, len(rows) + 1), ["a", "b", "c", "d", "e", "f", "g"])
        return lines_of(rng, source, rows, end).encode()

    return source, "csv", write


def _is_above(text: str | None, limit: int) -> bool | None:
    whole = cast_to_int(text)
    return None if whole is None else whole > limit


def answers(rng: Random) -> Feed:
    """One object around the records, as an API answers."""
    path = rng.choice(["data", "data.items", "response.page.rows"])
    source = Source(
        "api/*",
        record_path=path,
        columns={"event_id": "key", "ts": "meta.at", "user_id": "meta.user.id", "message": "text"},
        formats={"ts": ("yyyy/MM/dd HH:mm:ss XXX",)},
        fill_down=("text",),
        timezone="America/New_York",
    )

    def write(rng: Random, count: int) -> bytes:
        records: list[object] = [
            {
                "key": f"k{rng.randrange(60)}",
                "meta": {
                    "at": rng.choice(
                        [f"{instant(rng):%Y/%m/%d %H:%M:%S} +02:00", "2024-07-01 12:00", 1710000000]
                    ),
                    "user": {"id": rng.randrange(20)},
                },
                "text": rng.choice(["", word(rng), "-"]),
                "email": email(rng),
            }
            for _ in range(count)
        ]
        if rng.random() < 0.2:
            records.insert(rng.randrange(len(records)), rng.choice([7, "text", [], None]))
        wrapped: object = records
        for step in reversed(path.split(".")):
            wrapped = {"count": count, step: wrapped, "next": None}
        return json.dumps(wrapped, ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 2])).encode()

    return source, "json", write
