"""Conservative Arrow pre-filter: rows that may violate an error rule keep their raw text for quarantine.

GX makes the final decision, by conditions that Spark evaluates later. A valid row that is kept only costs the
space for its text; an invalid row that is not kept is detected by the gate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from checkpoints.gate.gx_expectations import build_expectation, serialized
from contracts.model import DataType, Kind
from contracts.system_columns import MALFORMED, RAW_TEXT, TOO_LONG_PREFIX, UNCASTABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Contract, Rule


@dataclass(frozen=True, slots=True)
class _Predicate:
    """An Arrow function over columns, and a bound if there is one, that is true for a possibly invalid row.

    Numbers are compared as doubles, which is inexact only for large ones.
    """

    function: str
    columns: tuple[str, ...]
    bound: float | datetime | None = None

    def evaluate(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return the result for each row; it may be null where a value is missing, which means false."""
        values = [rows.column(name) for name in self.columns]
        if isinstance(self.bound, float):
            values = [value.cast(pa.float64(), safe=False) for value in values]
        return pc.call_function(
            self.function, values if self.bound is None else [*values, pa.scalar(self.bound)]
        )


@dataclass(frozen=True, slots=True)
class RawRetention:
    """Keeps the raw text of all rows, or of those for which any predicate is true."""

    predicates: tuple[_Predicate, ...] = ()
    keeps_all: bool = False

    def keeps(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Return for each row whether its raw text is kept; never null."""
        if self.keeps_all or not self.predicates:
            return pa.repeat(pa.scalar(self.keeps_all), rows.num_rows)
        results = (pc.fill_null(one.evaluate(rows), fill_value=False) for one in self.predicates)
        return reduce(pc.or_, results)


KEEP_NONE = RawRetention()
KEEP_ALL = RawRetention(keeps_all=True)


@serialized
def raw_retention_of(
    contract: Contract,
    errors: Sequence[Rule],
    warnings: Sequence[Rule],
    parameters: Mapping[str, object],
    comparable: Mapping[str, str],
) -> RawRetention:
    """Return the retention for a contract's rules.

    All raw texts are kept if an error rule has no predicate here, or if any rule reads the raw text.

    Args:
        contract: of the rules.
        errors: the row rules that quarantine rows.
        warnings: the row rules that only warn.
        parameters: values for ``{"$PARAMETER": name}``.
        comparable: column that is computed later -> the column that it preserves the order of: where two of
            the latter do not descend, neither do the former.

    Raises:
        ContractError: a parameter is not given, or GX refuses a rule.
    """
    if any(RAW_TEXT in str(rule.kwargs) for rule in (*errors, *warnings)):
        return KEEP_ALL
    predicates: list[_Predicate] = []
    for rule in errors:
        of_rule = _predicates(contract, rule, parameters, comparable)
        if of_rule is None:
            return KEEP_ALL
        predicates += of_rule
    return RawRetention(tuple(dict.fromkeys(predicates)))


def _predicates(
    contract: Contract, rule: Rule, parameters: Mapping[str, object], comparable: Mapping[str, str]
) -> list[_Predicate] | None:
    """Return predicates of which one is true for any row that breaks the rule; None if there are none."""
    kwargs = build_expectation(contract, rule, parameters).configuration.kwargs
    column = str(kwargs.get("column"))
    match rule.expectation:
        case "expect_column_values_to_be_null" if _is_read(contract, column):
            return [_Predicate("is_valid", (column,))]
        case "expect_column_values_to_not_be_null" if _is_read(contract, column):
            return [_Predicate("is_null", (column,))]
        case "expect_column_values_to_be_between":
            return _beyond(contract, column, kwargs)
        case "expect_column_pair_values_a_to_be_greater_than_b" if kwargs.get("or_equal"):
            pair = tuple(comparable.get(kwargs[name], kwargs[name]) for name in ("column_A", "column_B"))
            types = [_ordered_type(contract, name) for name in pair]
            return [_Predicate("less", pair)] if types[0] is not None and types[0] == types[1] else None
    return None


def _is_read(contract: Contract, name: str) -> bool:
    """Return whether a column is present when rows are read, rather than computed later."""
    uncastable = {f"{UNCASTABLE_PREFIX}{column}" for column in contract.uncastable_columns}
    too_long = {f"{TOO_LONG_PREFIX}{column}" for column in contract.length_limits}
    return name in {MALFORMED, *contract.column_names, *uncastable, *too_long}


def _beyond(contract: Contract, column: str, kwargs: Mapping[str, Any]) -> list[_Predicate] | None:
    """Return predicates of a value beyond its bounds; None where Arrow cannot compare them."""
    below = "less_equal" if kwargs.get("strict_min") else "less"
    above = "greater_equal" if kwargs.get("strict_max") else "greater"
    found = _ordered_type(contract, column)
    predicates = []
    for function, bound in ((below, kwargs.get("min_value")), (above, kwargs.get("max_value"))):
        match bound:
            case None:
                continue
            case int() | float() | Decimal() if found is not None and found.kind.is_number:
                predicates.append(_Predicate(function, (column,), float(bound)))
            case datetime() if found is not None and found.kind is Kind.TIMESTAMP:
                predicates.append(_Predicate(function, (column,), bound))
            case _:
                return None
    return predicates


def _ordered_type(contract: Contract, name: str) -> DataType | None:
    """Return the type of a column if Arrow orders its values as Spark does, else None."""
    found = next((column.type for column in contract.columns if column.name == name), None)
    is_ordered = found is not None and (found.kind.is_number or found.kind is Kind.TIMESTAMP)
    return found if is_ordered else None
