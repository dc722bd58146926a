"""Invalid contracts: the errors and their locations."""

from __future__ import annotations

import pytest

from contracts.errors import ContractError
from contracts.model import Zone
from tests.contracts.yaml_text import TEXT, changed, parse, text_column, with_quality, with_rule


def refused(text: str, zone: Zone = Zone.SILVER) -> str:
    with pytest.raises(ContractError) as caught:
        parse(text, zone)
    assert caught.value.file == f"{zone}/visits.yaml"
    return str(caught.value)


DOCUMENTS = {
    "no YAML": (("kind: DataContract", "kind: [DataContract"), "invalid YAML"),
    "a doubled key": (
        ("kind: DataContract", "kind: DataContract\nkind: DataContract"),
        "duplicate key 'kind'",
    ),
    "another kind": (
        ("kind: DataContract", "kind: DataProduct"),
        "kind: expected DataContract, found 'DataProduct'",
    ),
    "another version of ODCS": (("v3.2.0", "v3.0.2"), "apiVersion: expected v3.2.0, found 'v3.0.2'"),
    "an unknown key": (("id: test", "id: test\nowner: me"), "visits.yaml, owner: "),
    "an unknown key of the table": (
        ("    dataGranularityDescription", "    grain: x\n    dataGranularityDescription"),
        "schema[0]: unknown key 'grain'",
    ),
    "an unknown key of a column": (
        ("        description: When.", "        description: When.\n        nullable: true"),
        "schema[0].properties[1]: unknown key 'nullable'",
    ),
    "an unknown key of a rule": (
        ("        severity: warning", "        severity: warning\n        level: high"),
        "schema[0].quality[0]: unknown key 'level'",
    ),
    "an unknown custom property": (
        ("schema:\n", "customProperties: [{property: scope, value: table}]\nschema:\n"),
        "unknown custom property 'scope'",
    ),
    "a string for a flag": (("required: true", 'required: "yes"'), "schema[0].properties[0].required"),
    "a number for a version": (("version: 1.0.0", "version: 1.0"), "version"),
    "no owner": (("role: owner", "role: reader"), "team.members: no member has the role owner"),
    "no grain": (
        ("    dataGranularityDescription: One row a visit.\n", ""),
        "dataGranularityDescription is missing",
    ),
    "no purpose": (("description:\n  purpose: Who came.\n", ""), "description.purpose is missing"),
    "a column without a description": (("        description: When.\n", ""), "column at has no description"),
    "an upper-case column": (("- name: age", "- name: Age"), "invalid column name 'Age'"),
    "two columns with one squashed name": (
        ("- name: age", "- name: visitid"),
        "'visitid' matches both visit_id and visitid",
    ),
    "a doubled column": (("- name: age", "- name: at"), "duplicate column at"),
    "no key": (
        ("        primaryKey: true\n        primaryKeyPosition: 1\n", ""),
        "no column is a primaryKey",
    ),
    "a key that begins at two": (
        ("primaryKeyPosition: 1", "primaryKeyPosition: 2"),
        "must count 1, 2, …, found [2]",
    ),
    "an unsupported type": (("physicalType: int", "physicalType: smallint"), "integer/smallint"),
    "contradicting types": (("physicalType: int", "physicalType: string"), "integer/string"),
    "a decimal that is too wide": (
        (
            "logicalType: integer\n        physicalType: int",
            "logicalType: number\n        physicalType: decimal(39,4)",
        ),
        "number/decimal(39,4)",
    ),
    "an unsupported option": (
        ("{minimum: 0,", "{multipleOf: 2,"),
        "the option multipleOf of age is not supported",
    ),
    "a limit of the wrong type": (
        ("{minimum: 0,", "{minimum: zero,"),
        "'zero' is not a limit for age, which is int",
    ),
    "an enum": (
        ("{minimum: 0, maximum: 120}", "{}\n        enum: [{value: 1}]"),
        "enum of column age is not supported",
    ),
    "an unknown expectation": (
        ("expect_volume_ratio_to_be_at_least", "expect_volume_to_be_at_least"),
        "unknown expectation 'expect_volume_to_be_at_least'",
    ),
    "an expectation that Great Expectations has not for Spark": (
        ("expect_volume_ratio_to_be_at_least", "expect_column_values_to_match_like_pattern"),
        "is not implemented for Spark by Great Expectations; use expect_column_values_to_match_regex",
    ),
    "a measure of another table": (
        ("expect_volume_ratio_to_be_at_least", "expect_unknown_user_ratio_to_be_at_most"),
        "does not apply to visits, of which unknown_user_ratio is not measured",
    ),
    "an unknown parameter": (
        ("$PARAMETER: min_volume_ratio", "$PARAMETER: min_ratio"),
        "unknown parameter 'min_ratio'",
    ),
    "a rule that is derived": (
        ("- name: volume_drop", "- name: keys_unique"),
        "rule keys_unique: already declared by a derived rule",
    ),
}


