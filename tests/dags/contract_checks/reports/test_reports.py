"""Reports of contract checks: valid documents that say where a problem is, whatever its text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft4Validator

from dags.contract_checks.reports.github import workflow_commands
from dags.contract_checks.reports.junit import junit_xml
from dags.contract_checks.reports.markdown import escaped, summary
from dags.contract_checks.reports.sarif import sarif
from dags.contract_checks.results import Check, Level, Outcome, Problem, Suite, make_check

SCHEMA = Path(__file__).parents[3] / "fixtures/schemas/sarif-2.1.0-rtm.5.json"
BOUND = Problem(
    "expectation-argument",
    "unknown argument 'x'",
    "contracts/silver/events.yaml",
    12,
    "schema[0].quality[0]",
    "age_range",
    "remove it",
)
HOSTILE = Problem(
    "odd", "a | b\n<i> \x00 100% @ops `x` ::error::", "/tmp/ä b/c,d:e.yaml", 1, level=Level.WARNING
)
NOWHERE = Problem("invalid-contract", "contracts folder not found")
SUITES = (
    Suite(
        "lint",
        (make_check("events.yaml", "lint", (BOUND,), seconds=0.25, file=BOUND.file), make_check("b", "lint")),
        0.5,
    ),
    Suite(
        "odd",
        (
            make_check("warned", "odd", (HOSTILE,)),
            Check("not there", "odd", Outcome.SKIPPED, note="no lake"),
            make_check("nowhere", "odd", (NOWHERE,)),
        ),
        details="| a |\n| --- |\n| 1 |",
    ),
)


def results() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(sarif(SUITES))["runs"][0]["results"]
    return found


def test_only_an_error_fails_a_check() -> None:
    assert [check.outcome for suite in SUITES for check in suite.checks] == [
        Outcome.FAILED,
        Outcome.PASSED,
        Outcome.PASSED,
        Outcome.SKIPPED,
        Outcome.FAILED,
    ]
    assert [suite.is_passed for suite in SUITES] == [False, False]


@pytest.mark.parametrize("suites", [SUITES, SUITES[:1], ()])
def test_sarif_is_valid_by_its_schema(suites: tuple[Suite, ...]) -> None:
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert list(Draft4Validator(schema).iter_errors(json.loads(sarif(suites)))) == []


def test_sarif_names_file_line_and_rule() -> None:
    first = results()[0]
    (location,) = first["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "contracts/silver/events.yaml", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 12},
    }
    assert first["message"]["text"] == "rule age_range: unknown argument 'x'; remove it"
    assert (first["level"], first["ruleId"]) == ("error", "expectation-argument")
    rules = json.loads(sarif(SUITES))["runs"][0]["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in results()] == [
        result["ruleId"] for result in results()
    ]


def test_sarif_encodes_paths_and_recognises_a_problem_on_another_line() -> None:
    artifact = results()[1]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///tmp/%C3%A4%20b/c%2Cd%3Ae.yaml"}
    moved = (Suite("lint", (make_check("e", "lint", (Problem(**{**_fields(BOUND), "line": 99}),)),)),)
    prints = [
        json.loads(sarif(suites))["runs"][0]["results"][0]["partialFingerprints"]
        for suites in (SUITES, moved)
    ]
    assert prints[0] == prints[1]


def _fields(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in Problem.__slots__}


def test_junit_counts_and_names_what_failed() -> None:
    root = ET.fromstring(junit_xml(SUITES))
    assert root.tag == "testsuites"
    assert {key: root.get(key) for key in ("tests", "failures", "errors", "skipped")} == {
        "tests": "5",
        "failures": "2",
        "errors": "0",
        "skipped": "1",
    }
    suites = root.findall("testsuite")
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in suites] == [
        ("lint", "2", "1"),
        ("odd", "3", "1"),
    ]
    case = suites[0].findall("testcase")[0]
    assert dict(case.attrib) == {
        "name": "events.yaml",
        "classname": "lakegate.lint",
        "time": "0.250",
        "file": "contracts/silver/events.yaml",
    }
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == f"{BOUND}"
    assert [element.tag for case in suites[1] for element in case] == ["system-out", "skipped", "failure"]


def test_the_summary_shows_every_problem_and_detail() -> None:
    text = summary("Contracts against main", SUITES)
    assert text.startswith("# Contracts against main: failed\n")
    assert "| lint | 2 | 1 | 0 | 1 | 0.5 |" in text
    row = "| **error** | contracts/silver/events.yaml:12 | age\\_range | unknown argument 'x' | remove it |"
    assert row in text
    assert "- not there: no lake" in text
    assert "| a |\n| --- |\n| 1 |" in text
    assert summary("x", SUITES[:0]).startswith("# x: passed\n")


def test_a_text_cannot_leave_its_cell_or_mention_anyone() -> None:
    assert escaped("a | b\n<i> @ops `x`") == "a \\| b &lt;i&gt; &#64;ops \\`x\\`"
    columns = {
        line.replace("\\|", "").count("|") for line in summary("t", SUITES).splitlines() if "warning" in line
    }
    assert columns == {6}


def test_annotations_are_one_line_each_and_escaped() -> None:
    lines = list(workflow_commands(SUITES))
    assert lines[0] == (
        "::error file=contracts/silver/events.yaml,line=12,title=lint%3A age_range::"
        "unknown argument 'x'; remove it"
    )
    assert lines[1].startswith("::warning file=/tmp/ä b/c%2Cd%3Ae.yaml,line=1,title=odd%3A odd::a | b%0A<i> ")
    assert "100%25" in lines[1]
    assert lines[2] == "::error title=odd%3A invalid-contract::contracts folder not found"
