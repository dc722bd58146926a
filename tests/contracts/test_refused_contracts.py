"""Contracts that cannot be kept: each is an error that says where, and why."""

from __future__ import annotations

import pytest

from contracts.errors import ContractError
from contracts.model import Zone
from tests.contracts.yaml_text import TEXT, changed, parse, with_quality, with_rule


def refused(text: str, zone: Zone = Zone.SILVER) -> str:
    with pytest.raises(ContractError) as caught:
        parse(text, zone)
    assert caught.value.file == f"{zone}/visits.yaml"
    return str(caught.value)


DOCUMENTS = {
    "no YAML": (("kind: DataContract", "kind: [DataContract"), "this is no YAML"),
    "a doubled key": (
        ("kind: DataContract", "kind: DataContract\nkind: DataContract"),
        "'kind' stands twice",
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
        ("{property: domain, value: table}", "{property: scope, value: table}"),
        "unknown custom property 'scope'",
    ),
    "a word for a flag": (("required: true", 'required: "yes"'), "schema[0].properties[0].required"),
    "a number for a version": (("version: 1.0.0", "version: 1.0"), "version"),
    "no owner": (("role: owner", "role: reader"), "team.members: no member has the role owner"),
    "no grain": (
        ("    dataGranularityDescription: One row a visit.\n", ""),
        "dataGranularityDescription is missing",
    ),
    "no purpose": (("description:\n  purpose: Who came.\n", ""), "description.purpose is missing"),
    "a column without a meaning": (("        description: When.\n", ""), "column at has no description"),
    "an upper-case column": (("- name: age", "- name: Age"), "'Age' is no column name"),
    "two columns of one meaning": (
        ("- name: age", "- name: visitid"),
        "'visitid' means both visit_id and visitid",
    ),
    "a doubled column": (("- name: age", "- name: at"), "column at stands twice"),
    "no key": (
        ("        primaryKey: true\n        primaryKeyPosition: 1\n", ""),
        "no column is a primaryKey",
    ),
    "a key that begins at two": (
        ("primaryKeyPosition: 1", "primaryKeyPosition: 2"),
        "must count 1, 2, …, found [2]",
    ),
    "a type that we do not keep": (("physicalType: int", "physicalType: smallint"), "integer/smallint"),
    "a type that is two": (("physicalType: int", "physicalType: string"), "integer/string"),
    "a decimal that is too wide": (
        (
            "logicalType: integer\n        physicalType: int",
            "logicalType: number\n        physicalType: decimal(39,4)",
        ),
        "number/decimal(39,4)",
    ),
    "an option that we cannot keep": (
        ("{minimum: 0,", "{multipleOf: 2,"),
        "cannot keep the option multipleOf of age",
    ),
    "a limit of the wrong type": (("{minimum: 0,", "{minimum: zero,"), "'zero' cannot bound the int age"),
    "an enum": (
        ("{minimum: 0, maximum: 120}", "{}\n        enum: [{value: 1}]"),
        "cannot keep enum of column age",
    ),
    "an unknown measure": (
        ("column: _volume_ratio", "column: _volume"),
        "there is no column '_volume' to judge",
    ),
    "an unknown parameter": (
        ("$PARAMETER: min_volume_ratio", "$PARAMETER: min_ratio"),
        "unknown parameter 'min_ratio'",
    ),
    "a rule that is derived": (
        ("- name: volume_drop", "- name: keys_unique"),
        "rule keys_unique: declared twice",
    ),
}


