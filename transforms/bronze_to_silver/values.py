"""From the texts of records to the contract's typed values, once for all groups of files (spec 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.model import DateOrder, Kind
from transforms.bronze_to_silver import transactions
from transforms.bronze_to_silver.numbers import parse_number
from transforms.bronze_to_silver.peculiarities import settle
from transforms.bronze_to_silver.precedence import EVENT_DATE, EXTRA
from transforms.bronze_to_silver.records import (
    FLAW,
    KEY,
    PLAIN,
    RAW,
    failure_of,
    is_typed_of,
    moment_of,
    ready_of,
    text_of,
)
from transforms.bronze_to_silver.text import clean_text, null_if_word, null_words_of
from transforms.bronze_to_silver.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

    from contracts.model import Column as ContractColumn
    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.gathered import Gathered

_UNDATED = "1900-01-01"  # the event_date of a row that need not have a time and has none


@dataclass(frozen=True, slots=True)
class Conventions:
    """How an upstream writes what a text alone does not tell. They hold for texts, not for typed values."""

    date_order: DateOrder
    decimal_mark: str = "."
    timezone: str = "UTC"


def conventions(contract: Contract, source: Source | None) -> Conventions:
    """Return a source's conventions, the contract's where it has none of its own."""
    if source is None:
        return Conventions(contract.date_order)
    return Conventions(
        source.date_order or contract.date_order, source.decimal_mark or ".", source.timezone or "UTC"
    )


def typed_rows(gathered: Gathered, contract: Contract, by: Conventions) -> DataFrame:
    """Return the cleaned rows of gathered records.

    Grain: a record, in no order. For each contract column its typed value (null: missing, uncastable or
    malformed); ``_extra``, ``_source_file``, ``_raw``, ``_malformed``; ``_uncastable_<c>``, ``_currency_<c>``
    (decimals), ``_date_only_<c>`` (timestamps); for transactions the two comparable times; ``event_date``.
    """
    # Each select stands on the one before it: an expression used twice must be a column by then.
    cleaned = gathered.frame.withColumns({_cleaned(c): _clean(c) for c in contract.columns})
    texts = cleaned.withColumns(
        {_cleaned(c): null_if_word(sf.col(_cleaned(c)), null_words_of(c)) for c in contract.columns}
    )
    values: list[Column] = []
    judgements: list[Column] = []
    for column in contract.columns:
        value, judged = _read(column, gathered, contract, by)
        values.append(value.alias(column.name))
        judgements += [judgement.alias(name) for name, judgement in judged.items()]
    rows = texts.select(
        *values, EXTRA, KEY, sf.col(RAW).alias("_raw"), sf.col(FLAW).alias("_malformed"), *judgements
    )
    comparable = transactions.comparable_times() if contract.name == transactions.DATASET else []
    return rows.select("*", *comparable, _event_date(contract).alias(EVENT_DATE))


def _read(
    column: ContractColumn, gathered: Gathered, contract: Contract, by: Conventions
) -> tuple[Column, dict[str, Column]]:
    """Return a column's value, and by name what is to be said of it."""
    text = sf.col(_cleaned(column))
    judged: dict[str, Column] = {}
    is_ready = column.name in gathered.ready
    match column.type.kind:
        case Kind.STRING:
            string = sf.coalesce(text, sf.col(ready_of(column.name))) if is_ready else text
            value = settle(string, contract.name, column.name)
            uncastable = sf.lit(None).cast("string")
        case Kind.TIMESTAMP:
            parsed = parse_timestamp(text, by.date_order, by.timezone)
            value, uncastable = parsed.value, parsed.uncastable
            judged = {_date_only(column): parsed.is_date_only}
        case _:
            value, uncastable, judged = _number(text, column, gathered, by)
    if is_ready and column.type.kind is not Kind.STRING:
        value, uncastable, judged = _unless_ready(column, value, uncastable, judged)
    if column.name in gathered.timed:
        value, uncastable, judged = _unless_typed_time(column, value, uncastable, judged)
    if column.name in gathered.computed:
        uncastable = sf.coalesce(sf.col(failure_of(column.name)), uncastable)
    if column.name in contract.uncastable_columns:
        judged = {f"_uncastable_{column.name}": uncastable, **judged}
    return value, judged


def _unless_ready(
    column: ContractColumn, value: Column, uncastable: Column, judged: Mapping[str, Column]
) -> tuple[Column, Column, dict[str, Column]]:
    """Return what is read of a text for the few rows that have one.

    Within a branch that is seldom taken it is neither computed nor compiled for the others.
    """
    has_text = sf.col(_cleaned(column)).isNotNull()
    value = sf.when(has_text, value).otherwise(sf.col(ready_of(column.name)))
    return value, sf.when(has_text, uncastable), {n: sf.when(has_text, j) for n, j in judged.items()}


def _number(
    text: Column, column: ContractColumn, gathered: Gathered, by: Conventions
) -> tuple[Column, Column, dict[str, Column]]:
    parsed = parse_number(text, column.type, by.decimal_mark)
    value, uncastable, currency = parsed.value, parsed.uncastable, parsed.currency
    if by.decimal_mark != "." and column.name in gathered.typed:
        typed = parse_number(text, column.type)
        is_typed = sf.coalesce(sf.col(is_typed_of(column.name)), sf.lit(False))
        value = sf.when(is_typed, typed.value).otherwise(value)
        uncastable = sf.when(is_typed, typed.uncastable).otherwise(uncastable)
        currency = sf.when(is_typed, typed.currency).otherwise(currency)
    has_currency = column.type.kind is Kind.DECIMAL
    return value, uncastable, {f"_currency_{column.name}": currency} if has_currency else {}


def _unless_typed_time(
    column: ContractColumn, value: Column, uncastable: Column, judged: Mapping[str, Column]
) -> tuple[Column, Column, dict[str, Column]]:
    """Return the time that came typed where one did, else what was read."""
    time = sf.col(moment_of(column.name))
    is_typed, name = time.isNotNull(), _date_only(column)
    is_date_only = sf.when(is_typed, time["is_date_only"]).otherwise(judged[name])
    return (
        sf.when(is_typed, time["value"]).otherwise(value),
        sf.when(~is_typed, uncastable),
        {**judged, name: is_date_only},
    )


def _event_date(contract: Contract) -> Column:
    """Return the UTC date of the dataset's first timestamp, which is the one that dates a row (spec 4.4)."""
    dating = next((column for column in contract.columns if column.type.kind is Kind.TIMESTAMP), None)
    undated = sf.lit(_UNDATED).cast("date")
    if dating is None:
        return undated
    date = sf.to_date(dating.name)
    return date if dating.required else sf.coalesce(date, undated)


def _date_only(column: ContractColumn) -> str:
    return f"_date_only_{column.name}"


def _clean(column: ContractColumn) -> Column:
    text = sf.col(text_of(column.name))
    return sf.when(text.isNotNull(), clean_text(text, sf.col(PLAIN)))


def _cleaned(column: ContractColumn) -> str:
    return f"lakegate cleaned {column.name}"
