"""Lines of YAML paths."""

from __future__ import annotations

import pytest

from contracts.yaml_lines import YamlLines

TEXT = """\
name: visits
customProperties:
  - property: dateOrder
    value: MDY
  - property: sources
    value:
      - name: web
        glob: web/*
      - {name: shop, glob: shop/*,
         delimiter: ";"}
schema:
  - name: visits
    customProperties: [{property: distKey, value: id}]
    properties:
      - name: id
        required: true
      - name: age
        quality:
          - name: age_range
            severity: error
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("", 1),
        ("name", 1),
        ("schema", 11),
        ("schema[0].properties[1]", 17),
        ("schema[0].properties[1].quality[0].severity", 20),
        ("customProperties[1].value[1].delimiter", 10),
    ],
)
def test_a_path_has_the_line_of_its_key_or_element(path: str, line: int) -> None:
    assert YamlLines(TEXT).line(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("schema[0].properties[1].quality[0].dimension", 19),
        ("schema[0].properties[7].name", 14),
        ("description.purpose", 1),
    ],
)
def test_a_part_that_is_missing_has_the_line_of_what_should_hold_it(path: str, line: int) -> None:
    assert YamlLines(TEXT).line(path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("customProperties.sources[1].glob", 9),
        ("customProperties.dateOrder", 3),
        ("sources.web.glob", 8),
        ("schema[0].distKey", 13),
    ],
)
def test_custom_properties_and_sources_are_found_by_name(path: str, line: int) -> None:
    assert YamlLines(TEXT).line(path) == line


def test_a_syntax_error_has_its_line() -> None:
    assert YamlLines("a: 1\nb: 'x' y\nc: 2\n").line("a") == 2
