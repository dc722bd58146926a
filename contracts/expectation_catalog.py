"""Catalog of expectations: which judge a single row, which a whole table, and which are refused."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# Evaluated for each row by itself: on records they route rows, on a table they count them.
ROW_EXPECTATIONS = frozenset(
    {
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_to_be_in_set",
        "expect_column_value_lengths_to_be_between",
        "expect_column_value_lengths_to_equal",
        "expect_column_values_to_be_between",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_json_parseable",
        "expect_column_values_to_be_null",
        "expect_column_values_to_match_json_schema",
        "expect_column_values_to_match_regex",
        "expect_column_values_to_match_regex_list",
        "expect_column_values_to_match_strftime_format",
        "expect_column_values_to_not_be_in_set",
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_not_match_regex",
        "expect_column_values_to_not_match_regex_list",
        "expect_multicolumn_sum_to_equal",
        "expect_multicolumn_values_to_be_equal",
        "expect_select_column_values_to_be_unique_within_record",
    }
)
# Evaluated on a table as a whole.
TABLE_EXPECTATIONS = frozenset(
    {
        "expect_column_distinct_values_to_be_in_set",
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_kl_divergence_to_be_less_than",
        "expect_column_max_to_be_between",
        "expect_column_mean_to_be_between",
        "expect_column_median_to_be_between",
        "expect_column_min_to_be_between",
        "expect_column_most_common_value_to_be_in_set",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
        "expect_column_quantile_values_to_be_between",
        "expect_column_stdev_to_be_between",
        "expect_column_sum_to_be_between",
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_of_type",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_outliers",
        "expect_compound_columns_to_be_unique",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "unexpected_rows_expectation",
    }
)
_ANOTHER_TABLE = "compares with another table or data source, and a checkpoint sees one candidate"
_NO_ORDER = "depends on the order of rows, and the rows of a table have none"
_NOT_ON_SPARK = "is not implemented for Spark by Great Expectations"
_USE_REGEX = "use expect_column_values_to_match_regex, or a list of regular expressions"
# Expectation -> (reason, what to use instead).
REFUSED_EXPECTATIONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "expect_column_values_to_be_dateutil_parseable": (
            _NOT_ON_SPARK,
            "declare the column as a timestamp: a text that cannot be cast breaks <column>_uncastable",
        ),
        "expect_column_values_to_be_decreasing": (_NO_ORDER, "compare two columns of one row"),
        "expect_column_values_to_be_increasing": (_NO_ORDER, "compare two columns of one row"),
        "expect_column_values_to_match_like_pattern": (_NOT_ON_SPARK, _USE_REGEX),
        "expect_column_values_to_match_like_pattern_list": (_NOT_ON_SPARK, _USE_REGEX),
        "expect_column_values_to_not_match_like_pattern": (_NOT_ON_SPARK, _USE_REGEX),
        "expect_column_values_to_not_match_like_pattern_list": (_NOT_ON_SPARK, _USE_REGEX),
        "expect_query_results_to_match_comparison": (_ANOTHER_TABLE, "use unexpected_rows_expectation"),
        "expect_table_row_count_to_equal_other_table": (
            _ANOTHER_TABLE,
            "use expect_table_row_count_to_be_between",
        ),
    }
)
EXPECT_DAYS_IN_LINE = "expect_values_by_day_to_be_in_line"
EXPECT_FRESH = "expect_latest_timestamp_to_be_fresh"
# Expectations of lakegate -> the measure that they judge (contracts.measures), in contracts.own_expectations
# and contracts.day_expectations.
MEASURED_EXPECTATIONS: Mapping[str, str] = MappingProxyType(
    {
        "expect_accepted_files_to_be_readable": "unreadable_accepted_files",
        "expect_conflicting_ratio_to_be_at_most": "conflicting_ratio",
        "expect_currency_count_to_be_at_most": "currency_count",
        "expect_date_span_days_to_be_at_most": "date_span_days",
        "expect_dimension_to_cover_facts": "uncovered_values",
        EXPECT_FRESH: "latest_timestamp",
        "expect_loaded_revenue_to_equal_release": "loaded_revenue_difference",
        "expect_loaded_row_count_to_equal_release": "loaded_rows_difference",
        "expect_quarantine_ratio_to_be_at_most": "quarantine_ratio",
        "expect_rejected_bytes_ratio_to_be_at_most": "rejected_bytes_ratio",
        "expect_release_to_fit_warehouse": "misfits",
        "expect_revenue_to_equal_facts": "revenue_difference",
        "expect_row_count_to_equal_silver": "rows_difference_from_silver",
        "expect_rows_to_be_accounted_for": "accounting_difference",
        "expect_source_columns_to_exist": "missing_source_columns",
        "expect_unknown_user_ratio_to_be_at_most": "unknown_user_ratio",
        EXPECT_DAYS_IN_LINE: "values_by_day",
        "expect_values_to_fit_varchar": "too_long_values",
        "expect_volume_ratio_to_be_at_least": "volume_ratio",
    }
)
# Compares a column's type with Spark SQL's spelling of the promised one, decimals with precision and scale.
TYPE_EXPECTATION = "expect_column_spark_type_to_be"


_ARGUMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        EXPECT_FRESH: ("as_of", "max_age_hours"),
        EXPECT_DAYS_IN_LINE: ("measure", "as_of", "settings"),
    }
)


def measured_arguments(expectation: str) -> tuple[str, ...]:
    """Return the arguments of an expectation that judges a measure; all are required.

    >>> measured_arguments("expect_volume_ratio_to_be_at_least")
    ('min_value',)
    """
    if expectation.endswith("_to_be_at_most"):
        return ("max_value",)
    if expectation.endswith("_to_be_at_least"):
        return ("min_value",)
    return _ARGUMENTS.get(expectation, ())


def is_row_expectation(expectation: str) -> bool:
    """Whether an expectation evaluates each row by itself.

    >>> is_row_expectation("expect_column_values_to_be_between")
    True
    >>> is_row_expectation("expect_column_max_to_be_between")
    False
    """
    return expectation in ROW_EXPECTATIONS


def is_known(expectation: str) -> bool:
    """Whether an expectation can be used in a contract."""
    return (
        expectation in ROW_EXPECTATIONS
        or expectation in TABLE_EXPECTATIONS
        or expectation in MEASURED_EXPECTATIONS
        or expectation == TYPE_EXPECTATION
    )


def metric_of(measure: str) -> str:
    """Return the name of the GX metric that stands for a measure."""
    return f"lakegate.{measure}"
