"""Table rules derived from a contract's columns (spec 4.5, 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.expectation_catalog import TYPE_EXPECTATION
from contracts.model import Column, Domain, Rule, Severity, Zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_NOT_NULL = "expect_column_values_to_not_be_null"
_COLUMNS = "expect_table_columns_to_match_ordered_list"
_UNIQUE = "expect_column_values_to_be_unique"
_COMPOUND_UNIQUE = "expect_compound_columns_to_be_unique"


def derive_table_rules(
    name: str,
    zone: Zone,
    columns: Sequence[Column],
    derived_columns: Sequence[Column],
    keys: Sequence[str],
    *,
    is_read_from_files: bool,
) -> Iterator[Rule]:
    """Yield the table rules of every dataset: unique keys, complete columns, declared columns and types.

    A dataset that is read from files also has one on the columns that its sources name. Any other has one on
    the length of its strings, which is a row rule for datasets read from files.
    """
    is_compound = len(keys) > 1
    yield _table_rule(
        "keys_unique",
        "uniqueness",
        f"No two rows have the same {', '.join(keys)}.",
        f"A duplicate key counts the same thing twice wherever {name} is joined or summed.",
        {"column_list": list(keys)} if is_compound else {"column": keys[0]},
        expectation=_COMPOUND_UNIQUE if is_compound else _UNIQUE,
    )
    for column in columns:
        if column.unique and list(keys) != [column.name]:
            yield _table_rule(
                f"{column.name}_unique",
                "uniqueness",
                f"No two rows have the same {column.name}.",
                f"A duplicate {column.name} counts the same thing twice in {name}.",
                {"column": column.name},
                expectation=_UNIQUE,
                column=column.name,
            )
    if zone is Zone.RAW:
        return
    if required := [column.name for column in columns if column.required]:
        first, *others = ({"column": name} for name in required)
        yield _table_rule(
            "required_complete",
            "completeness",
            "No required column holds a null.",
            f"A row of {name} without its required values silently drops out of joins and filters.",
            first,
            expectation=_NOT_NULL,
            further=[(_NOT_NULL, kwargs) for kwargs in others],
        )
    stored = (*columns, *derived_columns)
    yield _table_rule(
        "schema" if zone is Zone.GOLD else "types",
        "conformity",
        "Columns, their order and their types are those of the contract.",
        f"Readers of {name} that rely on the contract fail, or read one column as another.",
        {"column_list": [column.name for column in stored]},
        expectation=_COLUMNS,
        further=[(TYPE_EXPECTATION, {"column": column.name, "type_": str(column.type)}) for column in stored],
    )
    if is_read_from_files:
        yield _table_rule(
            "source_column_missing",
            "completeness",
            "Each column that a source names exists in at least one of its files.",
            f"A misspelled name, or one that upstream changed, leaves a column of {name} empty.",
            {},
            expectation="expect_source_columns_to_exist",
            severity=Severity.WARN,
        )
    elif any(column.type.max_bytes for column in columns):
        yield _table_rule(
            "lengths",
            "conformity",
            "No value is longer in UTF-8 than its column's varchar.",
            f"One value of {name} that does not fit makes the warehouse roll back the load of all tables.",
            {},
            expectation="expect_values_to_fit_varchar",
        )


def _table_rule(
    name: str,
    dimension: str,
    description: str,
    impact: str,
    kwargs: Mapping[str, object],
    *,
    expectation: str,
    severity: Severity = Severity.ERROR,
    column: str | None = None,
    further: Sequence[tuple[str, Mapping[str, object]]] = (),
) -> Rule:
    return Rule(
        name=name,
        domain=Domain.TABLE,
        severity=severity,
        dimension=dimension,
        description=description,
        business_impact=impact,
        expectation=expectation,
        kwargs=kwargs,
        column=column,
        further=tuple(further),
    )
