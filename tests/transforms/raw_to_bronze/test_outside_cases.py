"""Reported feeds under the shipped contracts: the facts of each file."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
import yaml

from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.loader import load_contracts
from contracts.model import Source
from transforms.raw_to_bronze.inspect_file import inspect_file

SHOP_HEADER = (
    b"Name,Email,Financial Status,Paid at,Currency,Total,Created at,Lineitem quantity,Lineitem name,"
    b"Billing Name,Id\n"
)


def inspect(dataset: str, key: str, data: bytes, source: Source | None = None) -> FileFacts:
    contract = load_contracts().silver(dataset)
    if source is not None:
        contract = replace(contract, sources=(source,))
    return inspect_file(key, len(data), lambda: io.BytesIO(data), contract)


TAKEN: list[tuple[str, str, str, bytes, Source | None, dict[str, object]]] = [
    (
        "CR alone",
        "transactions",
        "cr_only.csv",
        b"tx_id,user_id,amount,created_at,status\rCR1,U01,10.00,2025-05-01T10:00:00Z,paid\r",
        None,
        {"line_end": "\r", "header": True, "rows": None},
    ),
    (
        "glued with a mark",
        "users",
        "cat_bom.csv",
        b"\xef\xbb\xbfuser_id,name,email\r\n\xef\xbb\xbfuser_id,name,email\r\n",
        None,
        {"names": ("user_id", "name", "email"), "rows": 0},
    ),
    (
        "a second header in other case",
        "users",
        "hdr2.csv",
        b"user_id,name,email\nUser_ID,Name,Email\nY2,Bob,\n",
        None,
        {"names": ("user_id", "name", "email"), "rows": None},
    ),
    (
        "concatenated JSON",
        "events",
        "firehose.json",
        b'{"event_id": "FH0", "user_id": "U01"}{"event_id": "FH1", "user_id": "U01"}',
        None,
        {"format": FileFormat.CONCATENATED_JSON, "names": ("event_id", "user_id")},
    ),
    (
        "concatenated JSON under another name",
        "events",
        "stream-1.txt",
        b'{"event_id": "FH0"} {"event_id": "FH1"}\n{"event_id": "FH2"}',
        None,
        {"format": FileFormat.CONCATENATED_JSON, "names": ("event_id",)},
    ),
    (
        "a padded header",
        "transactions",
        "orders.csv",
        b"no, user_id, Qty, At\np1, u1, 3, 2024-01-01\n",
        Source("s", "**", columns={"tx_id": "no", "amount": "number(Qty) * 2", "created_at": "At"}),
        {"names": ("no", "user_id", "Qty", "At"), "header": True},
    ),
    (
        "headerless, and wider than the contract",
        "events",
        "part-0.csv",
        b"view,2025-03-01 08:00:00 UTC,70001,brandless,12.50,9001\n",
        Source(
            "s",
            "**",
            header=False,
            column_names=("action", "at", "product", "brand", "price", "user_id"),
            columns={
                "event_id": "sha2(concat_ws('|', _source_file, _position), 256)",
                "ts": "at",
                "message": "action",
            },
        ),
        {"names": ("action", "at", "product", "brand", "price", "user_id"), "header": False},
    ),
    (
        "headerless by the contract's order",
        "transactions",
        "part-00000.csv",
        b"H0,U1,5.00,paid,2025-05-02T10:00:00Z,,a@x.test,Ann,30\n",
        None,
        {
            "names": (
                "tx_id",
                "user_id",
                "amount",
                "status",
                "created_at",
                "delivered_at",
                "email",
                "name",
                "age",
            ),
            "header": False,
        },
    ),
    (
        "a preamble",
        "transactions",
        "preamble.csv",
        b"Report,Orders\nFrom,2025-05-01\n\ntx_id,user_id,amount,created_at\nPRE1,U01,1,2025-05-02\n",
        Source("s", "**", skip_lines=3),
        {"names": ("tx_id", "user_id", "amount", "created_at"), "header": True},
    ),
    (
        "a shop's export",
        "transactions",
        "shop.csv",
        SHOP_HEADER + b"#1001,ann@x.test,paid,,USD,60.00,2025-05-02 10:15:30 -0400,1,Mug,Ann,55\n",
        Source(
            "s",
            "**",
            where="Total is not null",
            columns={"tx_id": "Name", "user_id": "Email", "amount": "Total", "created_at": "Created at"},
            currency="Currency",
        ),
        {"header": True, "delimiter": ","},
    ),
    (
        "wrapped JSON",
        "events",
        "wrapped.json",
        b'{"data": [{"event_id": "WR0"}, {"event_id": "WR1", "ts": "x"}], "next": null}',
        Source("s", "**", record_path=("data",)),
        {"format": FileFormat.JSON_OBJECT, "names": ("event_id", "ts"), "rows": 2},
    ),
]


@pytest.mark.parametrize(
    ("dataset", "key", "data", "source", "expected"), [t[1:] for t in TAKEN], ids=[t[0] for t in TAKEN]
)
def test_a_feed_is_accepted_as_it_is(
    dataset: str, key: str, data: bytes, source: Source | None, expected: dict[str, object]
) -> None:
    found = inspect(dataset, key, data, source)
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.reason, found.hint) == (None, "")


PROPOSED: list[tuple[str, str, str, bytes, dict[str, object]]] = [
    (
        "a preamble",
        "transactions",
        "preamble.csv",
        b"Report,Orders\nFrom,2025-05-01\n\ntx_id,user_id,amount,created_at\nPRE1,U01,1,2025-05-02\n",
        {"skipLines": 3},
    ),
    (
        "wrapped JSON",
        "events",
        "wrapped.json",
        b'{"data": [{"event_id": "WR0", "user_id": "U01", "ts": "x"}], "next": null}',
        {"recordPath": "data"},
    ),
    (
        "backslashes before quotes",
        "transactions",
        "backslash.csv",
        b'tx_id,user_id,amount,created_at,name\nBS1,U01,1,2025-05-05,"Ann \\"Bee\\" Cee"\n',
        {"escape": "\\"},
    ),
]


@pytest.mark.parametrize(
    ("dataset", "key", "data", "expected"), [p[1:] for p in PROPOSED], ids=[p[0] for p in PROPOSED]
)
def test_a_feed_that_needs_a_source_gets_a_hint(
    dataset: str, key: str, data: bytes, expected: dict[str, object]
) -> None:
    (entry,) = yaml.safe_load(inspect(dataset, key, data).hint)
    assert entry == {"name": key.partition(".")[0], "glob": key, **expected}


def test_literal_line_ends_are_not_a_header() -> None:
    data = rb"tx_id,user_id,amount,created_at,status\nLN1,U01,10.00,2025-05-01T10:00:00Z,paid\n"
    found = inspect("transactions", "literal_n.csv", data)
    assert found.reason is Reason.CONTENT_MISMATCH
    assert found.detail.startswith(
        r"data taken for a header: the name 'status\\nLN1' holds a line's end; tried"
    )
