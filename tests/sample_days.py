"""What a long sample holds by day: its seasons, growth and noise, without its files."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from random import Random

from dags.sample.days import FIRST_DATE, SLOTS, day_by_slot

Values = dict[date, int | Decimal]
DAYS = 180
END = FIRST_DATE + timedelta(days=DAYS)  # the day after the last
ROWS = 2_000  # a day


@cache
def sampled(dataset: str, seed: int) -> dict[str, Values]:
    """Rows, distinct users and the sum of amounts by day, drawn as the sample draws them."""
    slots, random = day_by_slot(dataset, seed, DAYS), Random(seed)
    rows = [0] * DAYS
    cents = [0] * DAYS
    users: list[set[int]] = [set() for _ in range(DAYS)]
    for _ in range(ROWS * DAYS):
        bits = random.getrandbits(64)
        day = slots[bits % SLOTS]
        rows[day] += 1
        cents[day] += bits >> 44
        users[day].add((bits >> 16) % 20_000)
    days = [FIRST_DATE + timedelta(days=day) for day in range(DAYS)]
    return {
        "rows": dict(zip(days, rows, strict=True)),
        "revenue": {day: Decimal(sum_) / 100 for day, sum_ in zip(days, cents, strict=True)},
        "users": {day: len(found) for day, found in zip(days, users, strict=True)},
    }
