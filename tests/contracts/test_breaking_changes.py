"""Labelled pairs of contracts: what each change requires of the version."""

from __future__ import annotations

import pytest

from contracts.changes import Bump, next_version, required_bump, version_problem
from contracts.diff import diff_contracts
from contracts.model import Contract, Zone
from contracts.parser import parse_contract
from tests.contracts.yaml_text import TEXT, changed, text_column, with_rule

MAJOR, MINOR, PATCH, NONE = Bump.MAJOR, Bump.MINOR, Bump.PATCH, Bump.NONE
Pair = tuple[str, str, Bump]

INT = "logicalType: integer\n        physicalType: int"
BIGINT = "logicalType: integer\n        physicalType: bigint"
STRING = "logicalType: string\n        physicalType: string"
DOUBLE = "logicalType: number\n        physicalType: double"
DECIMAL = "logicalType: number\n        physicalType: decimal({})"
DERIVED_FROM = (
    "customProperties:\n  - {property: derivedFrom, value: [events]}\n  - {property: merge, value: scd2}\n"
)
# Without what only a table that is read from files can have.
COMPUTABLE = (
    ("{minimum: 0, maximum: 120}", "{}"),
    ("expect_volume_ratio_to_be_at_least", "expect_table_row_count_to_be_between"),
)
SORT_KEY = "{property: sortKey, value: [at]}"
RANGE = "{minimum: 0, maximum: 120}"
VARCHAR_9 = TEXT + text_column("c", "varchar(9)")
CITY = text_column("city", "string")
STREET = text_column("street", "string")
WARNING = ("severity: error", "severity: warning"), ("value: records", "value: valid_rows")
TABLE = ("value: records", "value: table")
DERIVED = text_column("_extra", "string") + "        customProperties: [{property: derived, value: true}]\n"


def of_age(new: str, options: str = RANGE) -> str:
    """Return the text with another type of the column age."""
    return changed((INT, new), (RANGE, options))


def age_with(keys: str) -> str:
    """Return the text with more keys of the column age."""
    return changed(("description: How old.", f"description: How old.\n        {keys}"))


def kwargs(text: str, expectation: str = "expect_column_values_to_be_between", *more: tuple[str, str]) -> str:
    """Return the text with a rule of these arguments on the column age."""
    expected = ("type: expect_column_values_to_be_between", f"type: {expectation}")
    return with_rule(expected, ("{min_value: 1}", text), *more)


def in_set(text: str, *more: tuple[str, str]) -> str:
    return kwargs(f"{{value_set: {text}}}", "expect_column_values_to_be_in_set", *more)


def distinct(kind: str, text: str) -> str:
    return kwargs(f"{{value_set: {text}}}", f"expect_column_distinct_values_to_{kind}", TABLE)


def document(*properties: str) -> str:
    """Return the text with custom properties of the document."""
    listed = "".join(f"  - {{property: {text}}}\n" for text in properties)
    return changed(("schema:\n", f"customProperties:\n{listed}schema:\n"))


def sources(*entries: str) -> str:
    return document(f"sources, value: [{', '.join(entries)}]")


def two_keys(first: str, second: str) -> str:
    """Return the text with a key of two columns in this order."""
    positions = {first: 1, second: 2}
    key = "        required: true\n        primaryKey: true\n        primaryKeyPosition: {}\n"
    return changed(
        (key.format(1), key.format(positions["visit_id"])),
        (f"        {INT}\n", f"        {INT}\n" + key.format(positions["age"])),
    )


WEB = "{name: web, glob: 'web/*'}"
SHOP = "{name: shop, glob: 'shop/*'}"

