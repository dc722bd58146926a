"""The measures that the gate computes for table rules, and the parameters that it fills into rules."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from contracts.model import Kind, Zone
from contracts.system_columns import EVENT_DATE, UNDATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contracts.model import Contract

# Measure -> its meaning. Each is one number, which one expectation of lakegate judges.
TABLE_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "quarantine_ratio": "share of the rows read that is quarantined",
        "accounting_difference": "rows read that are neither promoted nor quarantined nor deduplicated",
        "volume_ratio": "rows, relative to the last promoted version; 1 when there is none",
        "date_span_days": f"days from the first to the last {EVENT_DATE}, {UNDATED} excluded",
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
_OF_FILES = frozenset({"rejected_bytes_ratio", "unreadable_accepted_files"})
_OF_COMPUTED_TABLES = frozenset({"too_long_values"})
_OF_CONTESTED_KEYS = frozenset({"conflicting_ratio"})  # not of merged rows
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
        "as_of_limit": "24 hours after the run's clock",
        "max_quarantine_ratio": "the policy's limit",
        "max_conflicting_ratio": "the policy's limit",
        "min_volume_ratio": "the policy's limit",
        "max_rejected_bytes_ratio": "the policy's limit; 1 when it is off",
        "max_unknown_user_ratio": "the policy's limit",
    }
)


def table_measures(contract: Contract) -> frozenset[str]:
    """Return the names of the measures available to the table rules of a contract."""
    if contract.zone is Zone.RAW:
        return _OF_FILES
    if contract.is_read_from_files:
        has_money = any(column.type.kind is Kind.DECIMAL for column in contract.columns)
        merged = _OF_CONTESTED_KEYS if contract.is_merged else frozenset[str]()
        money = frozenset[str]() if has_money else _OF_MONEY
        others = (_OF_FILES, _OF_COMPUTED_TABLES, merged, money, *_OF_GOLD_TABLES.values())
        return frozenset(TABLE_MEASURES).difference(*others)
    return _OF_COMPUTED_TABLES | _OF_GOLD_TABLES.get(contract.name, frozenset())


def loaded_measures(contract: Contract) -> frozenset[str]:
    """Return the names of the measures available to a gold table's rules on the load."""
    return frozenset(LOADED_MEASURES) - (frozenset() if contract.sums else {"loaded_revenue_difference"})
