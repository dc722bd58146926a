"""Tells, as rows are read, which of them may be invalid: the raw text of these alone is kept for quarantine.

A doubt decides nothing. It is a cheap bound on the error rules, which Spark judges later by the conditions of
Great Expectations: a row that is doubted and valid has cost the room for its text, and the gate sees a row
that it rejects and nobody doubted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from checkpoints.gate.expectations import build_expectation, in_turn
from checkpoints.gate.measure_records import RAW
from contracts.model import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from contracts.model import Contract, DataType, Rule


@dataclass(frozen=True, slots=True)
class _Sign:
    """What makes a row doubtful: a function of Arrow's that is true of some columns, and of a bound.

    Numbers are held against a bound as doubles, since it is one: a large one may be off by a little.
    """

    function: str
    columns: tuple[str, ...]
    bound: float | datetime | None = None

    def marks(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Mark the rows; where a value is missing, the mark may be too, which is no doubt."""
        values = [rows.column(name) for name in self.columns]
        if isinstance(self.bound, float):
            values = [value.cast(pa.float64(), safe=False) for value in values]
        return pc.call_function(
            self.function, values if self.bound is None else [*values, pa.scalar(self.bound)]
        )


@dataclass(frozen=True, slots=True)
class Doubts:
    """What makes a row doubtful: any of some signs, or that it is a row."""

    signs: tuple[_Sign, ...] = ()
    are_about_all: bool = False

    def about(self, rows: pa.RecordBatch) -> pa.BooleanArray:
        """Mark the rows that may be invalid; no mark is null."""
        if self.are_about_all or not self.signs:
            return pa.repeat(pa.scalar(self.are_about_all), rows.num_rows)
        marks = [pc.fill_null(sign.marks(rows), fill_value=False) for sign in self.signs]
        return reduce(pc.or_, marks)


NO_ROW = Doubts()
EVERY_ROW = Doubts(are_about_all=True)


@in_turn
def doubts_of(
    contract: Contract,
    errors: Sequence[Rule],
    warnings: Sequence[Rule],
    parameters: Mapping[str, object],
    instead: Mapping[str, str],
) -> Doubts:
    """Return what makes a row doubtful by the rules that quarantine.

    Every row is, where a rule is of a kind that has no sign here, or looks at the text itself.

    Args:
        contract: whose rules these are.
        errors: the row rules whose offenders are quarantined.
        warnings: the row rules whose offenders are kept.
        parameters: values for ``{"$PARAMETER": name}``.
        instead: name of a column that is computed later -> the one whose order it keeps: where two of these
            do not descend, nor do those.

    Raises:
        ContractError: a parameter is not given, or GX refuses a rule.
    """
    if any(RAW in str(rule.kwargs) for rule in (*errors, *warnings)):
        return EVERY_ROW
    signs: list[_Sign] = []
    for rule in errors:
        of_rule = _signs(contract, rule, parameters, instead)
        if of_rule is None:
            return EVERY_ROW
        signs += of_rule
    return Doubts(tuple(dict.fromkeys(signs)))


def _signs(
    contract: Contract, rule: Rule, parameters: Mapping[str, object], instead: Mapping[str, str]
) -> list[_Sign] | None:
    """Return the signs of a row that breaks a rule; None where there are none for such a rule."""
    kwargs = build_expectation(contract, rule, parameters).configuration.kwargs
    column = str(kwargs.get("column"))
    match rule.expectation:
        case "expect_column_values_to_be_null" if _is_read(contract, column):
            return [_Sign("is_valid", (column,))]
        case "expect_column_values_to_not_be_null" if _is_read(contract, column):
            return [_Sign("is_null", (column,))]
        case "expect_column_values_to_be_between":
            return _beyond(contract, column, kwargs)
        case "expect_column_pair_values_a_to_be_greater_than_b" if kwargs.get("or_equal"):
            pair = tuple(instead.get(kwargs[of], kwargs[of]) for of in ("column_A", "column_B"))
            types = [_ordered_type(contract, name) for name in pair]
            return [_Sign("less", pair)] if types[0] is not None and types[0] == types[1] else None
    return None


def _is_read(contract: Contract, name: str) -> bool:
    """Whether a column comes with the rows as they are read, and is not computed later."""
    uncastable = {f"_uncastable_{column}" for column in contract.uncastable_columns}
    return name in {"_malformed", *contract.column_names, *uncastable}


def _beyond(contract: Contract, column: str, kwargs: Mapping[str, Any]) -> list[_Sign] | None:
    """Return the signs of a value beyond its bounds; None where Arrow cannot hold one against the other."""
    below = "less_equal" if kwargs.get("strict_min") else "less"
    above = "greater_equal" if kwargs.get("strict_max") else "greater"
    found = _ordered_type(contract, column)
    signs = []
    for function, bound in ((below, kwargs.get("min_value")), (above, kwargs.get("max_value"))):
        match bound:
            case None:
                continue
            case int() | float() | Decimal() if found is not None and found.kind.is_number:
                signs.append(_Sign(function, (column,), float(bound)))
            case datetime() if found is not None and found.kind is Kind.TIMESTAMP:
                signs.append(_Sign(function, (column,), bound))
            case _:
                return None
    return signs


def _ordered_type(contract: Contract, name: str) -> DataType | None:
    """Return the type of a column whose values Arrow puts in order as Spark does; None for any other."""
    found = next((column.type for column in contract.columns if column.name == name), None)
    is_ordered = found is not None and (found.kind.is_number or found.kind is Kind.TIMESTAMP)
    return found if is_ordered else None
