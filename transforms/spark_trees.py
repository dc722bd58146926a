"""Java trees of Spark's parser and analyser: walking them, and what makes a result differ between runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLOCKS = frozenset({"Now", "LocalTimestamp"})  # and all classes whose name begins with Current, but one
_NO_CLOCK = "CurrentRow$"  # an end of a window's frame


def class_name(node: Any) -> str:  # noqa: ANN401  (a Java tree)
    """Return the simple name of a node's class: ``AggregateExpression``."""
    name: str = node.getClass().getSimpleName()
    return name


def sequence(scala: Any) -> list[Any]:  # noqa: ANN401  (a Scala Seq)
    """Return a Scala sequence as a list."""
    return [scala.apply(number) for number in range(scala.size())]


def children(node: Any) -> list[Any]:  # noqa: ANN401  (a Java tree)
    """Return the children of a node."""
    return sequence(node.children())


def walk(node: Any) -> Iterator[Any]:  # noqa: ANN401  (a Java tree)
    """Yield a node and all nodes below it, each before its children."""
    yield node
    for child in children(node):
        yield from walk(child)


def reads_clock(node: Any) -> bool:  # noqa: ANN401  (a Java tree)
    """Whether a node is a function of the clock or of the session, which Spark calls deterministic."""
    name = class_name(node)
    return name in _CLOCKS or (name.startswith("Current") and name != _NO_CLOCK)
