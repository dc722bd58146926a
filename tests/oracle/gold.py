"""Section 5: the ten gold tables, from the rows of silver."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.oracle.cleaning import Row
from tests.oracle.contract import MAX_UNKNOWN_USER_RATIO
from tests.oracle.current import event_date
from tests.oracle.days import days_out_of_line

COLUMNS = {
    name: tuple(columns.split())
    for name, columns in {
        "dim_users": "user_id name email city phone age updated_at",
        "dim_country": "country",
        "dim_status": "status",
        "dim_date": "date year month day day_of_week week_of_year month_name",
        "fact_events": "event_id user_id ts event_date country user_city user_age user_email",
        "fact_transactions": (
            "tx_id user_id amount status created_at delivered_at tx_date user_city user_age user_email"
        ),
        "fact_user_activity": (
            "user_id date events_count transactions_count total_revenue avg_transaction_amount"
        ),
        "daily_revenue": "date transaction_count total_revenue avg_amount delivered_count",
        "daily_active_users": "date event_active_users tx_active_users total_active_users",
        "user_ltv": ("user_id event_count first_event last_event transaction_count total_revenue ltv"),
    }.items()
}
KIND = {name: {"dim": "dim", "fact": "fact"}.get(name.split("_")[0], "mart") for name in COLUMNS}
KIND["fact_user_activity"] = "fact"

_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_CENT_OF_CENT = Decimal("0.0001")

Rows = list[tuple[Any, ...]]


def make_gold(events: Sequence[Row], users: Sequence[Row], transactions: Sequence[Row]) -> dict[str, Rows]:
    return {
        "dim_users": [tuple(user.values[c] for c in COLUMNS["dim_users"]) for user in users],
        "dim_country": _distinct(row.values["country"] for row in events),
        "dim_status": _distinct(row.values["status"] for row in transactions),
        "dim_date": _dates([event_date(row) for row in [*events, *transactions]]),
        "fact_events": _fact_events(events, users),
        "fact_transactions": _fact_transactions(transactions, users),
        "fact_user_activity": _user_activity(events, transactions),
        "daily_revenue": _daily_revenue(transactions),
        "daily_active_users": _daily_active_users(events, transactions),
        "user_ltv": _user_ltv(events, transactions),
    }


def gold_verdicts(tables: dict[str, Rows], as_of: datetime) -> dict[str, str]:
    """A gold rule that is an error cannot break here; unknown users and days out of line warn."""
    known = {row[0] for row in tables["dim_users"]}
    verdicts = dict.fromkeys(tables, "pass")
    for fact in ("fact_events", "fact_transactions"):
        unknown = sum(row[1] not in known for row in tables[fact])
        if Decimal(unknown) > Decimal(str(MAX_UNKNOWN_USER_RATIO)) * len(tables[fact]):
            verdicts[fact] = "warn"
    # Columns after the date: transaction_count and total_revenue; total_active_users is the last.
    for mart, columns in (("daily_revenue", (1, 2)), ("daily_active_users", (3,))):
        for column in columns:
            if days_out_of_line({row[0]: row[column] for row in tables[mart]}, as_of):
                verdicts[mart] = "warn"
    return verdicts


def _distinct(values: Iterable[str | None]) -> Rows:
    return [(value,) for value in sorted({value for value in values if value is not None})]


def _dates(dates: Sequence[date]) -> Rows:
    if not dates:
        return []
    days = [min(dates) + timedelta(days=i) for i in range((max(dates) - min(dates)).days + 1)]
    return [
        (d, d.year, d.month, d.day, _WEEKDAYS[d.weekday()], d.isocalendar().week, _MONTHS[d.month - 1])
        for d in days
    ]


def _user(users: Sequence[Row], user_id: str) -> tuple[Any, ...]:
    for user in users:
        if user.values["user_id"] == user_id:
            return (user.values["city"], user.values["age"], user.values["email"])
    return (None, None, None)


def _fact_events(events: Sequence[Row], users: Sequence[Row]) -> Rows:
    return [
        (v["event_id"], v["user_id"], v["ts"], event_date(row), v["country"], *_user(users, v["user_id"]))
        for row in events
        for v in [row.values]
    ]


def _fact_transactions(transactions: Sequence[Row], users: Sequence[Row]) -> Rows:
    columns = ("tx_id", "user_id", "amount", "status", "created_at", "delivered_at")
    return [
        (*(row.values[c] for c in columns), event_date(row), *_user(users, row.values["user_id"]))
        for row in transactions
    ]


def _revenue(transactions: Sequence[Row]) -> Decimal:
    return sum((row.values["amount"] for row in transactions), Decimal("0.0000"))


def _average(transactions: Sequence[Row]) -> Decimal:
    if not transactions:
        return Decimal("0.0000")
    return (_revenue(transactions) / len(transactions)).quantize(_CENT_OF_CENT, ROUND_HALF_UP)


def _user_activity(events: Sequence[Row], transactions: Sequence[Row]) -> Rows:
    done = defaultdict(lambda: ([], []))  # (user, date): events, transactions
    for kind, rows in enumerate((events, transactions)):
        for row in rows:
            done[row.values["user_id"], event_date(row)][kind].append(row)
    return [
        (user, day, len(seen), len(bought), _revenue(bought), _average(bought))
        for (user, day), (seen, bought) in sorted(done.items(), key=lambda item: item[0])
    ]


def _daily_revenue(transactions: Sequence[Row]) -> Rows:
    days = defaultdict(list)
    for row in transactions:
        days[event_date(row)].append(row)
    return [
        (day, len(rows), _revenue(rows), _average(rows), sum(r.values["status"] == "delivered" for r in rows))
        for day, rows in sorted(days.items())
    ]


def _daily_active_users(events: Sequence[Row], transactions: Sequence[Row]) -> Rows:
    days = defaultdict(lambda: (set(), set()))
    for kind, rows in enumerate((events, transactions)):
        for row in rows:
            days[event_date(row)][kind].add(row.values["user_id"])
    return [(day, len(seen), len(bought), len(seen | bought)) for day, (seen, bought) in sorted(days.items())]


def _user_ltv(events: Sequence[Row], transactions: Sequence[Row]) -> Rows:
    rows = []
    for user in sorted({row.values["user_id"] for row in [*events, *transactions]}):
        instants = [row.values["ts"] for row in events if row.values["user_id"] == user]
        bought = [row for row in transactions if row.values["user_id"] == user]
        first, last = (min(instants), max(instants)) if instants else (None, None)
        revenue = _revenue(bought)
        rows.append((user, len(instants), first, last, len(bought), revenue, revenue))
    return rows
