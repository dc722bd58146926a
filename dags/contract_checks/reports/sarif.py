"""SARIF 2.1.0 of contract checks (OASIS), as GitHub code scanning and editors read it."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dags.contract_checks.results import Problem, Suite

    Json = dict[str, object]

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
# What a problem of each code is about; of other codes, the code in words.
_DESCRIPTIONS = {
    "invalid-contract": "A part of a contract is invalid or not supported.",
    "invalid-policy": "A part of a quarantine policy is invalid, or no contract has what it names.",
    "expectation-argument": "Great Expectations refuses an argument of an expectation.",
    "regular-expression": "Java cannot compile a regular expression.",
    "sql-expression": "A SQL expression does not parse, or reads more than one row.",
    "datetime-pattern": "A datetime pattern of a source is invalid.",
    "breaking-change": "Valid data may be rejected or read differently, or what was excluded be let through.",
    "version": "The version of a contract does not follow its changes.",
}


def sarif(suites: Sequence[Suite]) -> str:
    """Return the document: one run, with a result for each problem and a rule for each code."""
    problems = [(suite.name, problem) for suite in suites for problem in suite.problems]
    codes = sorted({problem.code for _, problem in problems})
    driver: Json = {
        "name": "lakegate",
        "version": _version(),
        "rules": [
            {"id": code, "shortDescription": {"text": _DESCRIPTIONS.get(code, code.replace("-", " "))}}
            for code in codes
        ],
    }
    results = [_result(suite, problem, codes.index(problem.code)) for suite, problem in problems]
    run: Json = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _result(suite: str, problem: Problem, rule_index: int) -> Json:
    text = f"{problem.text}; {problem.next_step}" if problem.next_step else problem.text
    about = f"rule {problem.rule}: " if problem.rule else ""
    identity = "\0".join((problem.code, problem.file, problem.path, problem.rule or "", problem.text))
    return {
        "ruleId": problem.code,
        "ruleIndex": rule_index,
        "level": problem.level.value,
        "message": {"text": f"{about}{text}"},
        "locations": [_location(problem)] if problem.file else [],
        # Without the line, so that a problem is recognised after lines were added above it.
        "partialFingerprints": {"lakegate/v1": hashlib.sha256(identity.encode()).hexdigest()},
        "properties": {"suite": suite, "rule": problem.rule, "path": problem.path},
    }


def _location(problem: Problem) -> Json:
    is_absolute = PurePosixPath(problem.file).is_absolute()
    artifact: Json = (
        {"uri": f"file://{quote(problem.file)}"}
        if is_absolute
        else {
            "uri": quote(problem.file),
            "uriBaseId": _ROOT,
        }
    )
    physical: Json = {"artifactLocation": artifact}
    if problem.line is not None:
        physical["region"] = {"startLine": problem.line}
    location: Json = {"physicalLocation": physical}
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.path, "kind": "element"}]
    return location


def _version() -> str:
    try:
        return version("lakegate")
    except PackageNotFoundError:  # run from a checkout
        return "0"
