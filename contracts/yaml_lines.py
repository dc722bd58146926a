"""Line numbers of YAML paths, as errors and rules name them: ``schema[0].properties[2].quality[0]``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import yaml

from contracts.odcs import YamlLoader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STEPS = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_CUSTOM_PROPERTIES = "customProperties"
# Keys whose value names an element of a list: of a custom property, of a source, column or rule.
_NAMES = ("property", "name")


class YamlLines:
    r"""Lines of one YAML text.

    >>> lines = YamlLines("schema:\n  - name: visits\n    properties:\n      - name: age\n")
    >>> lines.line("schema[0].properties[0].name"), lines.line("schema[0].properties[0].type")
    (4, 4)
    """

    def __init__(self, text: str) -> None:
        try:
            self._root: yaml.Node | None = yaml.compose(text, Loader=YamlLoader)
            self._error_line = 1
        except yaml.YAMLError as error:
            self._root = None
            mark = getattr(error, "problem_mark", None)
            self._error_line = 1 if mark is None else int(mark.line) + 1

    def line(self, path: str) -> int:
        """Return the line, from 1, of the deepest part of a path that exists; of a syntax error, its line.

        A custom property or a list element may be named instead of numbered: ``customProperties.sources[1]``,
        ``sources.web.glob``.
        """
        return self.line_of(split_path(path))

    def line_of(self, steps: Iterable[str | int]) -> int:
        """Return the same for the steps of a path, whose keys may then contain dots."""
        if self._root is None:
            return self._error_line
        node, line = self._root, 1
        for step in steps:
            found = _child(node, step)
            if found is None:
                break
            key, node = found
            line = int(key.start_mark.line) + 1
        return line


def split_path(path: str) -> tuple[str | int, ...]:
    """Return the steps of a path: keys, and numbers of list elements.

    >>> split_path("schema[0].properties[12].quality")
    ('schema', 0, 'properties', 12, 'quality')
    """
    return tuple(int(number) if number else key for number, key in _STEPS.findall(path))


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the node that carries the line of a child, and the child."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        values: dict[str, tuple[yaml.Node, yaml.Node]] = {
            key.value: (key, value) for key, value in node.value
        }
        if step in values:
            return values[step]
        custom = values.get(_CUSTOM_PROPERTIES)
        return None if custom is None else _named(custom[1], step)
    if isinstance(node, yaml.SequenceNode):
        if isinstance(step, str):
            return _named(node, step)
        elements: Sequence[yaml.Node] = node.value
        if step < len(elements):
            return elements[step], elements[step]
    return None


def _named(node: yaml.Node, name: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Return the element of a list that has this name; of a custom property, its value."""
    for element in node.value if isinstance(node, yaml.SequenceNode) else ():
        if isinstance(element, yaml.MappingNode):
            values = {key.value: value for key, value in element.value}
            if any(key in values and values[key].value == name for key in _NAMES):
                return element, values.get("value", element) if "property" in values else element
    return None
