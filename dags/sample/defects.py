"""Defects: changes of one good value that break known row rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

COLUMNS = {
    "events": (
        "event_id", "user_id", "ts", "country", "email", "name", "message", "age", "price", "amount",
        "temperature",
    ),
    "users": ("user_id", "name", "email", "phone", "city", "age", "updated_at"),
    "transactions": (
        "tx_id", "user_id", "amount", "status", "created_at", "delivered_at", "email", "name", "age",
    ),
}  # fmt: skip

# Changes one row's texts, in the order of COLUMNS, and returns the rules that the row then breaks.
Defect = Callable[[list[str | None], Random], tuple[str, ...]]


def _set(position: int, text: str | None, *rules: str) -> Defect:
    def apply(texts: list[str | None], _random: Random) -> tuple[str, ...]:
        texts[position] = text
        return rules

    return apply


def _both(first: Defect, second: Defect) -> Defect:
    return lambda texts, random: first(texts, random) + second(texts, random)


def defects_of(dataset: str, *, is_typed: bool) -> Sequence[Defect]:
    """Return defects for every row rule of a dataset; a typed file cannot hold values of another type."""
    at = {name: i for i, name in enumerate(COLUMNS[dataset])}
    found: list[Defect] = [_set(at["age"], "121", "age_range"), _set(at["age"], "-1", "age_range")]
    for name in {"events": ("ts",), "users": ("updated_at",), "transactions": ("created_at",)}[dataset]:
        found.append(_set(at[name], "1999-12-31T23:59:59Z", f"{name}_impossible"))
        too_late = _set(at[name], "2999-01-01T00:00:00Z", f"{name}_impossible")
        # Without the delivery, which would be before the creation and break one more rule.
        found.append(
            _both(too_late, _set(at["delivered_at"], None)) if dataset == "transactions" else too_late
        )
        if not is_typed:
            found += [
                _set(at[name], bad, f"{name}_uncastable") for bad in ("25/12/2024", "yesterday", "2024-02-30")
            ]
        if dataset != "users":
            found.append(_set(at[name], None, f"{name}_required"))
    required = {
        "events": ("event_id", "user_id"),
        "users": ("user_id",),
        "transactions": ("tx_id", "user_id"),
    }
    found += [_set(at[name], None, f"{name}_required") for name in required[dataset]]
    if not is_typed:
        found += [_set(at[name], "N/A", f"{name}_required") for name in required[dataset]]
        found += [_set(at["age"], bad, "age_uncastable") for bad in ("34.7", "old", "0x20")]
        if dataset != "users":
            found += [_set(at["amount"], bad, "amount_uncastable") for bad in ("12,50", "1.234,56", "abc")]
        if dataset == "events":
            found += [
                _set(at["price"], "free", "price_uncastable"),
                _set(at["temperature"], "warm", "temperature_uncastable"),
            ]
    if dataset == "transactions":
        found.append(_set(at["amount"], None, "amount_required"))
        found.append(_set(at["amount"], "-0.01", "amount_negative"))
        found.append(_set(at["delivered_at"], "2023-12-31T00:00:00Z", "delivery_before_creation"))
        if not is_typed:
            found.append(_set(at["delivered_at"], "soon", "delivered_at_uncastable"))
    found.append(_both(_set(at["age"], "999", "age_range"), _set(at["user_id"], None, "user_id_required")))
    return found