PAIRS: dict[str, Pair] = {
    # Nothing that is promised.
    "nothing": (TEXT, TEXT, NONE),
    "a comment": (TEXT, f"# A comment.\n{TEXT}", NONE),
    "the version alone": (TEXT, changed(("1.0.0", "1.1.0")), NONE),
    "another spelling of a type": (TEXT, of_age("logicalType: integer\n        physicalType: integer"), NONE),
    "a default written out": (TEXT, document("dateOrder, value: MDY"), NONE),
    "a rule's default arguments written out": (
        kwargs("{min_value: 1}"),
        kwargs("{min_value: 1, max_value: null, strict_min: false}"),
        NONE,
    ),
    "the order of a set": (in_set("[1, 2, 3]"), in_set("[3, 1, 2, 2]"), NONE),
    "the order of the key": (two_keys("visit_id", "age"), two_keys("age", "visit_id"), NONE),
    "the order of null words": (
        age_with("customProperties: [{property: nullWords, value: [a, b]}]"),
        age_with("customProperties: [{property: nullWords, value: [b, a]}]"),
        NONE,
    ),
    "a date as an instant": (
        kwargs("{column: at, min_value: '2024-01-01'}"),
        kwargs("{column: at, min_value: '2024-01-01T00:00:00Z'}"),
        NONE,
    ),
    # Texts.
    "the purpose": (TEXT, changed(("Who came.", "Who came by.")), PATCH),
    "the owner": (TEXT, changed(("username: tester", "username: tina")), PATCH),
    "the grain": (TEXT, changed(("One row a visit.", "One row per visit.")), PATCH),
    "a column's description": (TEXT, changed(("How old.", "Age in years.")), PATCH),
    "a rule's description": (TEXT, changed(("Not too few.", "Enough.")), PATCH),
    "a rule's impact": (TEXT, changed(("A gap.", "A hole.")), PATCH),
    # Columns.
    "an optional column at the end": (TEXT, TEXT + CITY, MINOR),
    "an optional column before the derived ones": (TEXT + DERIVED, TEXT + CITY + DERIVED, MINOR),
    "two optional columns at the end": (TEXT, TEXT + CITY + STREET, MINOR),
    "an optional column in the middle": (
        TEXT,
        changed(("      - name: at\n", CITY + "      - name: at\n")),
        MAJOR,
    ),
    "a required column": (TEXT, f"{TEXT}{CITY}        required: true\n", MAJOR),
    "a column less": (TEXT + CITY, TEXT, MAJOR),
    "a column renamed": (TEXT + CITY, TEXT + CITY.replace("city", "town"), MAJOR),
    "a column renamed, with the old name as alias": (
        TEXT + CITY,
        f"{TEXT}{CITY.replace('city', 'town')}        synonyms: [{{synonym: city}}]\n",
        MAJOR,
    ),
    "columns in another order": (TEXT + CITY + STREET, TEXT + STREET + CITY, MAJOR),
    "int to bigint": (TEXT, of_age(BIGINT), MINOR),
    "bigint to int": (of_age(BIGINT), TEXT, MAJOR),
    "int to double": (TEXT, of_age(DOUBLE), MINOR),
    "bigint to double": (of_age(BIGINT), of_age(DOUBLE), MAJOR),
    "int to string": (of_age(INT, "{}"), of_age(STRING, "{}"), MAJOR),
    "a decimal with more digits": (of_age(DECIMAL.format("18,4")), of_age(DECIMAL.format("20,4")), MINOR),
    "a decimal with more decimals and fewer digits before": (
        of_age(DECIMAL.format("18,4")),
        of_age(DECIMAL.format("18,6")),
        MAJOR,
    ),
    "a decimal with fewer decimals": (of_age(DECIMAL.format("18,4")), of_age(DECIMAL.format("18,2")), MAJOR),
    "a longer varchar": (VARCHAR_9, TEXT + text_column("c", "varchar(10)"), MINOR),
    "a shorter varchar": (VARCHAR_9, TEXT + text_column("c", "varchar(8)"), MAJOR),
    "a smaller maxBytes": (TEXT + text_column("c", "string"), TEXT + text_column("c", "string", 100), MAJOR),
    "optional to required": (TEXT + CITY, f"{TEXT}{CITY}        required: true\n", MAJOR),
    "required to optional": (f"{TEXT}{CITY}        required: true\n", TEXT + CITY, MAJOR),
    "a column more in the key": (TEXT, two_keys("visit_id", "age"), MAJOR),
    "newly unique": (TEXT, age_with("unique: true"), MAJOR),
    "no longer unique": (age_with("unique: true"), TEXT, MAJOR),
    "newly personal": (TEXT, age_with("classification: pii"), MINOR),
    "no longer personal": (age_with("classification: pii"), TEXT, MAJOR),
    "an alias more": (TEXT, age_with("synonyms: [{synonym: years}]"), MINOR),
    "an alias less": (age_with("synonyms: [{synonym: years}]"), TEXT, MAJOR),
    "other null words": (TEXT, age_with("customProperties: [{property: nullWords, value: ['']}]"), MAJOR),
    # Limits of columns.
    "a smaller maximum": (TEXT, changed(("maximum: 120", "maximum: 99")), MAJOR),
    "a larger maximum": (TEXT, changed(("maximum: 120", "maximum: 130")), MAJOR),
    "no limits": (TEXT, changed((RANGE, "{}")), MAJOR),
    # Rules.
    "an error rule more": (TEXT, with_rule(), MAJOR),
    "an error rule less": (with_rule(), TEXT, MAJOR),
    "a warning more": (TEXT, with_rule(*WARNING), MINOR),
    "a warning less": (with_rule(*WARNING), TEXT, MINOR),
    "a warning that is stricter": (
        with_rule(*WARNING),
        kwargs("{min_value: 2}", "expect_column_values_to_be_between", *WARNING),
        MINOR,
    ),
    "a warning of another expectation": (with_rule(*WARNING), in_set("[1]", *WARNING), MINOR),
    "a warning that becomes an error": (with_rule(*WARNING), with_rule(), MAJOR),
    "an error that becomes a warning": (with_rule(), with_rule(*WARNING), MAJOR),
    "an error on rows that becomes one on the table": (with_rule(), with_rule(TABLE), MAJOR),
    "a renamed rule": (with_rule(), with_rule(("my_rule", "your_rule")), MINOR),
    "a renamed and stricter rule": (
        with_rule(),
        kwargs("{min_value: 2}", "expect_column_values_to_be_between", ("my_rule", "your_rule")),
        MAJOR,
    ),
    "a stricter bound": (kwargs("{min_value: 1}"), kwargs("{min_value: 1, strict_min: true}"), MAJOR),
    "an error that exempts rows": (
        kwargs("{min_value: 1}"),
        kwargs("{min_value: 1, row_condition: 'at IS NOT NULL'}"),
        MAJOR,
    ),
    "a value more in a set": (in_set("[1, 2]"), in_set("[1, 2, 3]"), MAJOR),
    "a table rule that is looser": (
        kwargs("{min_value: 1, mostly: 0.9}", "expect_column_values_to_be_between", TABLE),
        kwargs("{min_value: 1, mostly: 0.8}", "expect_column_values_to_be_between", TABLE),
        MAJOR,
    ),
    "a value more that must occur": (
        distinct("contain_set", "[1]"),
        distinct("contain_set", "[1, 2]"),
        MAJOR,
    ),
    "a limit of the policy instead of a number": (
        changed(("{$PARAMETER: min_volume_ratio}", "0.5")),
        TEXT,
        MINOR,
    ),
    # Reading.
    "a source more": (TEXT, sources(WEB), MINOR),
    "a source more, after another": (sources(WEB), sources(WEB, SHOP), MINOR),
    "a source that computes a text": (
        TEXT,
        sources("{name: web, glob: 'web/*', columns: {visit_id: \"concat(a, '-', b)\"}}"),
        MINOR,
    ),
    "a source before another": (sources(WEB), sources(SHOP, WEB), MAJOR),
    "a source less": (sources(WEB, SHOP), sources(WEB), MAJOR),
    "sources in another order": (sources(WEB, SHOP), sources(SHOP, WEB), MAJOR),
    "another glob": (sources(WEB), sources("{name: web, glob: 'www/*'}"), MAJOR),
    "a source's delimiter": (sources(WEB), sources("{name: web, glob: 'web/*', delimiter: ';'}"), MAJOR),
    "a source's format": (
        sources("{name: web, glob: 'web/*', formats: {at: [dd.MM.yyyy]}}"),
        sources("{name: web, glob: 'web/*', formats: {at: [MM.dd.yyyy]}}"),
        MAJOR,
    ),
    "a source's condition": (sources(WEB), sources("{name: web, glob: 'web/*', where: a > 1}"), MAJOR),
    "a currency sign more": (sources(WEB), sources("{name: web, glob: 'web/*', currencySigns: [kr]}"), MINOR),
    "the order of dates": (TEXT, document("dateOrder, value: DMY"), MAJOR),
    "the recency": (TEXT, document("recency, value: [age, at]"), MAJOR),
    "a name that is ignored": (TEXT, document("ignoredColumns, value: [year]"), MAJOR),
    "a name that is no longer ignored": (document("ignoredColumns, value: [year]"), TEXT, MINOR),
    # The table.
    "computed instead of read": (
        changed(*COMPUTABLE),
        changed(*COMPUTABLE, ("schema:\n", DERIVED_FROM + "schema:\n")),
        MAJOR,
    ),
    "a sort key": (
        TEXT,
        changed(("    quality:\n", f"    customProperties: [{SORT_KEY}]\n    quality:\n")),
        MINOR,
    ),
    "a service level": (
        TEXT,
        changed(("schema:\n", "slaProperties: [{property: latency, value: 1, unit: d}]\nschema:\n")),
        MINOR,
    ),
    "a note": (
        TEXT,
        changed(("quality: []", "quality: [{name: sane, type: text, description: It is.}]")),
        MINOR,
    ),
}  # fmt: skip


