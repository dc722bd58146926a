"""The rules that follow from the columns, so that no contract has to repeat them (spec 4.3, 4.5, 5)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from contracts.model import Column, Domain, Kind, Rule, Severity, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.errors import Place

AS_OF_LIMIT = {"$PARAMETER": "as_of_limit"}
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)

_BETWEEN = "expect_column_values_to_be_between"
_LIMITS = {
    "minimum": ("min_value", None),
    "exclusiveMinimum": ("min_value", "strict_min"),
    "maximum": ("max_value", None),
    "exclusiveMaximum": ("max_value", "strict_max"),
}
_UTC_NAMES = ("UTC", "Etc/UTC")


def derive_record_rules(
    dataset: str,
    columns: Sequence[Column],
    uncastable: Sequence[str],
    options: Mapping[str, Mapping[str, object]],
    places: Mapping[str, Place],
) -> Iterator[Rule]:
    """Yield the row rules of a dataset that is read from files; each quarantines its offenders.

    Args:
        dataset: the contract's name, for the sentences.
        columns: in the contract's order.
        uncastable: the columns whose cleaning can fail.
        options: each column's ``logicalTypeOptions``.
        places: where each column stands.

    Raises:
        ContractError: an option that no rule follows from.
    """
    yield Rule(
        name="malformed",
        domain=Domain.RECORDS,
        severity=Severity.ERROR,
        dimension="conformity",
        description="The record can be parsed.",
        business_impact=f"What a broken record of {dataset} said is missing from every figure.",
        expectation="expect_column_values_to_be_null",
        kwargs={"column": "_malformed"},
    )
    for column in columns:
        place = places[column.name]
        if column.name in uncastable:
            yield _uncastable(column, dataset, place)
        if column.required:
            yield _required(column, dataset, column.name in uncastable, place)
        yield from _from_options(column, dataset, options.get(column.name, {}), place)


def derive_table_rules(
    name: str, zone: Zone, columns: Sequence[Column], keys: Sequence[str]
) -> Iterator[Rule]:
    """Yield the table rules that every dataset has: unique keys, complete columns, declared types."""
    unique = (
        ("expect_column_values_to_be_unique", {"column": keys[0]})
        if len(keys) == 1
        else ("expect_compound_columns_to_be_unique", {"column_list": list(keys)})
    )
    yield Rule(
        name="keys_unique",
        domain=Domain.TABLE,
        severity=Severity.ERROR,
        dimension="uniqueness",
        description=f"No two rows have the same {', '.join(keys)}.",
        business_impact=f"A doubled key counts the same thing twice wherever {name} is joined or summed.",
        expectation=unique[0],
        kwargs=unique[1],
    )
    for column in columns:
        if column.unique and list(keys) != [column.name]:
            yield Rule(
                name=f"{column.name}_unique",
                domain=Domain.TABLE,
                severity=Severity.ERROR,
                dimension="uniqueness",
                description=f"No two rows have the same {column.name}.",
                business_impact=f"A doubled {column.name} counts the same thing twice in {name}.",
                expectation="expect_column_values_to_be_unique",
                kwargs={"column": column.name},
                column=column.name,
            )
    if zone is Zone.RAW:
        return
    yield _measure_rule(
        "required_complete",
        "completeness",
        "_required_nulls",
        "No required column holds a null.",
        f"A row of {name} without its required values drops out of joins and filters in silence.",
    )
    yield _measure_rule(
        "schema" if zone is Zone.GOLD else "types",
        "conformity",
        "_type_mismatches",
        "Columns, their order and their types are the contract's.",
        f"Readers of {name} that were built on the contract fail or read one column as another.",
    )


def _measure_rule(name: str, dimension: str, measure: str, description: str, impact: str) -> Rule:
    return Rule(
        name=name,
        domain=Domain.TABLE,
        severity=Severity.ERROR,
        dimension=dimension,
        description=description,
        business_impact=impact,
        expectation="expect_column_max_to_be_between",
        kwargs={"column": measure, "max_value": 0},
    )


def _uncastable(column: Column, dataset: str, place: Place) -> Rule:
    return Rule(
        name=f"{column.name}_uncastable",
        domain=Domain.RECORDS,
        severity=Severity.ERROR,
        dimension="conformity",
        description=f"What stands in {column.name} can be read as {column.type}.",
        business_impact=f"A guessed {column.name} would make every figure from {dataset} wrong in silence.",
        expectation="expect_column_values_to_be_null",
        kwargs={"column": f"_uncastable_{column.name}"},
        column=column.name,
        path=place.path,
    )


def _required(column: Column, dataset: str, can_be_uncastable: bool, place: Place) -> Rule:
    condition = "_malformed IS NULL"
    if can_be_uncastable:
        condition += f" AND _uncastable_{column.name} IS NULL"
    return Rule(
        name=f"{column.name}_required",
        domain=Domain.RECORDS,
        severity=Severity.ERROR,
        dimension="completeness",
        description=f"{column.name} is there.",
        business_impact=f"A record of {dataset} without {column.name} cannot be counted, joined or dated.",
        expectation="expect_column_values_to_not_be_null",
        kwargs={"column": column.name, "row_condition": condition, "condition_parser": "spark"},
        column=column.name,
        path=place.path,
    )


def _from_options(
    column: Column, dataset: str, options: Mapping[str, object], place: Place
) -> Iterator[Rule]:
    """Yield the rules that a column's logicalTypeOptions promise, and ``_impossible`` for every timestamp."""
    at = place.at("logicalTypeOptions")
    left = dict(options)
    limits: dict[str, object] = {}
    for option, (bound, strict) in _LIMITS.items():
        if option in left:
            if bound in limits:
                raise at.error(f"{option} and its other form exclude each other")
            limits[bound] = _limit(left.pop(option), column, at.at(option))
            if strict:
                limits[strict] = True
    if column.type.kind is Kind.TIMESTAMP:
        if "max_value" in limits:
            raise at.error(
                f"the latest {column.name} is always 24 hours after the run's clock", next_step="take it out"
            )
        if left.pop("timezone", True) is not True or left.pop("defaultTimezone", "UTC") not in _UTC_NAMES:
            raise at.error(
                f"{column.name} is kept in UTC", next_step="say timezone: true, defaultTimezone: UTC"
            )
        yield _impossible(column, dataset, limits, place)
    elif limits:
        yield _row_rule(
            f"{column.name}_range",
            "accuracy",
            f"{column.name} lies {_spoken(limits)}.",
            f"An impossible {column.name} distorts every average and segment made from {dataset}.",
            (_BETWEEN, limits),
            column,
            place,
        )
    lengths = {
        bound: left.pop(option)
        for option, bound in (("minLength", "min_value"), ("maxLength", "max_value"))
        if option in left
    }
    if lengths:
        yield _row_rule(
            f"{column.name}_length",
            "conformity",
            f"{column.name} is {_spoken(lengths)} characters long.",
            f"A {column.name} of another length was not written by the system that {dataset} comes from.",
            ("expect_column_value_lengths_to_be_between", lengths),
            column,
            place,
        )
    if "pattern" in left:
        yield _row_rule(
            f"{column.name}_pattern",
            "conformity",
            f"{column.name} matches {left['pattern']}.",
            f"A {column.name} of another form was not written by the system that {dataset} comes from.",
            ("expect_column_values_to_match_regex", {"regex": left.pop("pattern")}),
            column,
            place,
        )
    for option in left:
        raise at.at(option).error(
            f"lakegate cannot keep the option {option} of {column.name}",
            next_step="take it out, or write a rule that Great Expectations can judge",
        )