@pytest.mark.parametrize(("replacement", "sentence"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_contract_that_cannot_be_kept_is_refused(replacement: tuple[str, str], sentence: str) -> None:
    assert sentence in refused(changed(replacement))


RULES = {
    "no name": (("- name: my_rule", "- id: my_rule"), "None is no rule name"),
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
        "mustBe means",
    ),
    "a schedule": (
        ("            severity", "            schedule: daily\n            severity"),
        "schedule means nothing",
    ),
    "no domain": (
        ("            customProperties:\n              - {property: domain, value: records}\n", ""),
        "the custom property domain is missing",
    ),
    "an unknown domain": (("value: records", "value: rows"), "domain must be one of"),
    "a warning on records": (("severity: error", "severity: warning"), "found warn in records"),
    "an error on valid rows": (("value: records", "value: valid_rows"), "found error in valid_rows"),
    "loaded silver": (("value: records", "value: loaded"), "only gold is loaded"),
    "a table expectation on rows": (
        ("expect_column_values_to_be_between", "expect_column_max_to_be_between"),
        "cannot judge a single row",
    ),
    "uniqueness of a row": (
        ("type: expect_column_values_to_be_between", "type: expect_column_values_to_be_unique"),
        "cannot judge a single row",
    ),
    "mostly on a row": (
        ("{min_value: 1}", "{min_value: 1, mostly: 0.9}"),
        "mostly means nothing for a single row",
    ),
    "a column that is not there": (
        ("{min_value: 1}", "{column: size}"),
        "there is no column 'size' to judge",
    ),
    "a broken pattern": (("{min_value: 1}", "{regex: '('}"), "the regular expression is broken"),
    "an unknown key": (
        ("              kwargs:", "              arguments:"),
        "implementation: rule my_rule: unknown key",
    ),
    "no expectation": (
        ("              type: expect_column_values_to_be_between\n", ""),
        "type must name one expectation",
    ),
    "kwargs that are a list": (("{min_value: 1}", "[1]"), "an object is expected, found [1]"),
}


@pytest.mark.parametrize(("replacement", "sentence"), RULES.values(), ids=RULES.keys())
def test_a_rule_that_cannot_be_compiled_is_refused_by_file_path_and_rule(
    replacement: tuple[str, str], sentence: str
) -> None:
    message = refused(with_rule(replacement))
    assert message.startswith("silver/visits.yaml, schema[0].properties[2].quality[0]")
    assert sentence in message.replace(", rule my_rule: ", ": rule my_rule: ")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("name: q\ntype: sql\nquery: SELECT 1\nmustBe: 1", "rule q: a rule of type sql cannot be compiled"),
        ("name: q\nquery: SELECT 1", "rule q: unknown rule type None"),
        ("name: q\ntype: text", "rule q: a rule of type text needs a description"),
        (
            "name: q\ntype: text\ndescription: d\nseverity: error",
            "severity means nothing in a rule of type text",
        ),
        ("name: q\ntype: text\ndescription: d\nmustBe: 0", "mustBe means nothing in a rule of type text"),
        (
            "name: q\ntype: custom\nengine: greatExpectations\nimplementation: '{'",
            "rule q: this is neither YAML nor JSON",
        ),
        (
            "name: q\ntype: custom\nengine: greatExpectations\nimplementation: expect_it",
            "rule q: an object is expected, found str",
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
        ("[{name: a, glob: '*'}, {name: a, glob: '*'}]", "the source 'a' stands twice"),
        ("[{name: a, glob: '*', encoding: klingon}]", "'klingon' is no text encoding"),
        ("[{name: a, glob: '*', encoding: zlib}]", "'zlib' is no text encoding"),
        ("[{name: a, glob: '*', delimiter: '||'}]", "delimiter must be one character"),
        ("[{name: a, glob: '*', delimiter: ';', quote: ';'}]", "the delimiter cannot be the quote too"),
        ("[{name: a, glob: '*', delimiter: '\"'}]", "the delimiter cannot be the quote too, which is '\"'"),
        ("[{name: a, glob: '*', header: maybe}]", "header must be true or false"),
        ("[{name: a, glob: '*', columns: {size: x}}]", "the contract has no column 'size'"),
        ("[{name: a, glob: '*', columns: {age: 3}}]", "a source column or Spark SQL expression is expected"),
        ("[{name: a, glob: '*', dateOrder: DYM}]", "dateOrder must be one of MDY, DMY, YMD, found 'DYM'"),
        ("[{name: a, glob: '*', decimalMark: ';'}]", "decimalMark must be '.' or ','"),
        ("[{name: a, glob: '*', timezone: Mars/Base}]", "'Mars/Base' is no time zone"),
        ("[{name: a, glob: '*', timezone: ../UTC}]", "'../UTC' is no time zone"),
    ],
)
def test_a_source_that_no_file_could_be_read_with_is_refused(value: str, sentence: str) -> None:
    text = changed(("schema:\n", f"customProperties:\n  - {{property: sources, value: {value}}}\nschema:\n"))
    assert sentence in refused(text)


def test_no_row_of_a_computed_table_can_be_quarantined() -> None:
    assert "age has options, but no row of visits can be quarantined" in refused(TEXT, Zone.GOLD)
    without_options = changed(("{minimum: 0, maximum: 120}", "{}"), text=with_rule())
    assert "visits is computed, so none of its rows can be quarantined" in refused(without_options, Zone.GOLD)


def test_a_rule_on_files_only_warns() -> None:
    text = changed(("{minimum: 0, maximum: 120}", "{}"), text=with_rule())
    assert "a rule on files warns, in the domain records" in refused(text, Zone.RAW)
