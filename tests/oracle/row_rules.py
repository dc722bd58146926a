"""Section 4.3: the rules that a cleaned row breaks."""

from datetime import UTC, datetime, timedelta

from tests.oracle.cleaning import Row
from tests.oracle.contract import STATUSES
from tests.oracle.values import is_email, is_mangled

FIRST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)


def failed_rules(row: Row, as_of: datetime) -> list[str]:
    """The error rules that a row breaks, sorted."""
    if row.is_malformed:
        return ["malformed"]
    rules = [f"{column}_uncastable" for column in row.uncastable]
    values = row.values
    for column in row.contract.columns:
        value = values[column.name]
        if column.is_required and value is None and column.name not in row.uncastable:
            rules.append(f"{column.name}_required")
        is_moment = column.type == "timestamp" and value is not None
        if is_moment and not FIRST_INSTANT <= value <= as_of + timedelta(hours=24):
            rules.append(f"{column.name}_impossible")
        is_text = column.type == "string" and value is not None
        if is_text and len(value.encode()) > row.contract.max_bytes(column.name):
            rules.append(f"{column.name}_too_long")
    if values["age"] is not None and not 0 <= values["age"] <= 120:
        rules.append("age_range")
    if row.dataset == "transactions":
        if values["amount"] is not None and values["amount"] < 0:
            rules.append("amount_negative")
        if _is_delivered_before_creation(row):
            rules.append("delivery_before_creation")
    return sorted(rules)


def _is_delivered_before_creation(row: Row) -> bool:
    delivered, created = row.values["delivered_at"], row.values["created_at"]
    if delivered is None or created is None:
        return False
    if row.date_only & {"delivered_at", "created_at"}:
        return bool(delivered.date() < created.date())
    return bool(delivered < created)


def warned_rules(row: Row) -> list[str]:
    """The warn rules that a valid row breaks."""
    values = row.values
    rules = [f"{key}_mangled" for key in row.contract.keys if is_mangled(values[key])]
    if values["email"] is not None and not is_email(values["email"]):
        rules.append("email_format")
    if row.dataset == "transactions" and values["status"] is not None and values["status"] not in STATUSES:
        rules.append("status_known")
    if row.dataset == "events":
        rules += [f"{c}_negative" for c in ("price", "amount") if values[c] is not None and values[c] < 0]
    return rules
