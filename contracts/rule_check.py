"""Holds a rule against its contract: a domain that is judged there, and columns that will be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contracts.measures import LOADED_MEASURES, TABLE_MEASURES
from contracts.model import Contract, Domain, Kind, Rule, Severity, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contracts.errors import Place

_JAVA_CLASS = re.compile(r"\\[pP]\{[^}]*\}")
_BROKEN_PATTERN = ("missing )", "unbalanced", "unterminated", "nothing to repeat")


def check_rule(rule: Rule, contract: Contract, place: Place) -> None:
    """Raise ContractError for a rule that the gate could not judge in this contract."""
    _check_domain(rule, contract, place)
    _check_columns(rule, contract, place)
    _check_patterns(rule, place)


def _check_domain(rule: Rule, contract: Contract, place: Place) -> None:
    if rule.domain is Domain.LOADED and contract.zone is not Zone.GOLD:
        raise place.error("only gold is loaded into the warehouse", rule=rule.name)
    if not rule.is_row_rule:
        return
    if contract.zone is Zone.RAW:
        if rule.domain is Domain.RECORDS and rule.severity is Severity.WARN:
            return
        raise place.error(
            "a rule on files warns, in the domain records",
            rule=rule.name,
            next_step="a rejected file never blocks by itself; a policy's override can make it block",
        )
    if not contract.is_read_from_files:
        raise place.error(
            f"{contract.name} is computed, so none of its rows can be quarantined",
            rule=rule.name,
            next_step="give the rule the domain table",
        )
    if (rule.domain is Domain.RECORDS) is not (rule.severity is Severity.ERROR):
        raise place.error(
            f"a rule on rows is either an error in the domain records (the row is quarantined) or a warning "
            f"in the domain valid_rows (the row is kept), found {rule.severity} in {rule.domain}",
            rule=rule.name,
        )


def _check_columns(rule: Rule, contract: Contract, place: Place) -> None:
    known = {column.name for column in contract.silver_columns}
    if rule.domain is Domain.TABLE:
        known |= set(TABLE_MEASURES)
    elif rule.domain is Domain.LOADED:
        known |= set(LOADED_MEASURES)
    elif contract.zone is Zone.SILVER:
        known |= _cleaned_columns(contract)
    for column in _columns_of(rule.kwargs):
        if column not in known:
            raise place.error(
                f"there is no column {column!r} to judge",
                rule=rule.name,
                next_step=f"in the domain {rule.domain} there are {', '.join(sorted(known))}",
            )


def _check_patterns(rule: Rule, place: Place) -> None:
    """Refuse a regular expression that no dialect can parse: GX would find out in the middle of a run.

    Spark's dialect is Java's, Python's differs in its escapes: so only what is broken in both is refused.
    """
    listed = rule.kwargs.get("regex_list")
    for pattern in (rule.kwargs.get("regex"), *(listed if isinstance(listed, list) else ())):
        if not isinstance(pattern, str):
            continue
        try:
            re.compile(_JAVA_CLASS.sub("a", pattern))
        except re.error as error:
            if error.msg.startswith(_BROKEN_PATTERN):
                raise place.error(f"the regular expression is broken: {error}", rule=rule.name) from error


def _cleaned_columns(contract: Contract) -> set[str]:
    """Return what bronze_to_silver puts beside a record's columns, for row rules."""
    names = {"_malformed", "_raw"}
    names |= {f"_uncastable_{name}" for name in contract.uncastable_columns}
    for column in contract.columns:
        if column.type.kind is Kind.DECIMAL:
            names.add(f"_currency_{column.name}")
        if column.type.kind is Kind.TIMESTAMP:
            names |= {f"_date_only_{column.name}", f"_{column.name}_comparable"}
    return names


def _columns_of(kwargs: Mapping[str, object]) -> Iterator[object]:
    for key in ("column", "column_A", "column_B"):
        if key in kwargs:
            yield kwargs[key]
    listed = kwargs.get("column_list")
    if isinstance(listed, list):
        yield from listed
