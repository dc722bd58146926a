"""The numbers that the gate counts for table rules: what a rule may name beside the contract's columns."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Each is one number, given to GX as the only value of a column of this name.
TABLE_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "_rows_left": "rows of the candidate",
        "_required_nulls": "nulls in required columns",
        "_type_mismatches": "columns whose name, place or type is not the contract's",
        "_quarantine_ratio": "rows quarantined by rows read",
        "_accounting_difference": "rows read that are neither promoted nor quarantined nor deduplicated",
        "_volume_ratio": "rows by the rows of the last promoted version; 1 when there is none",
        "_date_span_days": "days from the first to the last event date, 1900-01-01 not counted",
        "_currencies": "most currencies, as written, in one column of the valid rows",
        "_rejected_bytes_ratio": "bytes of the rejected files by the bytes of all files",
        "_rows_difference_from_silver": "rows more or fewer than in silver",
        "_revenue_difference": "revenue more or less than in fact_transactions",
        "_uncovered_dates": "dates of the facts that dim_date lacks",
        "_uncovered_statuses": "statuses of the facts that dim_status lacks",
        "_uncovered_countries": "countries of the facts that dim_country lacks",
        "_unknown_user_ratio": "fact rows whose user is not in dim_users, by all fact rows",
    }
)
LOADED_MEASURES: Mapping[str, str] = MappingProxyType(
    {
        "_misfits": "places where files, contract and live table do not agree, found before the load",
        "_loaded_rows_difference": "rows in the warehouse more or fewer than in the manifest",
        "_loaded_revenue_difference": "revenue in the warehouse more or less than in the manifest",
    }
)
# What the gate fills in for {"$PARAMETER": name}.
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        "as_of_limit": "24 hours after the run's clock",
        "max_quarantine_ratio": "the policy's limit",
        "min_volume_ratio": "the policy's limit",
        "max_rejected_bytes_ratio": "the policy's limit; 1 when it is off",
        "max_unknown_user_ratio": "the policy's limit",
    }
)
