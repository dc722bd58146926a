"""The measures that the gate computes for table rules, and the parameters that it fills into rules."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from contracts.expectation_catalog import EXPECT_DAYS_IN_LINE
from contracts.model import Kind, Zone
from contracts.system_columns import EVENT_DATE, UNDATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract

ROWS = "rows"  # the measure by day of a dataset that is read from files
LATENCY = "latency_hours"
_LATENCY = re.compile(
    r"(\d+(?:\.\d+)?) ?(min(?:ute)?s?|h(?:(?:ou)?rs?)?|d(?:ays?)?|w(?:eeks?)?)", re.IGNORECASE
)
_HOURS = MappingProxyType({"m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0})  # by a unit's first letter
# Measure -> its meaning. Each is judged by one expectation of lakegate. All but `NOT_NUMBERS` are numbers.
TABLE_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "quarantine_ratio": "share of the rows read that is quarantined",
        "accounting_difference": "rows read that are neither promoted nor quarantined nor deduplicated",
        "volume_ratio": "rows, relative to the last promoted version; 1 when there is none",
        "date_span_days": f"days from the first to the last {EVENT_DATE}, {UNDATED} excluded",
        "values_by_day": f"rows by {EVENT_DATE}; of a gold table with a row a day, its numbers by day",
        "latest_timestamp": "latest value of the timestamp that dates the rows",
        "currency_count": "largest number of currencies, as written, in one column of the valid rows",
        "conflicting_ratio": "share of the rows read that lost to a row of the same key and differs from it",
        "missing_source_columns": "columns named by a source that none of its files has",
        "too_long_values": "values longer in UTF-8 than their column's varchar",
        "rejected_bytes_ratio": "share of all bytes that is in rejected files",
        "unreadable_accepted_files": "files accepted before that lack a required column",
        "rows_difference_from_silver": "rows more or fewer than in silver",
        "revenue_difference": "revenue more or less than in fact_transactions",
        "uncovered_values": "values of the facts that the dimension lacks",
        "unknown_user_ratio": "share of the fact rows whose user is not in dim_users",
    }
)
LOADED_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "misfits": "differences between files, contract and live table, found before the load",
        "loaded_rows_difference": "rows in the warehouse more or fewer than in the manifest",
        "loaded_revenue_difference": "revenue in the warehouse more or less than in the manifest",
    }
)
NOT_NUMBERS = frozenset({"values_by_day", "latest_timestamp"})
_OF_FILES = frozenset({"rejected_bytes_ratio", "unreadable_accepted_files"})
_OF_COMPUTED_TABLES = frozenset({"too_long_values"})
_OF_DAYS = frozenset({"values_by_day"})
_OF_TIME = frozenset({"latest_timestamp"})
_OF_UNMERGED_ROWS = frozenset({"conflicting_ratio"}) | _OF_DAYS
_OF_MONEY = frozenset({"currency_count"})
_OF_GOLD_TABLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "fact_events": frozenset({"rows_difference_from_silver", "unknown_user_ratio"}),
        "fact_transactions": frozenset({"rows_difference_from_silver", "unknown_user_ratio"}),
        "daily_revenue": frozenset({"revenue_difference"}),
        "user_ltv": frozenset({"revenue_difference"}),
        "dim_date": frozenset({"uncovered_values"}),
        "dim_status": frozenset({"uncovered_values"}),
        "dim_country": frozenset({"uncovered_values"}),
    }
)
# The values that replace {"$PARAMETER": name}.
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "as_of": "the run's clock",
        "as_of_limit": "24 hours after the run's clock",
        "max_quarantine_ratio": "the policy's limit",
        "max_conflicting_ratio": "the policy's limit",
        "min_volume_ratio": "the policy's limit",
        "max_rejected_bytes_ratio": "the policy's limit; 1 when it is off",
        "max_unknown_user_ratio": "the policy's limit",
        "days_out_of_line": "the policy's settings",
        LATENCY: "hours of the contract's latency (slaProperties)",
    }
)


def table_measures(contract: Contract) -> frozenset[str]:
    """Return the names of the measures available to the table rules of a contract."""
    if contract.zone is Zone.RAW:
        return _OF_FILES
    if contract.is_read_from_files:
        has_money = any(column.type.kind is Kind.DECIMAL for column in contract.columns)
        merged = _OF_UNMERGED_ROWS if contract.is_merged else frozenset[str]()
        money = frozenset[str]() if has_money else _OF_MONEY
        time = frozenset[str]() if contract.dating_column else _OF_TIME | _OF_DAYS
        others = (_OF_FILES, _OF_COMPUTED_TABLES, merged, money, time, *_OF_GOLD_TABLES.values())
        return frozenset(TABLE_MEASURES).difference(*others)
    days = _OF_DAYS if day_values(contract) else frozenset[str]()
    return _OF_COMPUTED_TABLES | days | _OF_GOLD_TABLES.get(contract.name, frozenset())


def loaded_measures(contract: Contract) -> frozenset[str]:
    """Return the names of the measures available to a gold table's rules on the load."""
    return frozenset(LOADED_MEASURES) - (frozenset() if contract.sums else {"loaded_revenue_difference"})


def day_values(contract: Contract) -> tuple[str, ...]:
    """Return what can be measured of a table by day: ``rows``, or columns.

    Of a dataset that is read from files, its rows by ``event_date``. Of a gold table whose key is a date
    alone, the exact numbers of its other columns.
    """
    if contract.is_read_from_files:
        return (ROWS,)
    if day_column(contract) is None:
        return ()
    kinds = (Kind.INTEGER, Kind.BIGINT, Kind.DECIMAL)
    return tuple(column.name for column in contract.columns if column.type.kind in kinds)


def day_column(contract: Contract) -> str | None:
    """Return the date that is the only key of a gold table with one row a day; None of any other table."""
    if contract.zone is not Zone.GOLD or len(contract.key) != 1:
        return None
    (key,) = contract.key
    return key if contract.column(key).type.kind is Kind.DATE else None


def judged_columns(contract: Contract) -> tuple[str, ...]:
    """Return the columns of a gold table that its rules judge by day."""
    named = {rule.kwargs.get("measure") for rule in contract.rules if rule.expectation == EXPECT_DAYS_IN_LINE}
    return tuple(name for name in day_values(contract) if name in named and name != ROWS)


def contract_parameters(contract: Contract) -> Mapping[str, object]:
    """Return the parameters of rules that the contract itself gives."""
    latency = latency_hours(contract.slas)
    return {} if latency is None else {LATENCY: latency}


def latency_hours(slas: Mapping[str, str]) -> float | None:
    """Return the promised latency in hours; None if there is none.

    Raises:
        ValueError: it is not a number of minutes, hours, days or weeks.

    >>> latency_hours({"latency": "1 d"}), latency_hours({"latency": "90 minutes"}), latency_hours({})
    (24.0, 1.5, None)
    """
    text = slas.get("latency")
    if text is None:
        return None
    found = _LATENCY.fullmatch(text)
    if not found:
        raise ValueError(f"the latency {text!r} is not a number of min, h, d or w")
    return float(found[1]) * _HOURS[found[2][0].lower()]