@pytest.mark.parametrize(("replacement", "sentence"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_an_invalid_contract_is_refused(replacement: tuple[str, str], sentence: str) -> None:
    assert sentence in refused(changed(replacement))


RULES = {
    "no name": (("- name: my_rule", "- id: my_rule"), "invalid rule name None"),
    "another engine": (("engine: greatExpectations", "engine: soda"), "found 'soda'"),
    "an unknown severity": (
        ("severity: error", "severity: info"),
        "severity must be error or warning, found 'info'",
    ),
    "no severity": (("            severity: error\n", ""), "severity must be error or warning, found None"),
    "an unknown dimension": (("dimension: accuracy", "dimension: beauty"), "found 'beauty'"),
    "no impact": (("            businessImpact: It costs.\n", ""), "businessImpact is missing"),
    "no description": (("            description: It is so.\n", ""), "description is missing"),
    "an operator of another type": (
        ("            severity", "            mustBe: 0\n            severity"),
        "mustBe has no effect",
    ),
    "a schedule": (
        ("            severity", "            schedule: daily\n            severity"),
        "schedule has no effect",
    ),
    "an unknown domain": (("value: records", "value: rows"), "domain must be one of"),
    "a warning on records": (("severity: error", "severity: warning"), "found warn in records"),
    "an error on valid rows": (("value: records", "value: valid_rows"), "found error in valid_rows"),
    "loaded silver": (("value: records", "value: loaded"), "the domain loaded is for gold only"),
    "a table expectation on rows": (
        ("expect_column_values_to_be_between", "expect_column_max_to_be_between"),
        "cannot evaluate a single row",
    ),
    "uniqueness of a row": (
        ("type: expect_column_values_to_be_between", "type: expect_column_values_to_be_unique"),
        "cannot evaluate a single row",
    ),
    "mostly on a row": (
        ("{min_value: 1}", "{min_value: 1, mostly: 0.9}"),
        "mostly does not apply to a row rule",
    ),
    "a column that is not there": (
        ("{min_value: 1}", "{column: size}"),
        "unknown column 'size'",
    ),
    "a bound of another type": (("{min_value: 1}", "{min_value: old}"), "'old' does not fit age"),
    "a list for a column": (("{min_value: 1}", "{column: [age]}"), "unknown column ['age']"),
    "an unknown key": (
        ("              kwargs:", "              arguments:"),
        "implementation: rule my_rule: unknown key",
    ),
    "no expectation": (
        ("              type: expect_column_values_to_be_between\n", ""),
        "type must name one expectation",
    ),
    "kwargs that are a list": (("{min_value: 1}", "[1]"), "expected an object, found [1]"),
}


@pytest.mark.parametrize(("replacement", "sentence"), RULES.values(), ids=RULES.keys())
def test_an_invalid_rule_is_refused_with_file_path_and_rule(
    replacement: tuple[str, str], sentence: str
) -> None:
    message = refused(with_rule(replacement))
    assert message.startswith("silver/visits.yaml, schema[0].properties[2].quality[0]")
    assert sentence in message.replace(", rule my_rule: ", ": rule my_rule: ")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("name: q\ntype: sql\nquery: SELECT 1\nmustBe: 1", "rule q: the rule type 'sql' is not supported"),
        ("name: q\nquery: SELECT 1", "rule q: the rule type None is not supported"),
        ("name: q\ntype: text", "rule q: a rule of type text needs a description"),
        (
            "name: q\ntype: text\ndescription: d\nseverity: error",
            "severity has no effect in a rule of type text",
        ),
        ("name: q\ntype: text\ndescription: d\nmustBe: 0", "mustBe has no effect in a rule of type text"),
        (
            "name: q\ntype: custom\nengine: greatExpectations\nimplementation: '{'",
            "rule q: neither YAML nor JSON",
        ),
        (
            "name: q\ntype: custom\nengine: greatExpectations\nimplementation: expect_it",
            "rule q: expected an object, found str",
        ),
    ],
)
def test_other_kinds_of_rules_are_refused_with_their_reason(entry: str, sentence: str) -> None:
    assert sentence in refused(with_quality(entry))


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("{name: a}", "sources must be a list, found dict"),
        ("[a]", "a source must be a mapping"),
        ("[{name: a}]", "a source needs glob"),
        ("[{glob: '*'}]", "a source needs name"),
        ("[{name: a, glob: '*', sep: ';'}]", "unknown key 'sep' in a source"),
        ("[{name: a, glob: '*'}, {name: a, glob: '*'}]", "duplicate source 'a'"),
        ("[{name: a, glob: '*', encoding: klingon}]", "unknown text encoding 'klingon'"),
        ("[{name: a, glob: '*', encoding: zlib}]", "unknown text encoding 'zlib'"),
        ('[{name: a, glob: "*", delimiter: "a\\n"}]', "a delimiter cannot contain a line break"),
        ("[{name: a, glob: '*', delimiter: ';', quote: ';'}]", "the delimiter ';' contains the quote"),
        ("[{name: a, glob: '*', delimiter: '\"'}]", "the delimiter '\"' contains the quote '\"'"),
        ("[{name: a, glob: '*', quote: ab}]", "quote must be one character"),
        ("[{name: a, glob: '*', escape: '\"'}]", "the escape '\"' is the quote or part of the delimiter"),
        ("[{name: a, glob: '*', skipLines: -1}]", "skipLines must be a number of lines"),
        ("[{name: a, glob: '*', footerLines: true}]", "footerLines must be a number of lines"),
        ("[{name: a, glob: '*', recordPath: a..b}]", "expected a dotted path"),
        ("[{name: a, glob: '*', recordPath: a, skipLines: 1}]", "recordPath is for JSON"),
        ("[{name: a, glob: '*', columnNames: [a, ' a']}]", "empty or duplicate name ' a'"),
        ("[{name: a, glob: '*', columnNames: []}]", "columnNames must be a list of strings"),
        ("[{name: a, glob: '*', fillDown: [1]}]", "fillDown must be a list of strings"),
        ("[{name: a, glob: '*', where: 1}]", "where must be a string"),
        ("[{name: a, glob: '*', formats: {size: [d]}}]", "unknown column 'size'"),
        ("[{name: a, glob: '*', formats: {age: d}}]", "age must be a list of strings"),
        ("[{name: a, glob: '*', nullWords: none}]", "nullWords must be a list of strings"),
        ("[{name: a, glob: '*', currencySigns: ['+']}]", "expected a sign such as kr or Rs., found '+'"),
        ("[{name: a, glob: '*', minorUnits: true}]", "minorUnits needs the currency"),
        ("[{name: a, glob: '*', header: maybe}]", "header must be true or false"),
        ("[{name: a, glob: '*', columns: {size: x}}]", "unknown column 'size'"),
        ("[{name: a, glob: '*', columns: {age: 3}}]", "expected a source column or a Spark SQL expression"),
        ("[{name: a, glob: '*', dateOrder: DYM}]", "dateOrder must be one of MDY, DMY, YMD, found 'DYM'"),
        ("[{name: a, glob: '*', decimalMark: ';'}]", "decimalMark must be '.' or ','"),
        ("[{name: a, glob: '*', timezone: Mars/Base}]", "unknown time zone 'Mars/Base'"),
        ("[{name: a, glob: '*', timezone: ../UTC}]", "unknown time zone '../UTC'"),
    ],
)
def test_an_invalid_source_is_refused(value: str, sentence: str) -> None:
    text = changed(("schema:\n", f"customProperties:\n  - {{property: sources, value: {value}}}\nschema:\n"))
    assert sentence in refused(text)