def _impossible(column: Column, dataset: str, limits: Mapping[str, object], place: Place) -> Rule:
    earliest = limits.get("min_value", EARLIEST)
    return _row_rule(
        f"{column.name}_impossible",
        "timeliness",
        f"{column.name} is neither before {earliest:%Y-%m-%d} nor more than 24 hours after the run's clock.",
        f"A {column.name} that cannot be true puts {dataset} on days that nobody looks at.",
        (_BETWEEN, {"min_value": earliest, **limits, "max_value": AS_OF_LIMIT}),
        column,
        place,
    )


def _row_rule(
    name: str,
    dimension: str,
    description: str,
    impact: str,
    judged_by: tuple[str, Mapping[str, object]],
    column: Column,
    place: Place,
) -> Rule:
    expectation, kwargs = judged_by
    return Rule(
        name=name,
        domain=Domain.RECORDS,
        severity=Severity.ERROR,
        dimension=dimension,
        description=description,
        business_impact=impact,
        expectation=expectation,
        kwargs={"column": column.name, **kwargs},
        column=column.name,
        path=place.path,
    )


def _limit(value: object, column: Column, place: Place) -> object:
    """Return a bound in the column's own type."""
    try:
        if column.type.kind.is_number and isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if column.type.kind is Kind.TIMESTAMP and isinstance(value, str):
            instant = datetime.fromisoformat(value)
            return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
        if column.type.kind is Kind.DATE and isinstance(value, str):
            return date.fromisoformat(value)
    except ValueError as error:
        raise place.error(
            f"{value!r} is no {column.type}", next_step="write it as ISO 8601, in quotes"
        ) from error
    raise place.error(f"{value!r} cannot bound the {column.type} {column.name}")


def _spoken(limits: Mapping[str, object]) -> str:
    low, high = limits.get("min_value"), limits.get("max_value")
    words = []
    if low is not None:
        words.append(f"{'above' if limits.get('strict_min') else 'from'} {low}")
    if high is not None:
        words.append(f"{'below' if limits.get('strict_max') else 'to'} {high}")
    return " and ".join(words) if limits.get("strict_min") or limits.get("strict_max") else " ".join(words)
