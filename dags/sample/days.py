"""Days of a sample: weekday seasons, growth and noise."""

from __future__ import annotations

from array import array
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS = 60
FIRST_DATE = date(2024, 1, 1)
FIRST_DAY = (FIRST_DATE - date(1970, 1, 1)).days
SLOTS = 1 << 16
# Shares of the weekdays, Monday first: visitors come at the weekend, orders are placed before it.
_SEASONS = {
    "events": (0.90, 0.88, 0.92, 0.95, 1.05, 1.30, 1.20),
    "transactions": (0.95, 0.95, 1.00, 1.10, 1.25, 1.00, 0.75),
}
_GROWTH = 1.0005  # from day to day: a fifth in a year
_NOISE = 0.01  # standard deviation of a day, as a share of it


def day_by_slot(dataset: str, seed: int, days: int) -> Sequence[int]:
    """Return the day, from 0, of each of ``SLOTS`` equally probable slots.

    All parts of a dataset have the same days; the rows of a day vary with the random slot of each row.
    """
    random = Random(f"{seed}/{dataset}/days")  # noqa: S311 - not used for security
    season = _SEASONS[dataset]
    shares = [
        season[(FIRST_DATE.weekday() + day) % 7] * _GROWTH**day * random.gauss(1, _NOISE)
        for day in range(days)
    ]
    total = sum(shares)
    ends = [round(SLOTS * share / total) for share in accumulate(shares)]
    slots = array("H")
    for day, end in enumerate(ends):
        slots.extend([day] * (end - len(slots)))
    return slots


def clock_after(days: int) -> datetime:
    """Return the midnight after the last day: the clock by which nothing is late or in the future."""
    return datetime(FIRST_DATE.year, FIRST_DATE.month, FIRST_DATE.day, tzinfo=UTC) + timedelta(days=days)