COMPUTED = (
    ("{minimum: 0, maximum: 120}", "{}"),
    ("expect_volume_ratio_to_be_at_least", "expect_table_row_count_to_be_between"),
)
FILES = (
    ("{minimum: 0, maximum: 120}", "{}"),
    (
        "expect_volume_ratio_to_be_at_least\n          kwargs: {min_value:",
        "expect_rejected_bytes_ratio_to_be_at_most\n          kwargs: {max_value:",
    ),
)


def test_no_row_of_a_computed_table_can_be_quarantined() -> None:
    assert "age has options, but rows of visits cannot be quarantined" in refused(TEXT, Zone.GOLD)
    without_options = changed(*COMPUTED, text=with_rule())
    assert "rows of visits cannot be quarantined" in refused(without_options, Zone.GOLD)


def test_a_rule_on_files_only_warns() -> None:
    text = changed(*FILES, text=with_rule())
    assert "a rule on files must be a warning in the domain records" in refused(text, Zone.RAW)


@pytest.mark.parametrize(
    ("name", "expectation", "kwargs"),
    [
        ("my_rule", "expect_column_values_to_not_be_in_set", "{column: visit_id, value_set: [my_rule]}"),
        ("empty", "expect_column_values_to_not_be_in_set", "{column: visit_id, value_set: [empty]}"),
        ("empty", "expect_column_values_to_be_between", "{column: age, max_value: 9}"),
    ],
)
def test_a_rule_on_files_counts_rejections_for_the_reason_of_its_name(
    name: str, expectation: str, kwargs: str
) -> None:
    text = changed(
        *FILES,
        ("my_rule", name),
        ("expect_column_values_to_be_between", expectation),
        ("{min_value: 1}", kwargs),
        ("severity: error", "severity: warning"),
        text=with_rule(),
    )
    assert "files can only be counted by the reason of their rejection" in refused(text, Zone.RAW)


