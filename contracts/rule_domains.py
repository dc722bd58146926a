"""Domains of rules: the default, the permitted ones, and the columns available in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.expectation_catalog import (
    EXPECT_DAYS_IN_LINE,
    MEASURED_EXPECTATIONS,
    REFUSED_EXPECTATIONS,
    is_known,
    is_row_expectation,
)
from contracts.inventory import Reason
from contracts.measures import LOADED_MEASURES, day_values, loaded_measures, table_measures
from contracts.model import Contract, DataType, Domain, Kind, Rule, Severity, Zone
from contracts.rule_arguments import check_arguments
from contracts.system_columns import (
    CURRENCY_PREFIX,
    DATE_ONLY_PREFIX,
    MALFORMED,
    RAW_TEXT,
    TOO_LONG_PREFIX,
    UNCASTABLE_PREFIX,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contracts.errors import YamlLocation

# bronze_to_silver adds `_<column>_comparable` for these timestamps to a dataset that has both.
_COMPARABLE = ("created_at", "delivered_at")
_FILE_EXPECTATION = "expect_column_values_to_not_be_in_set"


def default_domain(contract: Contract, expectation: str, severity: Severity) -> Domain:
    """Return the domain of a rule that does not declare one.

    In datasets read from files, row expectations are evaluated on all records (error: quarantine) or on the
    valid rows (warning). In the inventory, they count files. All other rules are evaluated on the table or
    the load.
    """
    if MEASURED_EXPECTATIONS.get(expectation) in LOADED_MEASURES:
        return Domain.LOADED
    if is_row_expectation(expectation):
        if contract.zone is Zone.RAW:
            return Domain.RECORDS
        if contract.is_read_from_files:
            return Domain.RECORDS if severity is Severity.ERROR else Domain.VALID_ROWS
    return Domain.TABLE


def check_rule(rule: Rule, contract: Contract, location: YamlLocation) -> None:
    """Check a rule as far as possible without Great Expectations and Spark. Raises ContractError."""
    location = location.of_rule(rule.name)
    _check_expectation(rule, location)
    _check_domain(rule, contract, location)
    _check_measure(rule, contract, location)
    if rule.is_row_rule:
        _check_row_rule(rule, location)
    types = available_types(contract, rule.domain)
    _check_columns(rule, types, location)
    check_arguments(rule, types, location)
    if contract.zone is Zone.RAW and rule.is_row_rule:
        _check_file_rule(rule, location)


def available_types(contract: Contract, domain: Domain) -> dict[str, DataType]:
    """Return the columns that rules of a domain can use, with their types."""
    types = {column.name: column.type for column in contract.silver_columns}
    if domain in (Domain.RECORDS, Domain.VALID_ROWS) and contract.zone is Zone.SILVER:
        types |= _cleaned_types(contract)
    return types


def _check_expectation(rule: Rule, location: YamlLocation) -> None:
    if rule.expectation in REFUSED_EXPECTATIONS:
        reason, instead = REFUSED_EXPECTATIONS[rule.expectation]
        raise location.error(f"{rule.expectation} {reason}", next_step=instead)
    if not is_known(rule.expectation):
        raise location.error(
            f"unknown expectation {rule.expectation!r}",
            next_step="see greatexpectations.io/expectations and contracts/own_expectations.py",
        )


def _check_measure(rule: Rule, contract: Contract, location: YamlLocation) -> None:
    """Refuse an expectation whose measure is not measured of the table, and any but those of the load."""
    measure = MEASURED_EXPECTATIONS.get(rule.expectation)
    if measure is None:
        if rule.domain is Domain.LOADED:
            raise location.error(
                f"{rule.expectation} cannot be judged on the load: the loaded rows are not read",
                next_step="remove domain; the rule is then judged on the candidate",
            )
        return
    available = table_measures(contract) if rule.domain is Domain.TABLE else loaded_measures(contract)
    if measure not in available:
        raise location.error(
            f"{rule.expectation} does not apply to {contract.name}, of which {measure} is not measured",
            next_step=f"measured are: {', '.join(sorted(available)) or 'none'}",
        )
    named, days = rule.kwargs.get("measure"), day_values(contract)
    if rule.expectation == EXPECT_DAYS_IN_LINE and named not in days:
        raise location.error(
            f"{named!r} is not measured of {contract.name} by day",
            next_step=f"set measure to one of: {', '.join(days)}",
        )


def _check_domain(rule: Rule, contract: Contract, location: YamlLocation) -> None:
    if rule.domain is Domain.LOADED and contract.zone is not Zone.GOLD:
        raise location.error("the domain loaded is for gold only")
    if not rule.is_row_rule:
        return
    if contract.zone is Zone.RAW:
        if rule.domain is Domain.RECORDS and rule.severity is Severity.WARN:
            return
        raise location.error(
            "a rule on files must be a warning in the domain records",
            next_step="a rejected file does not block; an override in the policy can make it block",
        )
    if not contract.is_read_from_files:
        raise location.error(
            f"rows of {contract.name} cannot be quarantined, as it is computed from other tables",
            next_step="write the rule in the silver contract of the source rows",
        )
    if (rule.domain is Domain.RECORDS) is not (rule.severity is Severity.ERROR):
        raise location.error(
            f"a row rule is either an error in the domain records (the row is quarantined) or a warning "
            f"in the domain valid_rows (the row is kept), found {rule.severity} in {rule.domain}",
            next_step="remove domain; the severity determines it",
        )


def _check_row_rule(rule: Rule, location: YamlLocation) -> None:
    if not is_row_expectation(rule.expectation):
        raise location.error(
            f"{rule.expectation} cannot evaluate a single row",
            next_step="set the domain table, or use an expectation on column values",
        )
    if "mostly" in rule.kwargs:
        raise location.error(
            "mostly does not apply to a row rule: each row is judged separately",
            next_step="remove it; max_quarantine_ratio in the policy limits the share of quarantined rows",
        )


def _check_file_rule(rule: Rule, location: YamlLocation) -> None:
    """Refuse a rule on files that would never count any: they are counted by reason of rejection only."""
    expected = {"column": "reason", "value_set": [rule.name]}
    if (
        rule.name not in list(Reason)
        or rule.expectation != _FILE_EXPECTATION
        or dict(rule.kwargs) != expected
    ):
        raise location.error(
            "files can only be counted by the reason of their rejection",
            next_step=f"name the rule after a reason ({', '.join(Reason)}) and use {_FILE_EXPECTATION} "
            "with column: reason and the reason as value_set",
        )


def _check_columns(rule: Rule, types: Mapping[str, DataType], location: YamlLocation) -> None:
    for column in columns_of(rule.kwargs):
        if not isinstance(column, str) or column not in types:
            raise location.error(
                f"unknown column {column!r}",
                next_step=f"in the domain {rule.domain} there are: {', '.join(sorted(types))}",
            )


def _cleaned_types(contract: Contract) -> dict[str, DataType]:
    """Return the columns that bronze_to_silver adds to those of the record, for row rules."""
    types = dict.fromkeys((MALFORMED, RAW_TEXT), DataType(Kind.STRING))
    types |= {f"{UNCASTABLE_PREFIX}{name}": DataType(Kind.STRING) for name in contract.uncastable_columns}
    for column in contract.columns:
        if column.type.kind is Kind.STRING:
            types[f"{TOO_LONG_PREFIX}{column.name}"] = DataType(Kind.INTEGER)
        if column.type.kind is Kind.DECIMAL:
            types[f"{CURRENCY_PREFIX}{column.name}"] = DataType(Kind.STRING)
        if column.type.kind is Kind.TIMESTAMP:
            types[f"{DATE_ONLY_PREFIX}{column.name}"] = DataType(Kind.BOOLEAN)
    timestamps = {c.name: c.type for c in contract.columns if c.type.kind is Kind.TIMESTAMP}
    if timestamps.keys() >= set(_COMPARABLE):
        types |= {f"_{name}_comparable": timestamps[name] for name in _COMPARABLE}
    return types


def columns_of(kwargs: Mapping[str, object]) -> Iterator[object]:
    """Yield the columns that an expectation's kwargs name, as written."""
    for key in ("column", "column_A", "column_B"):
        if key in kwargs:
            yield kwargs[key]
    listed = kwargs.get("column_list")
    if isinstance(listed, list):
        yield from listed