def parse(text: str) -> Contract:
    return parse_contract(text, Zone.SILVER, "silver/visits.yaml")


@pytest.mark.parametrize(("before", "after", "bump"), PAIRS.values(), ids=PAIRS.keys())
def test_a_pair_of_contracts_requires_the_version_of_its_label(before: str, after: str, bump: Bump) -> None:
    assert required_bump(diff_contracts(parse(before), parse(after))) is bump


def test_there_are_at_least_sixty_pairs() -> None:
    assert len(PAIRS) >= 60
    assert len(set(PAIRS.values())) == len(PAIRS)


@pytest.mark.parametrize(
    ("before", "after", "bump", "is_enough"),
    [
        ("1.2.3", "2.0.0", MAJOR, True),
        ("1.2.3", "3.1.4", MAJOR, True),
        ("1.2.3", "1.3.0", MAJOR, False),
        ("1.2.3", "1.2.3", MINOR, False),
        ("1.2.3", "1.2.4", MINOR, True),
        ("1.2.3", "1.2.3", PATCH, False),
        ("1.2.3", "1.2.3", NONE, True),
        ("1.2.3", "1.2.2", NONE, False),
        ("1.9.0", "1.10.0", MINOR, True),
        ("1.2.3", "second", MINOR, False),
        ("first", "1.0.0", MAJOR, True),
        ("first", "first", MINOR, False),
    ],
)
def test_a_version_is_enough_or_not(before: str, after: str, bump: Bump, is_enough: bool) -> None:
    assert (version_problem(before, after, bump) == "") is is_enough


def test_the_next_version_resets_what_comes_after_it() -> None:
    assert [next_version("1.2.3", bump) for bump in Bump] == ["1.2.3", "1.2.4", "1.3.0", "2.0.0"]
