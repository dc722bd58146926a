"""Names of the shipped tables, in the order of the specification; the code has no such list."""

from __future__ import annotations

DATASETS = ("events", "users", "transactions")
USERS_HISTORY = "users_history"
GOLD_TABLES = (
    *("dim_users", "dim_country", "dim_status", "dim_date"),
    *("fact_events", "fact_transactions", "fact_user_activity"),
    *("daily_revenue", "daily_active_users", "user_ltv"),
)
