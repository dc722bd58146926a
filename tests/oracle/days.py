"""Section 11: days out of line, and feeds that are late."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

LATENCY = timedelta(days=1)  # slaProperties of the three datasets
JUDGED_DAYS = 7
WEEKS = range(1, 9)


def is_late(timestamps: Collection[datetime | None], as_of: datetime) -> bool:
    known = [at for at in timestamps if at is not None]
    return bool(known) and max(known) < as_of - LATENCY


def days_out_of_line(values: Mapping[date, int | Decimal], as_of: datetime) -> list[date]:
    """`values` holds no undated rows."""
    today = as_of.date()
    days = [today - timedelta(days=back) for back in range(1, JUDGED_DAYS + 1)]
    return sorted(day for day in days if _is_out_of_line(values, day))


def _is_out_of_line(values: Mapping[date, int | Decimal], day: date) -> bool:
    earlier = [day - timedelta(days=7 * week) for week in WEEKS]
    history = [Fraction(values.get(one, 0)) for one in earlier if one >= min(values, default=date.max)]
    if len(history) < 4:
        return False
    m = _median(history)
    if m < 10:
        return False
    distance = abs(Fraction(values.get(day, 0)) - m)
    # s is the largest of three; so distance > 4 s where it is more than four times each of them.
    is_far = (
        distance > 4 * Fraction("1.4826") * _median([abs(x - m) for x in history])
        and distance**2 > 16 * m
        and distance > 4 * Fraction("0.02") * m
    )
    return is_far and distance > Fraction("0.1") * m


def _median(values: list[Fraction]) -> Fraction:
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
