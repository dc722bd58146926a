"""How a source writes its values (spec 4.0)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transforms.bronze_to_silver.currencies import CODES
from transforms.formats.text_cleaning import clean_text, lowered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract, DateOrder, Source


@dataclass(frozen=True, slots=True)
class Conventions:
    """How a source writes its values.

    All but the last two apply to text only, not to typed values. ``null_words``: in lower case; None: those
    of the column. ``formats``: contract column -> Java datetime patterns. ``currency``: the code for all
    records; one that records name themselves is in their column CURRENCY. ``minor_units``: decimals are in
    the smallest unit of their currency.
    """

    date_order: DateOrder
    decimal_mark: str = "."
    timezone: str = "UTC"
    null_words: frozenset[str] | None = None
    currency_signs: tuple[str, ...] = ()
    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    currency: str | None = None
    minor_units: bool = False

    @property
    def treats_typed_as_text(self) -> bool:
        """Whether typed values are read like text, so that no flag is needed."""
        return self.decimal_mark == "." and self.null_words is None and not self.formats


def resolve_conventions(contract: Contract, source: Source | None) -> Conventions:
    """Return a source's conventions, with the contract's and the shipped ones as defaults."""
    if source is None:
        return Conventions(contract.date_order)
    is_code = source.currency is not None and source.currency.upper() in CODES
    return Conventions(
        source.date_order or contract.date_order,
        source.decimal_mark or ".",
        source.timezone or "UTC",
        None if source.null_words is None else lowered(("", *source.null_words)),
        tuple(filter(None, map(clean_text, source.currency_signs))),
        dict(source.formats),
        source.currency if is_code else None,
        source.minor_units,
    )
