"""Different spellings of values, as upstreams write them (spec 4.2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(seconds: int) -> str:
    """Return an instant (epoch seconds) in ISO 8601."""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def some_timestamp(random: Random, seconds: int) -> str:
    """Return an instant (epoch seconds) in a random spelling."""
    at = EPOCH + timedelta(seconds=seconds)
    form = random.randrange(14)
    if form == 0:
        return at.strftime("%Y-%m-%d %H:%M:%S")
    if form == 1:
        return at.astimezone(timezone(timedelta(hours=5, minutes=30))).strftime("%Y-%m-%dT%H:%M:%S+05:30")
    if form == 2:
        return at.astimezone(timezone(timedelta(hours=-8))).strftime("%Y-%m-%d %H:%M:%S -0800")
    if form == 3:
        return at.astimezone(timezone(timedelta(hours=3))).strftime("%Y-%m-%dT%H:%M:%S.000000+03")
    if form == 4:
        return str(seconds)
    if form == 5:
        return f"{seconds}000"
    if form == 6:
        return f"{seconds}000000"
    if form == 7:
        return f"{seconds}.000"
    if form == 8:
        return at.strftime("%Y%m%dT%H%M%SZ")
    if form == 9:
        return at.strftime("%d-%b-%Y %H:%M:%S")
    if form == 10:
        return at.strftime("%b %-d, %Y %H:%M:%S").upper()
    if form == 11:
        return format_datetime(at)
    if form == 12:
        return at.strftime("%-m/%-d/%Y %H:%M:%S")
    return at.strftime("%m.%d.%Y %H:%M:%S")


def plain_amount(units: int) -> str:
    """Return an amount, in ten-thousandths, as a decimal with two or four digits."""
    sign, units = ("-" if units < 0 else ""), abs(units)
    whole, rest = divmod(units, 10_000)
    return f"{sign}{whole}.{rest // 100:02d}" if rest % 100 == 0 else f"{sign}{whole}.{rest:04d}"


def some_amount(random: Random, units: int) -> str:
    """Return an amount, in ten-thousandths, in a random spelling."""
    whole, rest = divmod(abs(units), 10_000)
    plain = plain_amount(abs(units))
    if units < 0:
        return random.choice((f"({plain})", f"-${plain}", f"$-{plain}", f"-{plain}"))
    grouped = f"{whole:,}.{rest:04d}"
    return random.choice(
        (
            grouped,
            f"${grouped}",
            f"{plain} EUR",
            f"USD {plain}",
            f"€ {plain}",
            f"+{plain}",
            f"{units}e-4",
            f" {plain}  ",
        )
    )


def some_integer(random: Random, value: int) -> str:
    """Return a small integer in a random spelling."""
    return random.choice((f"{value}.0", f"+{value}", f" {value} ", f"{value}.", f"{value}e0"))


def some_text(random: Random, text: str) -> str:
    """Return a text with blanks or control characters that cleaning removes."""
    return random.choice((f"  {text}", f"{text}\u00a0", f"\u2003{text}\t", f"{text}\u0007", f"\u200a{text} "))
