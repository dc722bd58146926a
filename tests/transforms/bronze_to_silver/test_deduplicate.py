"""One row a key, and always the same one (spec 4.4)."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import reduce
from operator import xor
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import Observation

from contracts.spark import key_hash
from tests.transforms.frames import Row, at, frame, schema, values
from tests.transforms.promises import EVENTS, TRANSACTIONS
from transforms.bronze_to_silver.deduplicate import (
    deduplicate,
    losers_by_file,
    maybe_repeated_keys,
    rank,
    split_by_key_repetition,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from contracts.model import Contract

NOON, ONE = at("2024-05-01T12:00:00"), at("2024-05-01T13:00:00")


@dataclass(frozen=True)
class Case:
    """A promise, the rows of one key, and which of them is kept."""

    title: str
    rows: tuple[Row, ...]
    kept: int


EVENT_CASES = (
    Case("a key that does not repeat is kept", ({"ts": NOON},), 0),
    Case("the latest ts wins", ({"ts": ONE, "_source_file": "a"}, {"ts": NOON, "_source_file": "z"}), 0),
    Case(
        "the latest ts wins by a microsecond, over any content",
        ({"ts": NOON + timedelta(microseconds=1)}, {"ts": NOON, "user_id": "z", "_extra": "z"}),
        0,
    ),
    Case("a tie of ts goes to the greatest file", ({"_source_file": "b/1"}, {"_source_file": "a/2"}), 0),
    Case(
        "files compare by their UTF-8 bytes, not by UTF-16 units",
        ({"_source_file": "\U0001f600"}, {"_source_file": "\ufffd"}),
        0,
    ),
    Case("a file is greater than its prefix", ({"_source_file": "a"}, {"_source_file": "a.csv"}), 1),
    Case("files come before content", ({"_source_file": "a", "user_id": "z"}, {"_source_file": "b"}), 1),
    Case("then the greatest content wins", ({"user_id": "u1"}, {"user_id": "u2"}), 1),
    Case(
        "content is compared in the contract's order",
        ({"country": "B", "email": "a"}, {"country": "A", "email": "z"}),
        0,
    ),
    Case("null is the least content", ({"country": None}, {"country": ""}), 1),
    Case(
        "strings compare by code point, upper case before lower case",
        ({"name": "a"}, {"name": "Z"}),
        0,
    ),
    Case("strings outside the BMP are greatest", ({"name": "\U0001f600"}, {"name": "\uffff"}), 0),
    Case("numbers compare by value, not as text", ({"age": 9}, {"age": 10}), 1),
    Case("decimals compare by value", ({"price": Decimal("-2.5")}, {"price": Decimal("-10")}), 0),
    Case("doubles compare by value", ({"temperature": -1.5}, {"temperature": -30.0}), 0),
    Case("zero wins over minus zero", ({"temperature": -0.0}, {"temperature": 0.0}), 1),
    Case("then the greatest _extra wins", ({"_extra": '{"a":"1"}'}, {"_extra": '{"a":"2"}'}), 1),
    Case("null is the least _extra", ({"_extra": '{"a":"1"}'}, {"_extra": None}), 0),
    Case("of two equal rows one is kept", ({"name": "same"}, {"name": "same"}), 0),
)
TRANSACTION_CASES = (
    Case(
        "the latest created_at wins over a later delivery",
        ({"created_at": ONE}, {"created_at": NOON, "delivered_at": ONE}),
        0,
    ),
    Case(
        "a delivered transaction wins over one that is not",
        ({"delivered_at": None, "_source_file": "z"}, {"delivered_at": NOON}),
        1,
    ),
    Case(
        "the latest delivered_at wins",
        ({"delivered_at": ONE, "_source_file": "a"}, {"delivered_at": NOON, "_source_file": "z"}),
        0,
    ),
    Case(
        "a tie of both times goes to the greatest file",
        (
            {"delivered_at": NOON, "_source_file": "a", "amount": Decimal(9)},
            {"delivered_at": NOON, "_source_file": "b", "amount": Decimal(1)},
        ),
        1,
    ),
    Case(
        "then amount comes before status", ({"amount": Decimal(2)}, {"amount": Decimal(1), "status": "z"}), 0
    ),
)


def complete(contract: Contract, key: str, row: Row) -> Row:
    """Fill in what every valid row has."""
    time = {"events": "ts", "transactions": "created_at"}[contract.name]
    filled = {contract.key[0]: key, time: NOON, "_source_file": "f.csv", **row}
    filled.setdefault("user_id", "u")
    return filled | {"event_date": filled[time].date() if filled[time] else None}


def valid_rows(spark: SparkSession, contract: Contract, cases: Sequence[Case]) -> DataFrame:
    rows = [complete(contract, case.title, row) for case in cases for row in case.rows]
    return frame(spark, schema(contract), rows)


def deduplicated(valid: DataFrame, contract: Contract) -> DataFrame:
    split = split_by_key_repetition(valid, contract, maybe_repeated_keys(valid, contract))
    return deduplicate(split.unique, rank(split.maybe_repeated, contract), contract)


def lost(valid: DataFrame, contract: Contract) -> dict[str, tuple[int, int]]:
    """The rows that lose, and those of them that differ from the row that is kept, by file."""
    rows = losers_by_file(rank(valid, contract)).collect()
    return {row["_source_file"]: (row["rows"], row["conflicting"]) for row in rows}


@pytest.fixture(scope="module")
def winners(spark: SparkSession) -> dict[str, list[dict[str, object]]]:
    """The rows that are kept, by key, of all cases in two jobs."""
    kept: dict[str, list[dict[str, object]]] = {}
    for contract, cases in ((EVENTS, EVENT_CASES), (TRANSACTIONS, TRANSACTION_CASES)):
        for row in values(deduplicated(valid_rows(spark, contract, cases), contract)):
            kept.setdefault(str(row[contract.key[0]]), []).append(row)
    return kept


@pytest.mark.parametrize("case", EVENT_CASES, ids=lambda case: case.title)
def test_events(case: Case, winners: dict[str, list[dict[str, object]]]) -> None:
    assert_kept(EVENTS, case, winners[case.title])


@pytest.mark.parametrize("case", TRANSACTION_CASES, ids=lambda case: case.title)
def test_transactions(case: Case, winners: dict[str, list[dict[str, object]]]) -> None:
    assert_kept(TRANSACTIONS, case, winners[case.title])


def assert_kept(contract: Contract, case: Case, kept: list[dict[str, object]]) -> None:
    expected = complete(contract, case.title, case.rows[case.kept])
    names = [*contract.column_names, "_extra", "_source_file", "event_date"]
    assert kept == [{name: expected.get(name) for name in names}]
    assert repr(kept[0].get("temperature")) == repr(expected.get("temperature"))  # -0.0 equals 0.0


def test_the_rows_that_lost_are_counted_to_their_own_files(spark: SparkSession) -> None:
    rows = [
        complete(EVENTS, "once", {"_source_file": "a"}),
        complete(EVENTS, "twice in a file", {"_source_file": "a", "ts": ONE}),
        complete(EVENTS, "twice in a file", {"_source_file": "a"}),
        complete(EVENTS, "in two files", {"_source_file": "a"}),
        complete(EVENTS, "in two files", {"_source_file": "b"}),
        complete(EVENTS, "the first file is later", {"_source_file": "a", "ts": ONE}),
        complete(EVENTS, "the first file is later", {"_source_file": "c"}),
        complete(EVENTS, "the first file is later", {"_source_file": "c", "name": "n"}),
        complete(EVENTS, "copies", {"_source_file": "b"}),
        complete(EVENTS, "copies", {"_source_file": "b"}),
        complete(EVENTS, "only wins", {"_source_file": "d"}),
    ]
    found = lost(frame(spark, schema(EVENTS), rows), EVENTS)
    assert found == {"a": (2, 1), "b": (1, 0), "c": (2, 2)}


@dataclass(frozen=True)
class Conflict:
    """The rows of one key, and how many of those that lose differ from the one that is kept."""

    title: str
    rows: tuple[Row, ...]
    conflicting: int


CONFLICTS = (
    Conflict("copies in several files", ({"_source_file": "a"}, {"_source_file": "b"}), 0),
    Conflict("another time", ({"ts": ONE}, {"ts": NOON}), 1),
    Conflict("another value", ({"age": 9}, {"age": 10}), 1),
    Conflict("a value that is missing", ({"name": "n"}, {}), 1),
    Conflict("a null is equal to a null", ({"name": None, "age": 1}, {"name": None, "age": 1}), 0),
    Conflict("a null is no empty text", ({"name": None}, {"name": ""}), 1),
    Conflict("another unknown column", ({"_extra": '{"sku":"A"}'}, {"_extra": '{"sku":"B"}'}), 1),
    Conflict("an unknown column more", ({"_extra": '{"sku":"A"}'}, {}), 1),
    Conflict("values that change places", ({"email": "x"}, {"name": "x"}), 1),
    Conflict("values that join to one text", ({"email": "ab", "name": "c"}, {"email": "a", "name": "bc"}), 1),
    Conflict("zeros of either sign", ({"temperature": 0.0}, {"temperature": -0.0}), 0),
    Conflict("one of two differs", ({"age": 10}, {"age": 9}, {"age": 10}), 1),
    Conflict("both differ, though not from each other", ({"age": 9}, {"age": 10}, {"age": 9}), 2),
)


def test_rows_conflict_where_their_content_is_not_that_of_the_row_that_is_kept(spark: SparkSession) -> None:
    rows = [
        complete(EVENTS, case.title, {"_source_file": "f", **row}) for case in CONFLICTS for row in case.rows
    ]
    found = rank(frame(spark, schema(EVENTS), rows), EVENTS).where("_conflicts").groupBy("event_id").count()
    assert {row["event_id"]: row["count"] for row in found.collect()} == {
        case.title: case.conflicting for case in CONFLICTS if case.conflicting
    }


# A promise: columns that tell recency, rows of one key, and which of them is kept.
RECENCIES: dict[str, tuple[tuple[str, ...], tuple[Row, ...], int]] = {
    "a later change wins over a later creation": (
        ("delivered_at",),
        ({"created_at": NOON, "delivered_at": ONE}, {"created_at": ONE, "delivered_at": NOON}),
        0,
    ),
    "what is null is oldest": (("delivered_at",), ({"created_at": ONE}, {"delivered_at": NOON}), 1),
    "a number can tell which is the latest": (("age",), ({"age": 10}, {"age": 9, "created_at": ONE}), 0),
    "the first column that differs decides": (
        ("age", "delivered_at"),
        ({"age": 1, "delivered_at": NOON}, {"age": 1, "delivered_at": ONE}, {"age": None, "created_at": ONE}),
        1,
    ),
    "a tie goes to the greatest file": (
        ("age",),
        ({"_source_file": "b"}, {"_source_file": "a", "created_at": ONE}),
        0,
    ),
}


@pytest.mark.parametrize("title", RECENCIES)
def test_the_contract_says_which_row_is_the_latest(spark: SparkSession, title: str) -> None:
    recency, rows, kept = RECENCIES[title]
    contract = replace(TRANSACTIONS, recency=recency)
    case = Case(title, rows, kept)
    found = values(deduplicated(valid_rows(spark, contract, [case]), contract))
    assert_kept(contract, case, found)


def test_no_rows_stay_no_rows(spark: SparkSession) -> None:
    none = frame(spark, schema(EVENTS), [])
    assert deduplicated(none, EVENTS).columns == [
        *EVENTS.column_names,
        "_extra",
        "_source_file",
        "event_date",
    ]
    assert (values(deduplicated(none, EVENTS)), lost(none, EVENTS)) == ([], {})


@pytest.mark.parametrize("is_persisted", [False, True])
@pytest.mark.parametrize("cases", [EVENT_CASES, EVENT_CASES[:1]], ids=["some repeat", "none repeats"])
def test_the_bitmap_has_only_repeated_keys_and_all_keys_are_observed(
    spark: SparkSession, cases: Sequence[Case], is_persisted: bool
) -> None:
    valid, found = valid_rows(spark, EVENTS, cases), Observation("keys")
    repeated_keys = maybe_repeated_keys(valid, EVENTS, found)
    if is_persisted:
        repeated_keys.persist()
    repeated = sum(len(case.rows) > 1 for case in cases)
    assert sum(int(row[1]).bit_count() if row[1] >= 0 else 1 for row in repeated_keys.collect()) == repeated
    repeated_keys.unpersist()
    keys = valid.select("event_id").distinct().select(key_hash(["event_id"]).alias("hash"))
    assert found.get == {
        "distinct": len(cases),
        "xor": reduce(xor, (row["hash"] for row in keys.collect())),
    }


def test_all_rows_of_a_repeated_key_are_split_off_and_no_row_is_lost(spark: SparkSession) -> None:
    valid = valid_rows(spark, EVENTS, EVENT_CASES)
    split = split_by_key_repetition(valid, EVENTS, maybe_repeated_keys(valid, EVENTS))
    times = {case.title: len(case.rows) for case in EVENT_CASES}
    assert Counter(row["event_id"] for row in split.maybe_repeated.collect()) == {
        title: rows for title, rows in times.items() if rows > 1
    }
    assert Counter(row["event_id"] for row in split.unique.collect()) == {
        title: rows for title, rows in times.items() if rows == 1
    }
    assert lost(split.maybe_repeated, EVENTS) == lost(valid, EVENTS)


# --- laws, against a plain reference ---------------------------------------------------------------

TEXTS = st.sampled_from([None, "", "a", "B", "é", "\uffff", "\U0001f600"])
FILES = st.sampled_from(["a.csv", "a/b.csv", "é.json", "\U0001f600"])
TIMES = st.sampled_from([NOON, ONE])
EVENT_ROWS = st.fixed_dictionaries(
    {"ts": TIMES, "_source_file": FILES, "name": TEXTS, "_extra": TEXTS},
    optional={
        "age": st.sampled_from([None, 9, 10]),
        "price": st.sampled_from([Decimal("-1.5000"), Decimal("2.0000")]),
        "temperature": st.sampled_from([None, -2.0, -10.5, 3.0]),
    },
)
TRANSACTION_ROWS = st.fixed_dictionaries(
    {
        "created_at": TIMES,
        "delivered_at": st.sampled_from([None, NOON, ONE]),
        "_source_file": FILES,
        "amount": st.sampled_from([Decimal("9.0000"), Decimal("10.0000")]),
        "status": TEXTS,
        "_extra": TEXTS,
    }
)


def order(row: Row, contract: Contract) -> tuple[tuple[bool, object], ...]:
    """Order rows as spec 4.4 says, in plain Python."""
    times = {"events": ["ts"], "transactions": ["created_at", "delivered_at"]}
    names = [*times[contract.name], "_source_file", *contract.column_names, "_extra"]
    return tuple(
        (row.get(name) is not None, row.get(name) if row.get(name) is not None else 0) for name in names
    )


def reference(
    groups: Sequence[Sequence[Row]], contract: Contract
) -> tuple[list[Row], Counter[str], Counter[str]]:
    """Return the winners, and by file the losers and those of them that differ from the winner."""
    won, lost, conflicting = [], Counter[str](), Counter[str]()
    for rows in groups:
        *losers, winner = sorted(rows, key=lambda row: order(row, contract))
        won.append(winner)
        lost.update(str(row["_source_file"]) for row in losers)
        conflicting.update(
            str(row["_source_file"])
            for row in losers
            if any(row.get(name) != winner.get(name) for name in (*contract.column_names, "_extra"))
        )
    return won, lost, conflicting


def keyed(groups: Sequence[Sequence[Row]], contract: Contract) -> list[list[Row]]:
    return [[complete(contract, f"k{n}", row) for row in rows] for n, rows in enumerate(groups)]


def assert_as_reference(spark: SparkSession, groups: list[list[Row]], contract: Contract) -> None:
    won, losers, conflicting = reference(groups, contract)
    valid = frame(spark, schema(contract), [row for rows in groups for row in rows])
    columns = [*contract.column_names, "_extra", "_source_file", "event_date"]
    expected = sorted(({name: row.get(name) for name in columns} for row in won), key=repr)
    assert values(deduplicated(valid, contract)) == expected
    assert lost(valid, contract) == {file: (rows, conflicting[file]) for file, rows in losers.items()}


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(EVENT_ROWS, min_size=1, max_size=5), min_size=40, max_size=80))
def test_events_are_deduplicated_as_the_reference_does(spark: SparkSession, groups: list[list[Row]]) -> None:
    assert_as_reference(spark, keyed(groups, EVENTS), EVENTS)


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(TRANSACTION_ROWS, min_size=1, max_size=5), min_size=40, max_size=80))
def test_transactions_are_deduplicated_as_the_reference_does(
    spark: SparkSession, groups: list[list[Row]]
) -> None:
    assert_as_reference(spark, keyed(groups, TRANSACTIONS), TRANSACTIONS)


@pytest.fixture(params=[1, 2, 8, 200])
def partitions(spark: SparkSession, request: pytest.FixtureRequest) -> Iterator[int]:
    """That many shuffle partitions, never merged by adaptive execution."""
    before = {
        name: spark.conf.get(name) for name in ("spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled")
    }
    spark.conf.set("spark.sql.shuffle.partitions", request.param)
    spark.conf.set("spark.sql.adaptive.enabled", "false")
    yield request.param
    for name, value in before.items():
        spark.conf.set(name, str(value))


def test_the_result_does_not_depend_on_the_order_nor_the_partitions_of_the_rows(
    spark: SparkSession, partitions: int
) -> None:
    chance = random.Random(partitions)
    groups = [
        [
            complete(
                EVENTS,
                f"k{n}",
                {
                    "ts": [NOON, ONE][(n + m) // 3 % 2],
                    "_source_file": ["a", "b"][m % 2],
                    "temperature": [0.0, -0.0, None][m % 3],
                    "_extra": [None, "x"][n % 2],
                },
            )
            for m in range(n % 7 + 1)
        ]
        for n in range(60)
    ]
    rows = [row for group in groups for row in group]
    expected = [repr(row) for row in values(deduplicated(frame(spark, schema(EVENTS), rows), EVENTS))]
    chance.shuffle(rows)
    shuffled = frame(spark, schema(EVENTS), rows).repartition(max(1, partitions // 20))
    assert len(expected) == len(groups)
    assert [repr(row) for row in values(deduplicated(shuffled, EVENTS))] == expected
