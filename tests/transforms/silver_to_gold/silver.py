"""Tiny silver datasets, and the gold tables planned from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transforms.frames import Row, frame, schema
from tests.transforms.promises import EVENTS, TRANSACTIONS, USERS
from transforms.silver_to_gold.build import gold_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from pyspark.sql import DataFrame, SparkSession

    from contracts.model import Contract


def event(event_id: str, user_id: str, ts: datetime, **columns: object) -> Row:
    """Return one row of silver events."""
    return columns | {"event_id": event_id, "user_id": user_id, "ts": ts, "event_date": ts.date()}


def transaction(tx_id: str, user_id: str, created_at: datetime, **columns: object) -> Row:
    """Return one row of silver transactions."""
    return columns | {
        "tx_id": tx_id,
        "user_id": user_id,
        "created_at": created_at,
        "event_date": created_at.date(),
    }


def silver(
    spark: SparkSession,
    *,
    events: Sequence[Row] = (),
    users: Sequence[Row] = (),
    transactions: Sequence[Row] = (),
) -> dict[str, DataFrame]:
    """Return the three datasets as frames."""
    return {
        "events": frame(spark, schema(EVENTS), events),
        "users": frame(spark, schema(USERS), users),
        "transactions": frame(spark, schema(TRANSACTIONS), transactions),
    }


def gold_tables(silver: Mapping[str, DataFrame], contracts: Sequence[Contract]) -> dict[str, DataFrame]:
    """Plan all tables, in the contracts' order."""
    built: dict[str, DataFrame] = {}
    for contract in contracts:
        built[contract.name] = gold_table(contract, {**silver, **built})
    return built
