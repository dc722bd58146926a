"""A small contract as YAML text, for tests that change one part of it."""

from __future__ import annotations

from contracts.model import Contract, Zone
from contracts.parser import parse_contract

TEXT = """\
apiVersion: v3.2.0
kind: DataContract
id: test
name: visits
version: 1.0.0
status: active
description:
  purpose: Who came.
team:
  name: Test
  members:
    - {username: tester, role: owner}
schema:
  - name: visits
    dataGranularityDescription: One row a visit.
    quality:
      - name: volume_drop
        type: custom
        engine: greatExpectations
        severity: warning
        dimension: coverage
        description: Not too few.
        businessImpact: A gap.
        implementation:
          type: expect_volume_ratio_to_be_at_least
          kwargs: {min_value: {$PARAMETER: min_volume_ratio}}
    properties:
      - name: visit_id
        description: Identifies the visit.
        logicalType: string
        physicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
      - name: at
        description: When.
        logicalType: timestamp
        physicalType: timestamp
      - name: age
        description: How old.
        logicalType: integer
        physicalType: int
        logicalTypeOptions: {minimum: 0, maximum: 120}
        quality: []
"""

RULE = """\
        quality:
          - name: my_rule
            type: custom
            engine: greatExpectations
            severity: error
            dimension: accuracy
            description: It is so.
            businessImpact: It costs.
            implementation:
              type: expect_column_values_to_be_between
              kwargs: {min_value: 1}
            customProperties:
              - {property: domain, value: records}
"""


def text_column(name: str, physical_type: str, max_bytes: object = None) -> str:
    """Return the YAML of a further string column, to be appended to the text."""
    properties = f"[{{property: maxBytes, value: {max_bytes}}}]"
    return (
        f"      - name: {name}\n"
        "        description: A text.\n"
        "        logicalType: string\n"
        f"        physicalType: {physical_type}\n"
    ) + ("" if max_bytes is None else f"        customProperties: {properties}\n")


def changed(*replacements: tuple[str, str], text: str = TEXT) -> str:
    """Return the text with each old part, which must exist, replaced."""
    for old, new in replacements:
        assert old in text, old
        text = text.replace(old, new)
    return text


def with_rule(*replacements: tuple[str, str]) -> str:
    """Return the text with ``my_rule`` on the column age, changed."""
    return changed(("        quality: []\n", changed(*replacements, text=RULE)))


def with_quality(entry: str, *, on_column: bool = True) -> str:
    """Return the text with one quality entry (unindented YAML) on the column age, or on the table."""
    indent = " " * (10 if on_column else 6)
    lines = [("- " if number == 0 else "  ") + line for number, line in enumerate(entry.strip().split("\n"))]
    block = "".join(f"{indent}{line}\n" for line in lines)
    if on_column:
        return changed(("        quality: []\n", f"        quality:\n{block}"))
    return changed(("    quality:\n", f"    quality:\n{block}"))


def parse(text: str, zone: Zone = Zone.SILVER) -> Contract:
    """Parse a contract as the file of ``visits``."""
    return parse_contract(text, zone, f"{zone}/visits.yaml")
