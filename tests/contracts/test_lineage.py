"""The order of contracts, and what they can be derived from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.errors import ContractError
from contracts.lineage import in_order
from contracts.loader import load_contracts
from contracts.model import Contract, DataType, Kind, Merge, Zone
from tests.contracts.yaml_text import TEXT, parse
from tests.shipped import DATASETS, GOLD_TABLES, USERS_HISTORY

SHIPPED = load_contracts()
USERS, HISTORY = SHIPPED.silver("users"), SHIPPED.silver(USERS_HISTORY)
VISITS = parse(TEXT)


def table(name: str, *derived_from: str, position: int | None = None) -> Contract:
    """Return the contract of a gold table."""
    path = f"gold/{name}.yaml"
    return replace(VISITS, name=name, zone=Zone.GOLD, derived_from=derived_from, position=position, path=path)


def names(*contracts: Contract) -> list[str]:
    return [contract.name for contract in in_order(contracts)]


def test_the_shipped_tables_are_in_the_order_of_the_specification() -> None:
    backwards = tuple(reversed(SHIPPED.all[1:]))
    assert names(*backwards) == [*DATASETS, USERS_HISTORY, *GOLD_TABLES]


def test_a_table_comes_after_those_that_it_is_derived_from_whatever_its_position() -> None:
    first, second = table("first", "second", position=1), table("second", "visits", position=2)
    assert names(first, second, VISITS) == ["visits", "second", "first"]


def test_tables_without_a_position_follow_by_name() -> None:
    tables = (table("b", "visits"), table("a", "visits"), table("z", "visits", position=9))
    assert names(*tables, VISITS) == ["visits", "z", "a", "b"]


def test_a_cycle_names_its_files() -> None:
    with pytest.raises(ContractError) as caught:
        in_order([VISITS, table("a", "c"), table("b", "a", "visits"), table("c", "b")])
    sentence = str(caught.value)
    assert "customProperties.derivedFrom: derived from itself: " in sentence
    assert all(f"gold/{name}.yaml" in sentence for name in "abc")


def test_a_table_that_is_derived_from_itself_is_a_cycle() -> None:
    with pytest.raises(ContractError, match=r"derived from itself: gold/a.yaml from gold/a.yaml"):
        in_order([table("a", "a")])


TYPED = tuple(
    replace(column, type=DataType(Kind.INTEGER)) if column.name == "city" else column
    for column in HISTORY.columns
)
REFUSED = {
    "an input without a contract": (
        (VISITS, table("a", "nothing")),
        "gold/a.yaml, customProperties.derivedFrom: a is derived from nothing, which has no contract; "
        "add nothing.yaml to the folder silver or gold, or correct the name",
    ),
    "one name in two zones": (
        (VISITS, table("visits", "visits")),
        "gold/visits.yaml, schema[0].name: visits is already the name of silver/visits.yaml",
    ),
    "versions of a gold table": (
        (replace(HISTORY, derived_from=("a",)), table("a", "visits"), VISITS),
        "users_history of silver is derived from a, which is not read from files; name a dataset",
    ),
    "versions of rows that are not merged": (
        (HISTORY, replace(USERS, merge=None)),
        "silver/users.yaml, customProperties: silver/users_history.yaml keeps the versions of users, whose "
        "rows are not merged; declare merge: scd1",
    ),
    "versions by another key": (
        (replace(HISTORY, columns=HISTORY.columns[1:]), USERS),
        "the key must be that of users and valid_from, found valid_from",
    ),
    "versions without an end": (
        (replace(HISTORY, columns=(*HISTORY.columns[:-2], HISTORY.columns[-1])), USERS),
        "valid_to is missing; add it, of type timestamp",
    ),
    "versions of a column that the dataset lacks": (
        (HISTORY, replace(USERS, columns=tuple(c for c in USERS.columns if c.name != "city"))),
        "users has no column 'city'",
    ),
    "versions of a column of another type": (
        (replace(HISTORY, columns=TYPED), USERS),
        "silver/users_history.yaml, schema[0].properties: city must be string, found int",
    ),
}


@pytest.mark.parametrize("title", REFUSED)
def test_what_cannot_be_an_input_is_refused(title: str) -> None:
    contracts, sentence = REFUSED[title]
    with pytest.raises(ContractError) as caught:
        in_order(contracts)
    assert sentence in str(caught.value)


def test_a_dataset_can_have_several_histories() -> None:
    second = replace(HISTORY, name="names", columns=tuple(c for c in HISTORY.columns if c.name != "city"))
    assert names(HISTORY, second, USERS) == ["users", "names", USERS_HISTORY]
    assert second.merge is Merge.SCD2
