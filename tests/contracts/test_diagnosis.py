"""All errors of a contract, with the places of each."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

import contracts
from contracts.diagnosis import Diagnosis, diagnose_contract
from contracts.errors import ContractError
from contracts.model import Zone
from contracts.parser import parse_contract
from tests.contracts.test_refused_contracts import DOCUMENTS, RULES, refused
from tests.contracts.yaml_text import RULE, TEXT, changed, text_column, with_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND_RULE = RULE.split("quality:\n")[1].replace("my_rule", "your_rule")
SOURCES = """\
customProperties:
  - property: sources
    value:
      - {name: web, glob: web/*, delimitr: ";", timezone: Mars}
      - {name: shop}
      - {name: post, glob: post/*, encoding: ebcdic-none}
schema:
"""


def diagnose(text: str) -> Diagnosis:
    return diagnose_contract(text, Zone.SILVER, "silver/visits.yaml")


def errors(text: str) -> list[tuple[str, str]]:
    return [(error.path, error.what) for error in diagnose(text).errors]


def test_a_valid_contract_has_no_errors() -> None:
    diagnosis = diagnose(TEXT)
    assert diagnosis.errors == ()
    assert diagnosis.contract is not None
    assert len(diagnosis.contract.checksum) == 64


@pytest.mark.parametrize(("replacement", "sentence"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_one_invalid_part_is_one_error(replacement: tuple[str, str], sentence: str) -> None:
    text = changed(replacement)
    (error,) = diagnose(text).errors
    assert error.what in refused(text)


@pytest.mark.parametrize(("replacement", "sentence"), RULES.values(), ids=RULES.keys())
def test_one_invalid_rule_is_one_error(replacement: tuple[str, str], sentence: str) -> None:
    text = with_rule(replacement)
    (error,) = diagnose(text).errors
    assert error.what in refused(text)
    assert error.rule in ("my_rule", None)


def test_errors_of_all_parts_are_found_at_once() -> None:
    text = with_rule(("severity: error", "severity: info"), ("dimension: accuracy", "dimension: beauty"))
    text = changed(
        ("version: 1.0.0", "version: 1.0"),
        ("    dataGranularityDescription: One row a visit.\n", "    grain: x\n"),
        ("expect_volume_ratio_to_be_at_least", "expect_volume_to_be_at_least"),
        ("physicalType: timestamp", "physicalType: datetime"),
        text=text,
    )
    assert sorted(path for path, _ in errors(text)) == [
        "schema[0].dataGranularityDescription",
        "schema[0].grain",
        "schema[0].properties[1]",
        "schema[0].properties[2].quality[0].dimension",
        "schema[0].properties[2].quality[0].severity",
        "schema[0].quality[0]",
        "version",
    ]


def test_values_of_wrong_types_are_found_at_once() -> None:
    text = changed(
        ("name: my_rule", "name: [my_rule]"), ("description: It is so.", "description: 1"), text=with_rule()
    )
    text = changed(
        ("description: How old.", "description: [How old.]"), text=text + SECOND_RULE.replace("error", "7")
    )
    assert sorted(path for path, _ in errors(text)) == [
        "schema[0].properties[2].description",
        "schema[0].properties[2].quality[0].description",
        "schema[0].properties[2].quality[0].name",
        "schema[0].properties[2].quality[1].severity",
    ]


def test_the_numbers_of_later_elements_are_those_of_the_file() -> None:
    text = changed(("{min_value: 1}", "{min_value: one}"), text=with_rule() + SECOND_RULE)
    assert [path for path, _ in errors(text)] == [
        "schema[0].properties[2].quality[0]",
        "schema[0].properties[2].quality[1]",
    ]


def test_each_key_of_a_source_is_checked() -> None:
    assert errors(changed(("schema:\n", SOURCES))) == [
        ("customProperties[0].value[0].delimitr", "unknown key 'delimitr' in a source"),
        ("customProperties[0].value[0].timezone", "unknown time zone 'Mars'"),
        ("customProperties[0].value[1]", "a source needs glob"),
        ("customProperties[0].value[2].encoding", "unknown text encoding 'ebcdic-none'"),
    ]


def test_a_rule_on_an_invalid_column_is_not_an_error_of_its_own() -> None:
    text = changed(("physicalType: int", "physicalType: smallint"), text=with_rule())
    diagnosis = diagnose(text)
    assert [error.path for error in diagnosis.errors] == ["schema[0].properties[2]"]
    assert diagnosis.unchecked == {"age", "my_rule"}


def test_what_remains_in_another_form_is_named() -> None:
    diagnosis = diagnose(with_rule(("severity: error", "severity: info")))
    assert diagnosis.unchecked == set()
    assert diagnosis.altered == {"age", "my_rule"}


def test_what_is_valid_remains() -> None:
    text = changed(("{min_value: 1}", "{min_value: one}"), text=with_rule() + text_column("city", "string"))
    contract = diagnose(text).contract
    assert contract is not None
    assert contract.column_names == ("visit_id", "at", "age", "city")
    assert "my_rule" not in [rule.name for rule in contract.rules]


def test_of_a_text_that_is_no_yaml_nothing_remains() -> None:
    diagnosis = diagnose("name: [visits\n")
    assert diagnosis.contract is None
    assert len(diagnosis.errors) == 1


JUNK = (None, 1, "x", [], {}, True, [1], {"a": 1}, -5, "", 1.5, [{"name": "q"}])


def places(node: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value below a YAML value."""
    if isinstance(node, dict | list):
        for step, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield (*place, step)
            yield from places(value, (*place, step))


def spoil(document: Any, choose: random.Random) -> None:
    """Delete, replace, add or double a value somewhere."""
    *steps, last = choose.choice(list(places(document)))
    parent = document
    for step in steps:
        parent = parent[step]
    match choose.randrange(4):
        case 0:
            del parent[last]
        case 1 | 2:
            parent[last] = copy.deepcopy(choose.choice(JUNK))
        case _ if isinstance(parent, dict):
            parent["unknown"] = 1
        case _:
            parent.append(copy.deepcopy(parent[last]))


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_wrong_is_found_where_the_parser_refuses(seed: int) -> None:
    choose = random.Random(seed)
    path = choose.choice(sorted((Path(contracts.__file__).parent).glob("*/*.yaml")))
    document = yaml.safe_load(path.read_text("utf-8"))
    for _ in range(choose.choice((1, 2, 4))):
        spoil(document, choose)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    zone = Zone(path.parent.name)
    try:
        parse_contract(text, zone, path.name)
        is_valid = True
    except ContractError:
        is_valid = False
    diagnosis = diagnose_contract(text, zone, path.name)
    assert (diagnosis.errors == ()) is is_valid
    paths = [(error.path, error.what) for error in diagnosis.errors]
    assert len(set(paths)) == len(paths)
