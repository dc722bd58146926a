"""JUnit XML of contract checks, in the form that Jenkins, GitLab and GitHub's test reporters read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dags.contract_checks.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dags.contract_checks.results import Check, Suite

# Characters that XML 1.0 cannot hold, not even escaped.
_INVALID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(suites: Sequence[Suite]) -> str:
    """Return the XML document: one ``testsuite`` for each suite, one ``testcase`` for each check."""
    root = ET.Element("testsuites", name="lakegate")
    _count(
        root, [check for suite in suites for check in suite.checks], sum(suite.seconds for suite in suites)
    )
    for suite in suites:
        element = ET.SubElement(root, "testsuite", name=_text(suite.name))
        _count(element, suite.checks, suite.seconds)
        for check in suite.checks:
            _add_case(element, check)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _count(element: ET.Element, checks: Sequence[Check], seconds: float) -> None:
    element.set("tests", str(len(checks)))
    element.set("failures", str(sum(check.outcome is Outcome.FAILED for check in checks)))
    element.set("errors", "0")
    element.set("skipped", str(sum(check.outcome is Outcome.SKIPPED for check in checks)))
    element.set("time", f"{seconds:.3f}")


def _add_case(suite: ET.Element, check: Check) -> None:
    case = ET.SubElement(
        suite, "testcase", name=_text(check.name), classname=_text(f"lakegate.{check.suite}")
    )
    case.set("time", f"{check.seconds:.3f}")
    if check.file:
        case.set("file", _text(check.file))
    lines = "\n".join(f"{problem.level}: {problem}" for problem in check.problems)
    match check.outcome:
        case Outcome.SKIPPED:
            ET.SubElement(case, "skipped", message=_text(check.note))
        case Outcome.FAILED:
            first = str(check.problems[0]) if check.problems else check.note
            failure = ET.SubElement(case, "failure", message=_text(first), type="failed")
            failure.text = _text(lines)
        case Outcome.PASSED if lines or check.note:
            output = ET.SubElement(case, "system-out")
            output.text = _text("\n".join(text for text in (lines, check.note) if text))


def _text(text: str) -> str:
    return _INVALID.sub("\ufffd", text)
