"""Days that are out of line with the same weekday of earlier weeks, and feeds that are late (spec 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from statistics import median

from pydantic import BaseModel, ConfigDict, Field, field_validator

from contracts.system_columns import UNDATED

ValuesByDay = Mapping[date, int | Decimal]

LEAST_HISTORY = 4  # days; with fewer, a day is not judged
LEAST_EXPECTED = 10  # a day with a lower median is not judged
# Makes the median of the absolute deviations an estimate of a normal distribution's standard deviation.
_NORMAL = Decimal("1.4826")
_LEAST_SPREAD = Decimal("0.02")  # of the median
_DIGITS = 60  # sums of decimal(38,4) are exact; square roots are not
_SHOWN = Decimal("0.0001")


class DaySettings(BaseModel):
    """How days are judged; the policy's ``days_out_of_line``.

    ``days``: so many days before the clock's date are judged, each by the same weekday of so many earlier
    ``weeks``. A value is out of line if its distance from their median is more than ``sensitivity`` spreads
    and more than ``min_change`` medians. ``ignore``: days that are not judged and are no history of others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    days: int = Field(default=7, ge=1, le=366)
    weeks: int = Field(default=8, ge=LEAST_HISTORY, le=520)
    sensitivity: float = Field(default=4.0, gt=0, allow_inf_nan=False)
    min_change: float = Field(default=0.1, ge=0, allow_inf_nan=False)
    ignore: tuple[date, ...] = ()

    @field_validator("ignore", mode="before")
    @classmethod
    def _read_days(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class DayOutOfLine:
    """A day whose value is out of line.

    ``expected``: the median of its history. ``low``, ``high``: the least and the greatest value in line,
    rounded to four decimals, ``low`` not below 0.
    """

    day: date
    found: int | Decimal
    expected: int | Decimal
    low: int | Decimal
    high: int | Decimal

    def __str__(self) -> str:
        """Return the day with what was found and what was expected."""
        return f"{self.day.isoformat()}: {self.found:,} found, {self.expected:,} expected"

    def as_json(self) -> dict[str, str]:
        """Return the fields as texts, in which decimals stay exact."""
        return {field.name: str(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, found: Mapping[str, str]) -> DayOutOfLine:
        """Return the day of ``as_json``."""
        numbers = {name: as_number(text) for name, text in found.items() if name != "day"}
        return cls(date.fromisoformat(found["day"]), **numbers)


@dataclass(frozen=True, slots=True)
class DaysJudged:
    """The number of days with enough history to be judged, and those of them out of line, in order."""

    judged: int = 0
    out_of_line: tuple[DayOutOfLine, ...] = ()


def judge_days(values: ValuesByDay, today: date, settings: DaySettings) -> DaysJudged:
    """Judge the days before ``today`` by the same weekday of earlier weeks.

    The history of a day are the days 7, 14, … before it that are not before the first day of ``values`` and
    not ignored. With m, the median of their values, and s = max(1.4826 · median(|x - m|), √m, 0.02 · m), a
    value x is out of line if |x - m| > sensitivity · s and |x - m| > min_change · m. A day with fewer than 4
    days of history, or with m < 10, is not judged.

    Args:
        values: by day. A missing day counts as 0. The date of undated rows (1900-01-01) is no day.
        today: the date of the clock in UTC.
        settings: of the policy.

    >>> flat = {date(2024, 3, 1) + timedelta(days=back): 100 for back in range(60)}
    >>> judge_days(flat, date(2024, 4, 30), DaySettings())
    DaysJudged(judged=7, out_of_line=())
    >>> [str(one) for one in judge_days(flat, date(2024, 5, 1), DaySettings()).out_of_line]
    ['2024-04-30: 0 found, 100 expected']
    """
    first = min((day for day in values if day.isoformat() != UNDATED), default=None)
    if first is None:
        return DaysJudged()
    judged, out_of_line = 0, []
    for back in range(settings.days, 0, -1):
        day = today - timedelta(days=back)
        history = _history(values, day, first, settings)
        if day in settings.ignore or len(history) < LEAST_HISTORY:
            continue
        with localcontext(prec=_DIGITS):
            found, expected = values.get(day, 0), median(history)
            if expected < LEAST_EXPECTED:
                continue
            judged += 1
            distance = _distance_in_line(history, expected, settings)
            if abs(found - expected) > distance:
                low, high = max(expected - distance, Decimal(0)), expected + distance
                out_of_line.append(DayOutOfLine(day, found, *map(_plain, (expected, low, high))))
    return DaysJudged(judged, tuple(out_of_line))


def as_number(text: str) -> int | Decimal:
    """Return the number in a text; an integer where there is no decimal point.

    >>> as_number("12"), as_number("12.50")
    (12, Decimal('12.50'))
    """
    return Decimal(text) if "." in text else int(text)


def _history(values: ValuesByDay, day: date, first: date, settings: DaySettings) -> Sequence[Decimal]:
    earlier = (day - timedelta(weeks=week) for week in range(1, settings.weeks + 1))
    return [Decimal(values.get(one, 0)) for one in earlier if one >= first and one not in settings.ignore]


def _distance_in_line(history: Sequence[Decimal], expected: Decimal, settings: DaySettings) -> Decimal:
    """Return how far a value may be from the median of its history."""
    deviation = median(abs(value - expected) for value in history)
    spread = max(_NORMAL * deviation, expected.sqrt(), _LEAST_SPREAD * expected)
    return max(_exact(settings.sensitivity) * spread, _exact(settings.min_change) * expected)


def _exact(number: float) -> Decimal:
    """Return a number as it is written, not its binary approximation."""
    return Decimal(str(number))


def _plain(value: Decimal) -> int | Decimal:
    """Return a value to four decimals; one without decimals as an integer."""
    rounded = value.quantize(_SHOWN)
    return int(rounded) if rounded == rounded.to_integral_value() else rounded.normalize()


def freshness(latest: datetime, as_of: datetime, max_age_hours: float) -> tuple[bool, str]:
    """Return whether the latest timestamp is no older than ``max_age_hours``, and both moments in words."""
    earliest = as_of - timedelta(hours=max_age_hours)
    return latest >= earliest, f"latest {_in_utc(latest)}, expected {_in_utc(earliest)} or later"


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
