"""Functions of Spark SQL in Python, and the two of section 4.0, `number()` and `moment()`, for expressions.

Each takes what the SQL function takes, None for null, and raises ValueError where the function fails in ANSI
mode. The functions that end in `_cell` make the typed value of a contract column.
"""

import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.oracle.records import Cell
from tests.oracle.sources import Source
from tests.oracle.timestamps import to_moment
from tests.oracle.values import (
    Moment,
    Uncastable,
    clean,
    fit_decimal,
    is_not_finite,
    is_null_word,
    to_number,
)


def number(text: str | None, source: Source) -> Decimal | None:
    """`number(x)`: a decimal(24,4) by the source's own conventions."""
    cleaned = clean(text or "")
    if is_null_word(cleaned, own=source.null_words) or is_not_finite(cleaned):
        return None
    found = to_number(cleaned, source.decimal_mark, source.currency_signs)
    fitted = found if isinstance(found, Uncastable) else fit_decimal(found, cleaned, digits=24)
    if isinstance(fitted, Uncastable):
        raise ValueError(f"{cleaned!r} is no decimal(24,4)")  # noqa: TRY004
    return fitted.value


def moment(text: str | None, source: Source, *patterns: str) -> datetime | None:
    """`moment(x[, pattern])`: a timestamp by the source's own conventions."""
    cleaned = clean(text or "")
    if is_null_word(cleaned, own=source.null_words):
        return None
    found = to_moment(cleaned, source.date_order, source.timezone, patterns)
    if isinstance(found, Uncastable):
        raise ValueError(f"{cleaned!r} is no timestamp")  # noqa: TRY004
    return found.instant


def number_cell(value: Decimal | int | None) -> Cell | None:
    return (
        None if value is None else Cell(str(value) if isinstance(value, int) else f"{value:f}", is_typed=True)
    )


def moment_cell(instant: datetime | None) -> Cell | None:
    if instant is None:
        return None
    return Cell(f"{instant:%Y-%m-%dT%H:%M:%S.%f}Z", is_typed=True, moment=Moment(instant))


def date_cell(day: date | None) -> Cell | None:
    if day is None:
        return None
    at = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return Cell(day.isoformat(), is_typed=True, moment=Moment(at, is_date_only=True))


def text_cell(text: str | None) -> Cell | None:
    return None if text is None else Cell(text)


def cast_to_int(text: str | None) -> int | None:
    """`CAST(x AS INT)`"""
    if text is None:
        return None
    stripped = text.strip()
    if not re.fullmatch(r"[+-]?[0-9]+", stripped) or not -(2**31) <= int(stripped) < 2**31:
        raise ValueError(text)
    return int(stripped)


def cast_to_decimal(text: str | None, scale: int) -> Decimal | None:
    """`CAST(x AS DECIMAL(…, scale))`"""
    if text is None:
        return None
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)", text.strip()):
        raise ValueError(text)
    return Decimal(text.strip()).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def product(left: Decimal | int | None, right: Decimal | int | None) -> Decimal | int | None:
    """`a * b`"""
    return None if left is None or right is None else left * right


def concat(*texts: str | None) -> str | None:
    """`concat(…)`"""
    return None if None in texts else "".join(text for text in texts if text is not None)


def concat_ws(separator: str, *texts: object) -> str:
    """`concat_ws(separator, …)`"""
    return separator.join(str(text) for text in texts if text is not None)


def sha2(text: str) -> str:
    """`sha2(x, 256)`"""
    return hashlib.sha256(text.encode()).hexdigest()


def timestamp_seconds(seconds: int | None) -> datetime | None:
    """`timestamp_seconds(x)`"""
    return None if seconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
