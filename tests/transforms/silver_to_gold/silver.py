"""Tiny silver datasets for the gold tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.transforms.frames import Row, frame, schema
from tests.transforms.promises import EVENTS, TRANSACTIONS, USERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pyspark.sql import DataFrame, SparkSession


def event(event_id: str, user_id: str, ts: datetime, **told: object) -> Row:
    """Return one row of silver events."""
    return told | {"event_id": event_id, "user_id": user_id, "ts": ts, "event_date": ts.date()}


def transaction(tx_id: str, user_id: str, created_at: datetime, **told: object) -> Row:
    """Return one row of silver transactions."""
    return told | {
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
