"""Hints: the entry is found, written as YAML, and makes the file acceptable when pasted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import YamlLocation
from contracts.model import Column, DataType, DateOrder, Kind, Source
from contracts.sources import read_sources
from tests.transforms.raw_to_bronze.example import contract, inspect
from transforms.raw_to_bronze.file_names import matches
from transforms.suggest_source.entry import entry_yaml, glob_of
from transforms.suggest_source.hint import Sample, suggest_source

if TYPE_CHECKING:
    from contracts.inventory import FileFacts

COLUMNS = contract().column_names


def pasted(found: FileFacts) -> dict[str, object]:
    """The hint's keys beside name and glob."""
    if not found.hint:
        return {}
    (entry,) = yaml.safe_load(found.hint)
    assert matches(found.key, entry.pop("glob"))
    assert entry.pop("name")
    return entry


HINTS: list[tuple[str, str, bytes, dict[str, object]]] = [
    ("a preamble", "a.csv", b"Report,Orders\nFrom,x\n\ntx_id,user_id\n1,2\n", {"skipLines": 3}),
    ("a preamble of one line", "a.csv", b"sep=;\ntx_id;user_id\n1;2\n", {"skipLines": 1}),
    ("a preamble in a text of CR", "a.csv", b"My report\rtx_id,user_id\r1,2\r", {"skipLines": 1}),
    (
        "a preamble and a footer",
        "a.csv",
        b"Report\ntx_id,user_id\n1,2\n3,4\nTotal: 2\n",
        {"skipLines": 1, "footerLines": 1},
    ),
    ("a preamble that is too long", "a.csv", b"x y z\n" * 60 + b"tx_id,user_id\n1,2\n", {}),
    ("another delimiter", "a.csv", b"tx_id^user_id^status\n1^2^3\n", {"delimiter": "^"}),
    (
        "names that lack an alias",
        "a.csv",
        b"tx_id,usr_id,x,y,z\n1,2,3,4,5\n",
        {"columns": {"user_id": "usr_id"}},
    ),
    ("names that are near to nothing", "a.csv", b"foo,bar,amount\n1,2,3\n", {}),
    ("windows-1252", "a.csv", "tx_id,user_id\n1,José\n".encode("windows-1252"), {"encoding": "windows-1252"}),
    (
        "windows-1252 with a preamble",
        "a.csv",
        "Caf\xe9 report\ntx_id,user_id\n1,2\n".encode("windows-1252"),
        {"encoding": "windows-1252", "skipLines": 1},
    ),
    ("bytes that are no text of letters", "a.csv", b"tx_id,user_id\n1,\xb0\xb1\xb2\xb3\n", {}),
    ("UTF-16 without a mark", "a.csv", "tx_id,user_id\n1,2\n".encode("utf-16-le"), {"encoding": "utf-16-le"}),
    (
        "backslashes before quotes",
        "a.csv",
        b'tx_id,user_id\n1,"Ann \\"Bee\\" Cee"\n',
        {"escape": "\\"},
    ),
    ("a backslash before a quote that closes", "a.csv", b'tx_id,user_id\n1,"C:\\"\n2,"D:\\"\n', {}),
    ("wrapped JSON", "a.json", b'{"data":[{"id":1,"uid":2}],"next":null}', {"recordPath": "data"}),
    ("wrapped JSON, deeper", "a.json", b'{"a":{"b":[{"id":1,"uid":2}]}}', {"recordPath": "a.b"}),
    ("wrapped JSON in a line", "a.ndjson", b'{"data":[{"id":1,"uid":2}]}\n', {"recordPath": "data"}),
    ("an object that is a record", "a.json", b'{"id":1,"uid":2,"items":[{"id":1,"amount":2}]}', {}),
    ("a good file", "a.csv", b"tx_id,user_id\n1,2\n", {}),
    ("a literal line's end", "a.csv", rb"tx_id,user_id\n1,2\n", {}),
]


@pytest.mark.parametrize(("key", "data", "expected"), [h[1:] for h in HINTS], ids=[h[0] for h in HINTS])
def test_a_hint_is_the_entry_that_makes_the_file_acceptable(
    key: str, data: bytes, expected: dict[str, object]
) -> None:
    found = inspect(key, data)
    assert pasted(found) == expected
    if found.hint:
        sources = read_sources(yaml.safe_load(found.hint), COLUMNS, YamlLocation("", ""))
        again = inspect(key, data, *sources)
        assert (again.reason, again.hint) == (None, "")


def test_a_hint_completes_the_matching_source() -> None:
    source = Source("shop", "a*.csv", columns={"tx_id": "No"}, skip_lines=1)
    found = inspect("a.csv", b"Report\nOrders\nNo,user_id\n1,2\n", source)
    assert yaml.safe_load(found.hint) == [
        {"name": "shop", "glob": "a*.csv", "skipLines": 2, "columns": {"tx_id": "No"}}
    ]


def test_values_show_the_order_of_dates_and_the_decimal_mark() -> None:
    plain = contract()
    columns = (
        *plain.columns,
        Column("at", DataType(Kind.TIMESTAMP)),
        Column("price", DataType(Kind.DECIMAL, 18, 4)),
    )
    typed = replace(plain, columns=columns)
    text = 'tx_id;user_id;at;price\n1;2;03.04.2025;"1.234,50"\n1;2;31.04.2025;7\n'
    suggestion = suggest_source(Sample("a.csv", text, is_whole=True), typed)
    assert suggestion is not None
    assert (suggestion.source.date_order, suggestion.source.decimal_mark) == (DateOrder.DMY, ",")
    assert [(finding.key, finding.evidence) for finding in suggestion.findings[-2:]] == [
        ("dateOrder", "'31.04.2025' is a date in this order only"),
        ("decimalMark", "'1.234,50' is a number with a decimal comma"),
    ]


@given(st.text("ab*?[]!/.é ", min_size=1, max_size=12))
def test_the_glob_of_a_key_matches_that_key_alone(key: str) -> None:
    assert matches(key, glob_of(key))
    assert not matches(f"{key}x", glob_of(key))
    assert not matches(key.replace("*", "b").replace("?", "b").replace("[", "b") + "b", glob_of(key))


def test_every_key_of_a_source_comes_back_from_its_entry() -> None:
    source = Source(
        "s",
        "x/**",
        encoding="latin-1",
        delimiter="||",
        quote="'",
        escape="\\",
        header=False,
        column_names=("a", "b"),
        skip_lines=1,
        footer_lines=2,
        where="a > 1",
        fill_down=("a",),
        columns={"tx_id": "a"},
        formats={"tx_id": ("dd/MM",)},
        date_order=DateOrder.DMY,
        decimal_mark=",",
        timezone="Europe/London",
        null_words=("", "x"),
        currency_signs=("kr",),
        currency="EUR",
        minor_units=True,
    )
    assert read_sources(yaml.safe_load(entry_yaml(source)), COLUMNS, YamlLocation("", "")) == (source,)
    wrapped = Source("s", "x", record_path=("a", "b"))
    assert read_sources(yaml.safe_load(entry_yaml(wrapped)), COLUMNS, YamlLocation("", "")) == (wrapped,)
