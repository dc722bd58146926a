"""Small files from user reports, with variants and the expected fate of their rows (spec 3 to 4.5).

All lie in one RAW zone, each below a folder of its own, so that one run settles them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "\ufeff"


@dataclass(frozen=True)
class Case:
    """Files of one dataset below ``<name>/``, the source that takes them in, and their rows in silver.

    ``rows``: the values of ``columns``, sorted. ``quarantined``: rules that broke, by raw text. ``rejected``:
    reason, by file. ``excluded``: records that the source's condition leaves out.
    """

    name: str
    dataset: str
    files: Mapping[str, str | bytes]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    source: Mapping[str, Any] | None = None
    quarantined: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    excluded: int = 0


TX = "tx_id,user_id,amount,created_at"
TIME = "2025-05-01T10:00:00Z"


def transaction(key: str, *more: str) -> str:
    return ",".join((key, "U1", "10.00", TIME, *more))


def lines(*of: str, end: str = "\n") -> str:
    return "".join(line + end for line in of)


def events(*keys: str) -> list[str]:
    return [f'{{"event_id": "{key}", "user_id": "U1", "ts": "{TIME}"}}' for key in keys]


LINE_ENDS = [
    Case(
        "cr_only",
        "transactions",
        {"a.csv": lines(TX, *map(transaction, ("CR1", "CR2", "CR3")), end="\r")},
        ("tx_id",),
        [("CR1",), ("CR2",), ("CR3",)],
    ),
    Case(
        "cr_quoted",
        "transactions",
        {"a.csv": f'{TX},name\r{transaction("CR4")},"Ann\nBee\rCee"\r{transaction("CR5")},x'},
        ("tx_id", "name"),
        [("CR4", "Ann\nBee\rCee"), ("CR5", "x")],
    ),
    Case(
        "cr_tabs_and_blank_lines",
        "transactions",
        {"a.tsv": f"\r{TX}\r\r{transaction('CR6')}\r".replace(",", "\t")},
        ("tx_id",),
        [("CR6",)],
    ),
    Case(
        "cr_json",
        "events",
        {"a.jsonl": "\r".join(events("CJ1", "CJ2")), "b.csv": 'event_id,user_id,ts\rCJ3,"U\n1",' + TIME},
        ("event_id", "user_id"),
        [("CJ1", "U1"), ("CJ2", "U1"), ("CJ3", "U\n1")],
    ),
    Case(
        "lf_with_cr_within",
        "transactions",
        {"a.csv": f'{TX},name\n{transaction("CR7")},"a\rb"\n{transaction("CR8")},c\rd\n'},
        ("tx_id", "name"),
        [("CR7", "a\rb"), ("CR8", "c\rd")],
    ),
]

HEADERS = [
    Case(
        "literal_newline",
        "transactions",
        {
            "n.csv": rf"{TX},status\nLN1,U1,10.00,{TIME},paid\n",
            "r.csv": rf"{TX},status\rLN2,U1,10.00,{TIME},paid\n",
            "separator.csv": f"{TX},status\u2028LN3\nLN3,U1,10.00,{TIME},paid\n",
            "quoted.csv": f'{TX},"status\nLN4"\nLN4,U1,10.00,{TIME},paid\n',
        },
        ("tx_id",),
        [],
        rejected=dict.fromkeys(("n.csv", "r.csv", "separator.csv", "quoted.csv"), "content_mismatch"),
    ),
    Case(
        "glued_bom",
        "users",
        {
            "a.csv": f"{MARK}user_id,name\r\nZ1,Ann\r\n{MARK}user_id,name\r\nZ2,Bob\r\n",
            "b.csv": f"{MARK}user_id,name\nZ3,Ann\n{MARK}Z4,Bob\n",
            "c.csv": f'{MARK}user_id,name\nZ5,"A\nnn"\n{MARK}"Z6","B\nob"\n',
            "d.ndjson": f'{MARK}{{"user_id": "Z7"}}\n{MARK}{{"user_id": "Z8"}}\n',
            "e.csv": f"user_id,name\nZ9,Ann\n{MARK}\n{MARK}{MARK}Z10,\n",
        },
        ("user_id", "name"),
        [
            ("Z1", "Ann"),
            ("Z10", None),
            ("Z2", "Bob"),
            ("Z3", "Ann"),
            ("Z4", "Bob"),
            ("Z5", "A\nnn"),
            ("Z6", "B\nob"),
            ("Z7", None),
            ("Z8", None),
            ("Z9", "Ann"),
        ],
    ),
    Case(
        "header_again",
        "users",
        {
            "a.csv": "user_id,name,email\nY1,Ann,\nUser_ID,Name,Email\nY2,Bob,\n",
            "b.csv": 'user_id;name\nY3;Ann\n"USER-ID";" name "\nuserId;NAME\nY4;name\n',
            "c.csv": 'user_id,name\nY5,"A\nnn"\nuser id,`name`\n',
        },
        ("user_id", "name"),
        [("Y1", "Ann"), ("Y2", "Bob"), ("Y3", "Ann"), ("Y4", "name"), ("Y5", "A\nnn")],
    ),
    Case(
        "many_tabs",
        "transactions",
        {
            "a.tsv": "\t".join(f"c{n}" for n in range(105)) + "\n" + "\t".join("x" * 105) + "\n",
            "b.csv": "\t".join(("order", "kunde", "summe")) + "\n1\t2\t3\n",
        },
        ("tx_id",),
        [],
        rejected={"a.tsv": "content_mismatch", "b.csv": "content_mismatch"},
    ),
    Case(
        "many_tabs_with_a_source",
        "transactions",
        {
            "a.txt": "\t".join([f"c{n}" for n in range(105)])
            + "\n"
            + "\t".join([f"v{n}" for n in range(105)])
            + "\n"
        },
        ("tx_id", "user_id", "amount"),
        [("v0", "v1", 2)],
        {
            "columns": {
                "tx_id": "c0",
                "user_id": "c1",
                "amount": "length(c2)",
                "created_at": "moment('2025-05-01T00:00:00Z')",
            }
        },
    ),
]

CUT_BY_SOURCES = [
    Case(
        "padded_header",
        "transactions",
        {"a.csv": "no, user_id, Qty, At\np1, u1, 3, 2024-01-01\np2, u2, 4, 31-01-2024 9:05\n"},
        ("tx_id", "amount", "created_at"),
        [("p1", 6, "2024-01-01 00:00:00"), ("p2", 8, "2024-01-31 09:05:00")],
        {"columns": {"tx_id": "no", "amount": "number(Qty) * 2", "created_at": "At"}, "dateOrder": "DMY"},
    ),
    Case(
        "wide_headerless",
        "events",
        {
            "part-0.csv": "view,2025-03-01 08:00:00 UTC,70001,brandless,12.50,9001\n"
            "cart,2025-03-01 08:00:05 UTC,70002,plain,,9002\n"
        },
        ("user_id", "price", "_extra"),
        [
            ("9001", "12.5000", '{"brand":"brandless","product":"70001"}'),
            ("9002", None, '{"brand":"plain","product":"70002"}'),
        ],
        {
            "header": False,
            "columnNames": ["action", "at", "product", "brand", "price", "user_id"],
            "columns": {
                "event_id": "sha2(concat_ws('|', _source_file, _position), 256)",
                "ts": "at",
                "message": "action",
            },
        },
    ),
    Case(
        "replaced_header",
        "transactions",
        {"a.csv": f"Nr;Wer;Wert;Wann\nRH1;U1;1;{TIME}\nnr;wer;WERT;wann\n", "b.csv": "Nr;Wer\n1;2\n"},
        ("tx_id", "amount"),
        [("RH1", 1)],
        {"header": True, "columnNames": ["tx_id", "user_id", "amount", "created_at"]},
        rejected={"b.csv": "content_mismatch"},
    ),
    Case(
        "preamble",
        "transactions",
        {"a.csv": f"Report,Orders\nFrom,2025-05-01\n\n{TX}\n{transaction('PRE1')}\n"},
        ("tx_id",),
        [("PRE1",)],
        {"skipLines": 3},
    ),
    Case(
        "preamble_without_a_source",
        "transactions",
        {"a.csv": f"Report,Orders\nFrom,2025-05-01\n\n{TX}\n{transaction('PRE2')}\n"},
        ("tx_id",),
        [],
        rejected={"a.csv": "content_mismatch"},
    ),
    Case(
        "preamble_and_footer",
        "transactions",
        {
            "a.csv": f'"Report\r\n\r\n{TX}\r\n{transaction("PRE3")}\r\n\r\nTotal,1\r\n',
            "b.csv": f'Report\r\r{TX}\r{transaction("PRE4")}\rTotal\r"quoted',
            "c.csv": f'Report\n\n{TX},name\n{transaction("PRE5")},"a\nb"\n\nTotal\n',
            "d.csv": "Report\n\nTotal\n",
        },
        ("tx_id",),
        [("PRE3",), ("PRE4",), ("PRE5",)],
        {"skipLines": 2, "footerLines": 2},
        rejected={"d.csv": "content_mismatch"},
    ),
    Case(
        "backslash_escape",
        "transactions",
        {
            "a.csv": f'{TX},name\n{transaction("BS1")},"Ann \\"Bee\\" Cee"\n{transaction("BS2")},"a\\\\"\n'
            f"{transaction('BS3')},c\\d\n"
        },
        ("tx_id", "name"),
        [("BS1", 'Ann "Bee" Cee'), ("BS2", "a\\"), ("BS3", "c\\d")],
        {"escape": "\\"},
    ),
    Case(
        "backslash_without_a_source",
        "transactions",
        {"a.csv": f'{TX},name\n{transaction("BS4")},"Ann \\"Bee\\" Cee"\n{transaction("BS5")},"plain"\n'},
        ("tx_id", "name"),
        [("BS5", "plain")],
        quarantined={f'{transaction("BS4")},"Ann \\"Bee\\" Cee"': ("malformed",)},
    ),
    Case(
        "long_delimiter",
        "transactions",
        {"a.txt": f"{TX},name\n{transaction('LD1')},a|b\n{transaction('LD2')},'x||\ny'\n".replace(",", "||")},
        ("tx_id", "name"),
        [("LD1", "a|b"), ("LD2", "x||\ny")],
        {"delimiter": "||", "quote": "'"},
    ),
]

JSON = [
    Case(
        "concatenated_json",
        "events",
        {
            "firehose.json": "".join(events("FH0", "FH1", "FH2")),
            "b.ndjson": " ".join(events("FH3", "FH4")) + "\n" + events("FH5")[0],
            "c.txt": MARK + "\n\n".join(events("FH6")) + "".join(events("FH7", "FH8")),
            "d.jsonl": "".join(events("FH9", "FH10")) + ' oops {"event_id": x} {"event_id": "FH11"',
        },
        ("event_id",),
        [(f"FH{n}",) for n in (0, 1, 10, 2, 3, 4, 5, 6, 7, 8, 9)],
        quarantined=dict.fromkeys(("oops", '{"event_id": x}', '{"event_id": "FH11"'), ("malformed",)),
    ),
    Case(
        "wrapped_json",
        "events",
        {
            "a.json": f'{{"data": [{", ".join(events("WR0", "WR1", "WR2"))}], "next": null}}',
            "b.json": '{"data": {"items": []}}',
            "c.json": '{"data": []}',
        },
        ("event_id",),
        [("WR0",), ("WR1",), ("WR2",)],
        {"recordPath": "data"},
        rejected={"b.json": "content_mismatch"},
    ),
    Case(
        "wrapped_deep",
        "events",
        {"a.json": f'{{"n": "]}}", "data": {{"items": [{", ".join(events("WR3"))}, 7]}}}}'},
        ("event_id",),
        [("WR3",)],
        {"recordPath": "data.items"},
        quarantined={"7": ("malformed",)},
    ),
]

COMPUTED = [
    Case(
        "shop_export",
        "transactions",
        {
            "a.csv": "Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem name,Id\n"
            "#1001,ann@x.test,paid,2025-05-02 10:15:31 -0400,USD,60.00,2025-05-02 10:15:30 -0400,Mug,55\n"
            "#1001,ann@x.test,,,,,,Cup,\n"
            "#1002,bob@x.test,partially_refunded,2025-05-02 11:00:00 -0400,USD,"
            '"1,250.00",2025-05-02 11:00:00 -0400,Sofa,56\n'
            "#1002,bob@x.test,,,,,,Lamp,\n"
            "#1002,bob@x.test,,,,,,Rug,\n"
        },
        ("tx_id", "amount", "created_at", "status"),
        [
            ("#1001", 60, "2025-05-02 14:15:30", "paid"),
            ("#1002", 1250, "2025-05-02 15:00:00", "partially_refunded"),
        ],
        {
            "where": "Total is not null",
            "columns": {
                "tx_id": "Name",
                "user_id": "Email",
                "amount": "Total",
                "created_at": "Created at",
                "status": "Financial Status",
            },
            "currency": "Currency",
        },
        excluded=3,
    ),
    Case(
        "continuation_lines",
        "transactions",
        {"a.csv": "no,who,at,sum\nFD1,ann,2025-05-01,\n,,,3\n,,,\nFD2,bob,2025-05-02,5\n,,,7\n"},
        ("tx_id", "user_id", "amount"),
        [("FD1-3", "ann", 3), ("FD2-5", "bob", 5), ("FD2-7", "bob", 7)],
        {
            "fillDown": ["no", "who", "at"],
            "where": "sum is not null",
            "columns": {
                "tx_id": "concat(no, '-', sum)",
                "user_id": "who",
                "amount": "sum",
                "created_at": "at",
            },
        },
        excluded=2,
    ),
    Case(
        "currency_apart",
        "transactions",
        {
            "a.csv": f"tx_id,user_id,amount,currency,created_at\nCM1,U1,1250,usd,{TIME}\n"
            f"CM2,U1,980,jpy,{TIME}\nCM3,U1,1,xyz,{TIME}\n"
        },
        ("tx_id", "amount"),
        [("CM1", "12.5000"), ("CM2", 980)],
        {"currency": "currency", "minorUnits": True},
        quarantined={f"CM3,U1,1,xyz,{TIME}": ("amount_uncastable",)},
    ),
    Case(
        "formats_and_words",
        "transactions",
        {
            "a.csv": "tx_id,user_id,amount,created_at,status\n"
            "FW1,U1,Rs. 5,02.05.25 9h05,leer\nFW2,U1,kr 6,2025-05-03,n/a\n"
        },
        ("tx_id", "amount", "created_at", "status"),
        [("FW1", 5, "2025-05-02 07:05:00", None), ("FW2", 6, "2025-05-03 00:00:00", "n/a")],
        {
            "formats": {"created_at": ["dd.MM.yy H'h'mm"]},
            "timezone": "Europe/Berlin",
            "nullWords": ["leer"],
            "currencySigns": ["Rs.", "kr"],
        },
    ),
    Case(
        "name_that_is_no_sql",
        "transactions",
        {"a.csv": f"N° da fatura,Order Date ,user_id,amount\nNS1,{TIME},U1,1\n"},
        ("tx_id", "created_at"),
        [("NS1", "2025-05-01 10:00:00")],
        {"columns": {"tx_id": "N° da fatura", "created_at": "Order Date"}},
    ),
]

VALUES = [
    Case(
        "too_long",
        "users",
        {"a.csv": f"user_id,name\nW1,{'é' * 600}\nW2,{'é' * 2_500}\nW3,{'x' * 4_096}\n{'w' * 1_025},a\n"},
        ("user_id",),
        [("W1",), ("W3",)],
        quarantined={f"W2,{'é' * 2_500}": ("name_too_long",), f"{'w' * 1_025},a": ("user_id_too_long",)},
    ),
    Case(
        "spreadsheet_ids",
        "transactions",
        {
            "a.csv": f"{TX}\n1.23457E+15,U1,10.00,{TIME}\n1.23457E+15,U2,25.00,2025-05-02T11:00:00Z\n"
            f'="000123",U3,5.00,{TIME}\n\'00124,U3,5.00,{TIME}\n45413,U4,7.00,45413\n'
        },
        ("tx_id", "amount"),
        [("'00124", 5), ("1.23457E+15", 25), ('="000123"', 5)],
        quarantined={"45413,U4,7.00,45413": ("created_at_uncastable",)},
    ),
    Case(
        "line_items",
        "transactions",
        {
            "a.csv": "order_id,customer_id,total,created_at,sku\n"
            + "".join(f"LI1,U1,{total},{TIME},{sku}\n" for total, sku in ((10, "A"), (20, "B"), (20, "C")))
        },
        ("tx_id", "amount", "_extra"),
        [("LI1", 20, '{"sku":"C"}')],
    ),
]

CASES = [*LINE_ENDS, *HEADERS, *CUT_BY_SOURCES, *JSON, *COMPUTED, *VALUES]
