"""Differences between two versions of a contract."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from contracts import diff, rule_diff
from contracts.changes import Bump, Change, ChangeKind
from contracts.diff import diff_contracts
from contracts.loader import load_contracts
from contracts.model import Column, Contract, DataType, Note, Rule, Source, Zone
from contracts.parser import parse_contract
from tests.contracts.yaml_text import TEXT, changed, with_rule

COLUMN = """\
      - name: city
        description: Where.
        logicalType: string
        physicalType: string
"""
SOURCE = "customProperties:\n  - {property: sources, value: [{name: a, glob: 'a/*'}]}\nschema:\n"


def parse(text: str) -> Contract:
    return parse_contract(text, Zone.SILVER, "visits.yaml")


def changes(before: str, after: str) -> list[tuple[str, str, bool]]:
    return [(str(c.kind), c.path, c.is_breaking) for c in diff_contracts(parse(before), parse(after))]


def test_a_contract_does_not_differ_from_itself() -> None:
    for contract in load_contracts().all:
        assert diff_contracts(contract, contract) == ()


def test_texts_are_changes_that_break_nothing() -> None:
    after = changed(("Who came.", "Who came by."), ("1.0.0", "1.0.1"), ("When.", "At what time."))
    assert [(change.path, change.bump) for change in diff_contracts(parse(TEXT), parse(after))] == [
        ("columns.at.description", Bump.PATCH),
        ("description", Bump.PATCH),
    ]


def test_different_contracts_are_not_compared() -> None:
    shipped = load_contracts()
    with pytest.raises(ValueError, match="two contracts"):
        diff_contracts(shipped.silver("events"), shipped.silver("users"))


CASES: dict[str, tuple[str, str, list[tuple[str, str, bool]]]] = {
    "a column more, at the end": (TEXT, TEXT + COLUMN, [("column_added", "columns.city", False)]),
    "a required column more": (
        TEXT,
        TEXT + COLUMN + "        required: true\n",
        [("column_added", "columns.city", True), ("rule_added", "rules.city_required", True)],
    ),
    "a column more, in the middle": (
        TEXT,
        changed(("      - name: at\n", COLUMN + "      - name: at\n")),
        [("column_added", "columns.city", True)],
    ),
    "a column less": (TEXT + COLUMN, TEXT, [("column_removed", "columns.city", True)]),
    "newly required": (
        TEXT,
        changed(("        physicalType: int\n", "        physicalType: int\n        required: true\n")),
        [("required", "columns.age", True), ("rule_added", "rules.age_required", True)],
    ),
    "a wider type": (
        TEXT,
        changed(("physicalType: int", "physicalType: bigint")),
        [("type_widened", "columns.age", False)],
    ),
    "a narrower type": (
        changed(("physicalType: int", "physicalType: bigint")),
        TEXT,
        [("type_narrowed", "columns.age", True)],
    ),
    "another type": (
        TEXT,
        changed(
            (
                "logicalType: integer\n        physicalType: int",
                "logicalType: date\n        physicalType: date",
            )
        ).replace("{minimum: 0, maximum: 120}", "{}"),
        [("type_changed", "columns.age", True), ("rule_removed", "rules.age_range", True)],
    ),
    "a shorter text": (
        changed(("physicalType: string", "physicalType: varchar(20)")),
        changed(("physicalType: string", "physicalType: varchar(10)")),
        [("type_narrowed", "columns.visit_id", True)],
    ),
    "another key": (
        TEXT,
        changed(
            (
                "        physicalType: int\n",
                "        physicalType: int\n        primaryKey: true\n        primaryKeyPosition: 2\n",
            )
        ),
        [
            ("required", "columns.age", True),
            ("key_changed", "key", True),
            ("rule_changed", "rules.keys_unique", True),
            ("rule_added", "rules.age_required", True),
        ],
    ),
    "pii": (
        TEXT,
        changed(("description: How old.", "description: How old.\n        classification: pii")),
        [("pii_changed", "columns.age", False)],
    ),
    "pii no more": (
        changed(("description: How old.", "description: How old.\n        classification: pii")),
        TEXT,
        [("pii_changed", "columns.age", True)],
    ),
    "another alias": (
        changed(("description: How old.", "description: How old.\n        synonyms: [{synonym: years}]")),
        changed(("description: How old.", "description: How old.\n        synonyms: [{synonym: alter}]")),
        [("alias_removed", "columns.age", True), ("alias_added", "columns.age", False)],
    ),
    "other null words": (
        TEXT,
        changed(
            (
                "description: How old.",
                "description: How old.\n        customProperties: [{property: nullWords, value: ['']}]",
            )
        ),
        [("null_words_changed", "columns.age", True)],
    ),
    "a narrower range": (
        TEXT,
        changed(("maximum: 120", "maximum: 99")),
        [("rule_tightened", "rules.age_range", True)],
    ),
    "a wider range": (
        TEXT,
        changed(("minimum: 0", "minimum: -1")),
        [("rule_loosened", "rules.age_range", True)],
    ),
    "a range that moved": (
        TEXT,
        changed(("minimum: 0, maximum: 120", "minimum: 1, maximum: 130")),
        [("rule_changed", "rules.age_range", True)],
    ),
    "a rule more": (TEXT, with_rule(), [("rule_added", "rules.my_rule", True)]),
    "a rule less": (with_rule(), TEXT, [("rule_removed", "rules.my_rule", True)]),
    "a warning that becomes an error": (
        with_rule(("severity: error", "severity: warning"), ("value: records", "value: valid_rows")),
        with_rule(),
        [("rule_tightened", "rules.my_rule", True)],
    ),
    "a smaller set": (
        with_rule(("to_be_between", "to_be_in_set"), ("{min_value: 1}", "{value_set: [1, 2]}")),
        with_rule(("to_be_between", "to_be_in_set"), ("{min_value: 1}", "{value_set: [1]}")),
        [("rule_tightened", "rules.my_rule", True)],
    ),
    "a smaller forbidden set": (
        with_rule(("to_be_between", "to_not_be_in_set"), ("{min_value: 1}", "{value_set: [1, 2]}")),
        with_rule(("to_be_between", "to_not_be_in_set"), ("{min_value: 1}", "{value_set: [1]}")),
        [("rule_loosened", "rules.my_rule", True)],
    ),
    "another expectation": (
        with_rule(),
        with_rule(("to_be_between", "to_be_in_set"), ("{min_value: 1}", "{value_set: [1]}")),
        [("rule_changed", "rules.my_rule", True)],
    ),
    "a source more": (TEXT, changed(("schema:\n", SOURCE)), [("source_added", "sources.a", False)]),
    "a source less": (changed(("schema:\n", SOURCE)), TEXT, [("source_removed", "sources.a", True)]),
    "a source that takes other files": (
        changed(("schema:\n", SOURCE)),
        changed(("schema:\n", SOURCE)).replace("a/*", "b/*"),
        [("source_changed", "sources.a.glob", True)],
    ),
    "a source before another": (
        changed(("schema:\n", SOURCE)),
        changed(("schema:\n", SOURCE)).replace("[{name: a", "[{name: z, glob: '**'}, {name: a"),
        [("source_added", "sources.z", True)],
    ),
    "another order of dates": (
        TEXT,
        changed(("schema:\n", "customProperties:\n  - {property: dateOrder, value: DMY}\nschema:\n")),
        [("date_order_changed", "dateOrder", True)],
    ),
    "names that are dropped": (
        TEXT,
        changed(("schema:\n", "customProperties:\n  - {property: ignoredColumns, value: [year]}\nschema:\n")),
        [("ignored_columns_changed", "ignoredColumns", True)],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), CASES.values(), ids=CASES.keys())
def test_a_change_is_listed_and_marked_if_breaking(
    before: str, after: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert changes(before, after) == expected


def test_a_source_is_compared_key_by_key() -> None:
    source = "{name: a, glob: 'a/*', delimiter: ';', columns: {age: alter, at: wann}}"
    changed_source = "{name: a, glob: 'a/*', header: false, columns: {age: jahre, at: wann}}"
    before = changed(("schema:\n", SOURCE.replace("{name: a, glob: 'a/*'}", source)))
    after = changed(("schema:\n", SOURCE.replace("{name: a, glob: 'a/*'}", changed_source)))
    assert [(c.path, c.before, c.after) for c in diff_contracts(parse(before), parse(after))] == [
        ("sources.a.delimiter", '";"', None),
        ("sources.a.header", None, "false"),
        ("sources.a.columns.age", '"alter"', '"jahre"'),
    ]


def test_every_field_of_a_contract_is_compared() -> None:
    """Each field is compared, or stands here with the reason why not."""
    not_promised = {
        Contract: {"name", "zone", "version", "path", "checksum", "position"},  # identity, where it was read
        Column: {"name", "unique", "primary_key_position", "physical_type"},  # rules, the key, the type
        Rule: {"name", "column", "path", "file"},  # identity; its kwargs name the column
        Source: set(),  # compared by iteration
        Note: {"name", "column"},
        DataType: set(),
    }
    code = "".join(Path(module.__file__ or "").read_text() for module in (diff, rule_diff))
    for model, exempt in not_promised.items():
        names = {field.name for field in fields(model)}
        if model not in (Source, DataType):
            assert {name for name in names - exempt if name not in code} == set()
        assert exempt <= names


def test_columns_in_another_order_are_a_breaking_change() -> None:
    after = changed(("      - name: at\n", COLUMN + "      - name: at\n"))
    assert ("columns_reordered", "columns", True) in changes(TEXT + COLUMN, after)


def test_a_change_shows_before_and_after() -> None:
    (change,) = diff_contracts(parse(TEXT), parse(changed(("maximum: 120", "maximum: 99"))))
    between = "error in records: expect_column_values_to_be_between"
    assert change == Change(
        ChangeKind.RULE_TIGHTENED,
        "rules.age_range",
        f'{between} {{"column": "age", "max_value": 120, "min_value": 0}}',
        f'{between} {{"column": "age", "max_value": 99, "min_value": 0}}',
        Bump.MAJOR,
    )
