"""The ten tables, whole (spec 5)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.spark import struct_type
from tests.transforms.frames import Row, at, day, frame, schema, values
from tests.transforms.promises import CONTRACTS, GOLD
from tests.transforms.silver_to_gold.silver import event, gold_tables, silver, transaction
from transforms.silver_to_gold.build import BUILDERS, check_gold, gold_table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pyspark.sql import SparkSession

NEW_YEAR, NEXT_DAY = at("2024-01-01T10:00:00"), at("2024-01-02T00:00:00")
NO_USER: Row = {"user_city": None, "user_age": None, "user_email": None}
ANN: Row = {"user_city": "Oslo", "user_age": 30, "user_email": "ann@x.no"}
NEW: Row = {"user_city": None, "user_age": None, "user_email": "bob@x.no"}


def test_a_tiny_silver_gives_these_ten_tables(spark: SparkSession) -> None:
    data = silver(
        spark,
        users=[
            {
                "user_id": "ann",
                "name": "Ann",
                "email": "ann@x.no",
                "phone": "1",
                "city": "Oslo",
                "age": 30,
                "updated_at": NEW_YEAR,
                "event_date": day("2024-01-01"),
            },
            {"user_id": "bob", "email": "bob@x.no", "event_date": day("1900-01-01")},
        ],
        events=[
            event("e1", "ann", NEW_YEAR, country="NO", email="other@x.no", age=99),
            event("e2", "ann", NEW_YEAR + timedelta(hours=1), country=None),
            event("e3", "ghost", NEXT_DAY, country="DE"),
        ],
        transactions=[
            transaction("t1", "ann", NEW_YEAR, amount=Decimal("0.0001"), status="delivered"),
            transaction("t2", "ann", NEW_YEAR, amount=Decimal("0.0002"), status=None),
            transaction("t3", "bob", NEW_YEAR, amount=Decimal("5"), status="paid", delivered_at=NEXT_DAY),
        ],
    )
    tables = gold_tables(data, GOLD)

    assert list(tables) == list(BUILDERS)
    for contract in GOLD:
        assert [(f.name, f.dataType) for f in tables[contract.name].schema] == [
            (f.name, f.dataType) for f in struct_type(contract)
        ]
    calendar = {"year": 2024, "month": 1, "month_name": "January", "week_of_year": 1}
    expected: dict[str, list[Row]] = {
        "dim_users": [
            {
                "user_id": "ann",
                "name": "Ann",
                "email": "ann@x.no",
                "city": "Oslo",
                "phone": "1",
                "age": 30,
                "updated_at": NEW_YEAR,
            },
            {
                "user_id": "bob",
                "name": None,
                "email": "bob@x.no",
                "city": None,
                "phone": None,
                "age": None,
                "updated_at": None,
            },
        ],
        "dim_country": [{"country": "NO"}, {"country": "DE"}],
        "dim_status": [{"status": "delivered"}, {"status": "paid"}],
        "dim_date": [
            {"date": day("2024-01-01"), "day": 1, "day_of_week": "Mon", **calendar},
            {"date": day("2024-01-02"), "day": 2, "day_of_week": "Tue", **calendar},
        ],
        "fact_events": [
            {
                "event_id": event_id,
                "user_id": user_id,
                "ts": ts,
                "event_date": ts.date(),
                "country": country,
                **user,
            }
            for event_id, user_id, ts, country, user in (
                ("e1", "ann", NEW_YEAR, "NO", ANN),
                ("e2", "ann", NEW_YEAR + timedelta(hours=1), None, ANN),
                ("e3", "ghost", NEXT_DAY, "DE", NO_USER),
            )
        ],
        "fact_transactions": [
            {
                "tx_id": tx_id,
                "user_id": user_id,
                "amount": Decimal(amount),
                "status": status,
                "created_at": NEW_YEAR,
                "delivered_at": delivered_at,
                "tx_date": day("2024-01-01"),
                **user,
            }
            for tx_id, user_id, amount, status, delivered_at, user in (
                ("t1", "ann", "0.0001", "delivered", None, ANN),
                ("t2", "ann", "0.0002", None, None, ANN),
                ("t3", "bob", "5.0000", "paid", NEXT_DAY, NEW),
            )
        ],
        "fact_user_activity": [
            activity("ann", "2024-01-01", 2, 2, "0.0003", "0.0002"),
            activity("bob", "2024-01-01", 0, 1, "5.0000", "5.0000"),
            activity("ghost", "2024-01-02", 1, 0, "0.0000", "0.0000"),
        ],
        "daily_revenue": [
            {
                "date": day("2024-01-01"),
                "transaction_count": 3,
                "total_revenue": Decimal("5.0003"),
                "avg_amount": Decimal("1.6668"),
                "delivered_count": 1,
            }
        ],
        "daily_active_users": [
            {
                "date": day("2024-01-01"),
                "event_active_users": 1,
                "tx_active_users": 2,
                "total_active_users": 2,
            },
            {
                "date": day("2024-01-02"),
                "event_active_users": 1,
                "tx_active_users": 0,
                "total_active_users": 1,
            },
        ],
        "user_ltv": [
            ltv("ann", 2, NEW_YEAR, NEW_YEAR + timedelta(hours=1), 2, "0.0003"),
            ltv("bob", 0, None, None, 1, "5.0000"),
            ltv("ghost", 1, NEXT_DAY, NEXT_DAY, 0, "0.0000"),
        ],
    }
    for contract in GOLD:
        rows = [{name: row[name] for name in contract.column_names} for row in expected[contract.name]]
        assert (contract.name, values(tables[contract.name])) == (contract.name, sorted(rows, key=repr))


def activity(user_id: str, date: str, events: int, transactions: int, revenue: str, average: str) -> Row:
    return {
        "user_id": user_id,
        "date": day(date),
        "events_count": events,
        "transactions_count": transactions,
        "total_revenue": Decimal(revenue),
        "avg_transaction_amount": Decimal(average),
    }


def ltv(
    user_id: str, events: int, first: datetime | None, last: datetime | None, transactions: int, revenue: str
) -> Row:
    return {
        "user_id": user_id,
        "event_count": events,
        "first_event": first,
        "last_event": last,
        "transaction_count": transactions,
        "total_revenue": Decimal(revenue),
        "ltv": Decimal(revenue),
    }


def test_tables_that_were_read_back_are_used_as_they_are(spark: SparkSession) -> None:
    data = silver(spark)
    facts = [contract for contract in GOLD if contract.name in ("fact_events", "fact_transactions")]
    built = {contract.name: frame(spark, schema(contract, ""), []) for contract in facts}
    row = {"event_id": "e", "user_id": "u", "ts": NEW_YEAR, "event_date": NEW_YEAR.date()}
    built["fact_events"] = frame(spark, schema(facts[0], ""), [row])
    user_ltv = next(contract for contract in GOLD if contract.name == "user_ltv")
    assert values(gold_table(user_ltv, {**data, **built})) == [ltv("u", 1, NEW_YEAR, NEW_YEAR, 0, "0.0000")]


def test_a_table_that_cannot_be_built_is_a_configuration_error(spark: SparkSession) -> None:
    data, dim_users = silver(spark), GOLD[0]
    with pytest.raises(ConfigurationError, match=r"gold/dim_users.yaml, .*: nothing builds dim_moon"):
        check_gold(spark, [replace(dim_users, name="dim_moon")], CONTRACTS.datasets)
    with pytest.raises(ConfigurationError, match=r"derivedFrom: built from users, found events; name these"):
        check_gold(spark, [replace(dim_users, derived_from=("events",))], CONTRACTS.datasets)
    with pytest.raises(
        ConfigurationError, match=r"fact_events reads tables that are not built yet.*found no dim_users"
    ):
        gold_tables(data, GOLD[4:])
    with pytest.raises(ConfigurationError, match=r"dim_users: the contract and the transform have different"):
        gold_table(replace(dim_users, columns=dim_users.columns[:-1]), data)


# --- a law, against a plain reference --------------------------------------------------------------

USER_IDS = st.sampled_from(["u1", "u2", "u3", "u4", "gone"])
TIMES = st.sampled_from(
    [at(text) for text in ("2023-12-31T23:59:59", "2024-01-01T00:00:00", "2024-01-03T12:00:00")]
)
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0.0000", "0.0001", "3.3333", "99999999999999.9999")])
EVENTS = st.lists(st.tuples(USER_IDS, TIMES, st.sampled_from([None, "NO"])), max_size=25)
TRANSACTIONS = st.lists(
    st.tuples(USER_IDS, TIMES, AMOUNTS, st.sampled_from([None, "paid", "delivered"])), max_size=25
)


@settings(max_examples=3, suppress_health_check=list(HealthCheck))
@given(EVENTS, TRANSACTIONS)
def test_activity_and_marts_are_the_references(
    spark: SparkSession,
    events: list[tuple[str, datetime, str | None]],
    transactions: list[tuple[str, datetime, Decimal, str | None]],
) -> None:
    tables = gold_tables(
        silver(
            spark,
            users=[{"user_id": user_id, "city": user_id.upper()} for user_id in ("u1", "u2", "u3")],
            events=[event(f"e{n}", user, ts, country=c) for n, (user, ts, c) in enumerate(events)],
            transactions=[
                transaction(f"t{n}", user, ts, amount=amount, status=status)
                for n, (user, ts, amount, status) in enumerate(transactions)
            ],
        ),
        GOLD,
    )
    expected = reference(events, transactions)
    for name, rows in expected.items():
        assert (name, values(tables[name])) == (name, sorted(rows, key=repr))
    assert tables["fact_events"].count() == len(events)
    assert tables["fact_transactions"].count() == len(transactions)


def reference(
    events: list[tuple[str, datetime, str | None]],
    transactions: list[tuple[str, datetime, Decimal, str | None]],
) -> dict[str, list[Row]]:
    """Return the activity and the marts in plain Python."""
    seen: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    sold: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    for user_id, ts, _ in events:
        seen[user_id, ts.date().isoformat()].append(ts)
    for user_id, ts, amount, _ in transactions:
        sold[user_id, ts.date().isoformat()].append(amount)
    active = sorted({*seen, *sold})
    dates = sorted({date for _, date in active})
    user_ids = sorted({user_id for user_id, _ in active})
    bought = {
        date: [(a, s) for _, ts, a, s in transactions if ts.date().isoformat() == date] for date in dates
    }
    moments = {u: sorted(ts for user_id, ts, _ in events if user_id == u) for u in user_ids}
    revenue = {u: [a for user_id, _, a, _ in transactions if user_id == u] for u in user_ids}
    return {
        "fact_user_activity": [
            activity(u, d, len(seen[u, d]), len(sold[u, d]), total(sold[u, d]), mean(sold[u, d]))
            for u, d in active
        ],
        "daily_revenue": [
            {
                "date": day(date),
                "transaction_count": len(rows),
                "total_revenue": Decimal(total(a for a, _ in rows)),
                "avg_amount": Decimal(mean([a for a, _ in rows])),
                "delivered_count": sum(status == "delivered" for _, status in rows),
            }
            for date, rows in bought.items()
            if rows
        ],
        "daily_active_users": [
            {
                "date": day(date),
                "event_active_users": len({u for u, d in active if d == date and seen[u, d]}),
                "tx_active_users": len({u for u, d in active if d == date and sold[u, d]}),
                "total_active_users": len({u for u, d in active if d == date}),
            }
            for date in dates
        ],
        "user_ltv": [
            ltv(
                u,
                len(moments[u]),
                moments[u][0] if moments[u] else None,
                moments[u][-1] if moments[u] else None,
                len(revenue[u]),
                total(revenue[u]),
            )
            for u in user_ids
        ],
    }


def total(amounts: Iterable[Decimal]) -> str:
    return str(sum(amounts, Decimal("0.0000")))


def mean(amounts: list[Decimal]) -> str:
    average = sum(amounts, Decimal(0)) / len(amounts) if amounts else Decimal(0)
    return str(average.quantize(Decimal("0.0001"), ROUND_HALF_UP))
