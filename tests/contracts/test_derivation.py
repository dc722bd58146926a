"""What a contract says about its own derivation: SQL, merge, sums, position."""

from __future__ import annotations

import re

import pytest

from contracts.errors import ContractError
from contracts.model import Merge, Query, Zone
from tests.contracts.yaml_text import changed, parse

QUERY = "{property: transformLogic, value: SELECT visit_id FROM calls}"
FROM_CALLS = "{property: derivedFrom, value: [calls]}"


def with_properties(*of_document: str, of_table: str = "") -> str:
    """Return the small contract with custom properties of the document and of the schema object."""
    items = "".join(f"  - {text}\n" for text in of_document)
    table = f"    customProperties: [{of_table}]\n" if of_table else ""
    return changed(
        ("schema:\n  - name: visits\n", f"customProperties:\n{items}schema:\n  - name: visits\n{table}")
        if items
        else ("  - name: visits\n", f"  - name: visits\n{table}")
    )


def computed(text: str) -> str:
    """Return the text without what only a dataset that is read from files can have."""
    text = re.sub(r"    quality:\n.*?    properties:\n", "    properties:\n", text, flags=re.DOTALL)
    return changed(("        logicalTypeOptions: {minimum: 0, maximum: 120}\n", ""), text=text)


def test_a_gold_table_is_given_as_sql() -> None:
    contract = parse(computed(with_properties(FROM_CALLS, of_table=QUERY)), Zone.GOLD)
    assert contract.query == Query("SELECT visit_id FROM calls", "schema[0].customProperties[0].value")
    assert (contract.derived_from, contract.dataset) == (("calls",), "visits")


def test_rows_are_merged_where_the_contract_says_so() -> None:
    merged = parse(with_properties("{property: merge, value: scd1}"))
    assert (merged.merge, merged.is_merged, merged.is_read_from_files) == (Merge.SCD1, True, True)
    versions = parse(computed(with_properties("{property: merge, value: scd2}", FROM_CALLS)))
    assert (versions.merge, versions.is_merged, versions.dataset) == (Merge.SCD2, False, "calls")
    assert not versions.is_read_from_files


REFUSED = {
    "SQL of a dataset": (
        with_properties(of_table=QUERY),
        Zone.SILVER,
        "schema[0].customProperties[0].value: visits is not a table of gold, and only those are given as SQL",
    ),
    "SQL without its inputs": (
        with_properties(of_table=QUERY),
        Zone.GOLD,
        "customProperties: derivedFrom is missing; name the tables that the SQL reads",
    ),
    "SQL of a column": (
        changed(
            ("        description: When.\n", "        description: When.\n        transformLogic: now()\n")
        ),
        Zone.SILVER,
        "properties[1].transformLogic: transformLogic of column at is not supported; give the SELECT of the",
    ),
    "an unknown merge": (
        with_properties("{property: merge, value: scd3}"),
        Zone.SILVER,
        "customProperties[0].value: expected scd1 or scd2, found 'scd3'",
    ),
    "a merge in gold": (
        with_properties("{property: merge, value: scd1}"),
        Zone.GOLD,
        "merge has no effect outside of silver",
    ),
    "a silver table that nothing computes": (
        with_properties(FROM_CALLS),
        Zone.SILVER,
        "nothing computes visits from calls; declare merge: scd2",
    ),
    "merged rows of a derived table": (
        with_properties("{property: merge, value: scd1}", FROM_CALLS),
        Zone.SILVER,
        "scd1 merges rows that are read from files, visits is derived",
    ),
    "versions of nothing": (
        with_properties("{property: merge, value: scd2}"),
        Zone.SILVER,
        "scd2 keeps the versions of one dataset's rows, derivedFrom names 0",
    ),
    "a position of 0": (
        with_properties("{property: position, value: 0}"),
        Zone.SILVER,
        "customProperties[0].value: expected a whole number from 1 on, found 0",
    ),
    "a position that is no number": (
        with_properties("{property: position, value: true}"),
        Zone.SILVER,
        "expected a whole number from 1 on, found True",
    ),
    "sums of a dataset": (
        with_properties(of_table="{property: sums, value: [age]}"),
        Zone.SILVER,
        "sums has no effect outside of gold",
    ),
    "a sum of integers": (
        with_properties(of_table="{property: sums, value: [at]}"),
        Zone.GOLD,
        "schema[0].sums: at is timestamp, and only sums of decimals are exact",
    ),
    "a sum of an unknown column": (
        with_properties(of_table="{property: sums, value: [price]}"),
        Zone.GOLD,
        "schema[0].sums: unknown column 'price'",
    ),
    "a name that is no table's": (
        changed(("name: visits", "name: Visits-2")),
        Zone.SILVER,
        "schema[0].name: invalid name 'Visits-2'; use a-z, 0-9 and _, beginning with a letter",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_a_derivation_without_effect_or_that_is_ambiguous_is_refused(title: str) -> None:
    text, zone, sentence = REFUSED[title]
    with pytest.raises(ContractError) as caught:
        parse(text, zone)
    assert sentence in str(caught.value)