@pytest.mark.parametrize(
    ("physical_type", "max_bytes", "sentence"),
    [
        ("string", 0, "maxBytes of city must be a whole number from 1 to 65,535, found 0"),
        ("string", 65536, "maxBytes of city must be a whole number from 1 to 65,535, found 65536"),
        ("string", "'9'", "maxBytes of city must be a whole number from 1 to 65,535, found '9'"),
        ("string", "true", "maxBytes of city must be a whole number from 1 to 65,535, found True"),
        ("varchar(8)", 9, "maxBytes of city is 9, its type varchar(8); declare one of the two"),
    ],
)
def test_the_length_of_a_string_must_be_one_of_a_varchar(
    physical_type: str, max_bytes: object, sentence: str
) -> None:
    assert sentence in refused(TEXT + text_column("city", physical_type, max_bytes))


def test_only_a_string_has_a_length_in_bytes() -> None:
    text = changed(
        (
            "        physicalType: int\n",
            "        physicalType: int\n        customProperties: [{property: maxBytes, value: 9}]\n",
        )
    )
    assert "maxBytes is for strings, age is int" in refused(text)


SCD1 = "  - {property: merge, value: scd1}\n"
RECENCIES = {
    "of a computed table": (
        (("value: [at]", "value: [at]"),),
        Zone.GOLD,
        "recency has no effect on visits, which is not read from files",
    ),
    "of merged rows by what is no time": (
        (("  - {property: recency, value: [at]}\n", "  - {property: recency, value: [age]}\n" + SCD1),),
        Zone.SILVER,
        "need one timestamp that orders them",
    ),
    "of an unknown column": ((("[at]", "[then]"),), Zone.SILVER, "unknown column 'then'"),
    "of a column twice": ((("[at]", "[at, at]"),), Zone.SILVER, "recency[1]: duplicate column 'at'"),
}


@pytest.mark.parametrize("title", RECENCIES)
def test_a_recency_without_effect_is_refused(title: str) -> None:
    replacements, zone, sentence = RECENCIES[title]
    text = changed(("schema:\n", "customProperties:\n  - {property: recency, value: [at]}\nschema:\n"))
    assert sentence in refused(changed(*replacements, text=text), zone)
