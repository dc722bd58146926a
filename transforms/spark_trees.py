"""Java trees of Spark's parser and analyser: walking them, and what makes a result differ between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.spark import JavaObject

_CLOCKS = frozenset({"Now", "LocalTimestamp"})  # and all classes whose name begins with Current, but one
_NO_CLOCK = "CurrentRow$"  # an end of a window's frame


def class_name(node: JavaObject) -> str:
    """Return the simple name of a node's class: ``AggregateExpression``."""
    name: str = node.getClass().getSimpleName()
    return name


def sequence(scala: JavaObject) -> list[JavaObject]:
    """Return a Scala sequence as a list."""
    return [scala.apply(number) for number in range(scala.size())]


def children(node: JavaObject) -> list[JavaObject]:
    """Return the children of a node."""
    return sequence(node.children())


def walk(node: JavaObject) -> Iterator[JavaObject]:
    """Yield a node and all nodes below it, each before its children."""
    yield node
    for child in children(node):
        yield from walk(child)


def reads_clock(node: JavaObject) -> bool:
    """Whether a node is a function of the clock or of the session, which Spark calls deterministic."""
    name = class_name(node)
    return name in _CLOCKS or (name.startswith("Current") and name != _NO_CLOCK)
