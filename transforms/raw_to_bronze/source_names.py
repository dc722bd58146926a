"""Know which of a file's names mean a promised column, by the contract's names or its source's columns."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from contracts import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.model import Contract, Source

_LONGEST_NAME = 1000  # characters; what is longer is a broken file's line, and costs time to normalise
# Of Spark SQL no more than names are needed: string literals are skipped, a name before "(" is a function,
# one after "." a field of a nested value.
_SQL_NAME = re.compile(
    r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|(?P<dot>\.\s*)?(?:`(?P<ticked>(?:[^`]|``)+)`|(?P<plain>[^\W\d]\w*)(?P<call>\s*\()?)""",
    re.DOTALL,
)
_PATH = re.compile(r"\s*(?:`(?:[^`]|``)+`|[^\W\d]\w*)(?:\s*\.\s*(?:`(?:[^`]|``)+`|\w+))*\s*")
_CONSTANTS = frozenset({"_source_file", "null", "true", "false", "current_date", "current_timestamp"})


class SourceNames:
    """What the names of a header or a schema mean under a contract and, where there is one, its source."""

    def __init__(self, contract: Contract, source: Source | None) -> None:
        self._contract = contract
        self._specs = dict(source.columns) if source else {}

    @cached_property
    def _used(self) -> frozenset[str]:
        used = {spec.strip() for spec in self._specs.values()}
        for spec in self._specs.values():
            used |= column_names(spec)
        return frozenset(used)

    def is_known(self, name: str) -> bool:
        """Whether a name maps to a contract column, or is one that the source's columns use."""
        if len(name) > _LONGEST_NAME:
            return False
        return names.match(name, self._contract) is not None or _bare(name) in self._used

    def lacking(self, found: Sequence[str]) -> tuple[str, ...]:
        """Return the required columns for which none of the found names is a source, in the contract's order.

        An expression is a source of its own: the columns that a file lacks are null in it. A source column
        that another contract column takes whole is no source by its name.
        """
        bare = {_bare(name) for name in found if len(name) <= _LONGEST_NAME}
        taken = {spec.strip() for spec in self._specs.values()}
        mapped = {names.match(name, self._contract) for name in bare - taken}
        return tuple(
            column.name
            for column in self._contract.columns
            if column.required
            and not (
                _has_source(self._specs[column.name], bare)
                if column.name in self._specs
                else column.name in mapped
            )
        )


def column_names(expression: str) -> frozenset[str]:
    """Return the columns that a Spark SQL expression names (of a nested path: the outermost).

    >>> sorted(column_names("concat(geo.src, '-', `Order Date`)"))
    ['Order Date', 'geo']
    """
    found = set()
    for token in _SQL_NAME.finditer(expression):
        if token["dot"] or token["call"]:
            continue
        if token["ticked"]:
            found.add(token["ticked"].replace("``", "`"))
        elif token["plain"]:
            found.add(token["plain"])
    return frozenset(found)


def _has_source(spec: str, found: set[str]) -> bool:
    if spec.strip() in found or not _PATH.fullmatch(spec):
        return True
    return not column_names(spec).isdisjoint(found | _CONSTANTS)


def _bare(name: str) -> str:
    return name.strip("\ufeff \t\r\n")
