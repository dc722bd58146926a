"""Expected results of a sample, counted while it is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

UNITS = 10_000  # amounts are integers in ten-thousandths, so that sums are exact


def key_digest(key: str) -> int:
    """Return a 64-bit digest of a key. Sums of digests are independent of the order of the keys."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


@dataclass
class DatasetTruth:
    """Expected results of one dataset; those of different files can be added."""

    valid_files: int = 0
    files_without_rows: int = 0  # included in valid_files
    ignored_files: int = 0
    rejected_files: Counter[str] = field(default_factory=Counter)
    rows_read: int = 0
    rows_quarantined: int = 0
    rows_deduplicated: int = 0
    rows_promoted: int = 0
    rows_by_rule: Counter[str] = field(default_factory=Counter)
    rows_warned: Counter[str] = field(default_factory=Counter)
    key_sum: int = 0

    def keep(self, key: str) -> None:
        """Count a row to be promoted."""
        self.rows_read += 1
        self.rows_promoted += 1
        self.key_sum = (self.key_sum + key_digest(key)) % 2**64

    def drop(self) -> None:
        """Count a valid row to be removed by deduplication."""
        self.rows_read += 1
        self.rows_deduplicated += 1

    def quarantine(self, rules: tuple[str, ...]) -> None:
        """Count a row that breaks the given row rules."""
        self.rows_read += 1
        self.rows_quarantined += 1
        self.rows_by_rule.update(rules)

    def add(self, other: DatasetTruth) -> None:
        """Add the results of other files of the same dataset."""
        self.valid_files += other.valid_files
        self.files_without_rows += other.files_without_rows
        self.ignored_files += other.ignored_files
        self.rows_read += other.rows_read
        self.rows_quarantined += other.rows_quarantined
        self.rows_deduplicated += other.rows_deduplicated
        self.rows_promoted += other.rows_promoted
        self.key_sum = (self.key_sum + other.key_sum) % 2**64
        for own, others in (
            (self.rejected_files, other.rejected_files),
            (self.rows_by_rule, other.rows_by_rule),
            (self.rows_warned, other.rows_warned),
        ):
            own.update(others)

    def document(self) -> dict[str, object]:
        """Return the results as JSON values, with the keys of the run report."""
        return {
            "files": {
                "valid": self.valid_files,
                "ignored": self.ignored_files,
                "without_rows": self.files_without_rows,
                "quarantined": dict(sorted(self.rejected_files.items())),
            },
            "rows_read": self.rows_read,
            "rows_promoted": self.rows_promoted,
            "rows_quarantined": self.rows_quarantined,
            "rows_deduplicated": self.rows_deduplicated,
            "rows_by_rule": dict(sorted(self.rows_by_rule.items())),
            "rows_warned": dict(sorted(self.rows_warned.items())),
            "keys": {"count": self.rows_promoted, "sum_of_blake2b_64": self.key_sum},
        }


@dataclass
class ActivityTruth:
    """Expected gold totals. Active users are bit sets: one bit per user and day."""

    event_users: dict[int, bytearray] = field(default_factory=dict)
    transaction_users: dict[int, bytearray] = field(default_factory=dict)
    transactions_by_day: Counter[int] = field(default_factory=Counter)
    revenue_by_day: Counter[int] = field(default_factory=Counter)
    delivered_by_day: Counter[int] = field(default_factory=Counter)
    countries: set[str] = field(default_factory=set)
    statuses: set[str] = field(default_factory=set)

    def add(self, other: ActivityTruth) -> None:
        """Add the activity of another part."""
        for own, others in (
            (self.event_users, other.event_users),
            (self.transaction_users, other.transaction_users),
        ):
            for day, bits in others.items():
                joined = int.from_bytes(own.get(day, b""), "little") | int.from_bytes(bits, "little")
                own[day] = bytearray(joined.to_bytes(max(len(bits), len(own.get(day, b""))), "little"))
        self.transactions_by_day.update(other.transactions_by_day)
        self.revenue_by_day.update(other.revenue_by_day)
        self.delivered_by_day.update(other.delivered_by_day)
        self.countries |= other.countries
        self.statuses |= other.statuses

    def document(self, first_day: str, day_names: list[str], users: int, events: int) -> dict[str, object]:
        """Return the ten gold tables' totals. ``day_names[i]`` is the date of day i."""
        event_bits = {d: int.from_bytes(b, "little") for d, b in self.event_users.items()}
        transaction_bits = {d: int.from_bytes(b, "little") for d, b in self.transaction_users.items()}
        days = sorted(set(event_bits) | set(transaction_bits))
        either = {d: event_bits.get(d, 0) | transaction_bits.get(d, 0) for d in days}
        ever_active = 0
        for bits in either.values():
            ever_active |= bits
        total = sum(self.revenue_by_day.values())
        return {
            "first_day": first_day,
            "total_revenue": _money(total),
            "rows": {
                "dim_users": users,
                "dim_country": len(self.countries),
                "dim_status": len(self.statuses),
                "dim_date": days[-1] - days[0] + 1 if days else 0,
                "fact_events": events,
                "fact_transactions": sum(self.transactions_by_day.values()),
                "fact_user_activity": sum(bits.bit_count() for bits in either.values()),
                "daily_revenue": len(self.transactions_by_day),
                "daily_active_users": len(days),
                "user_ltv": ever_active.bit_count(),
            },
            "daily_revenue": {
                day_names[d]: {
                    "transaction_count": self.transactions_by_day[d],
                    "total_revenue": _money(self.revenue_by_day[d]),
                    "delivered_count": self.delivered_by_day[d],
                }
                for d in sorted(self.transactions_by_day)
            },
            "daily_active_users": {
                day_names[d]: {
                    "event_active_users": event_bits.get(d, 0).bit_count(),
                    "tx_active_users": transaction_bits.get(d, 0).bit_count(),
                    "total_active_users": either[d].bit_count(),
                }
                for d in days
            },
        }


def _money(units: int) -> str:
    sign, units = ("-" if units < 0 else ""), abs(units)
    return f"{sign}{units // UNITS}.{units % UNITS:04d}"
