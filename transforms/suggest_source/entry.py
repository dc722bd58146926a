"""Entries of a contract's ``sources`` list: new sources, the evidence for their keys, and their YAML."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from contracts.model import Source

if TYPE_CHECKING:
    from contracts.model import Contract

_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Finding:
    """The evidence, in one clause, for a key of an entry (``skipLines``), or for the lack of one (``form``).

    ``column``: the contract column, for an item of the key ``columns``.
    """

    key: str
    evidence: str
    column: str = ""


def new_source(key: str, contract: Contract) -> Source:
    """Return a source for one key alone, with a name that the contract does not use yet."""
    stem = key.rpartition("/")[2].partition(".")[0]
    base = re.sub(r"[\W_]+", "-", stem.lower()).strip("-") or "source"
    taken = {source.name for source in contract.sources}
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    return Source(name, glob_of(key))


def glob_of(key: str) -> str:
    """Return the glob that matches one key alone.

    >>> glob_of("2024/orders [1].csv")
    '2024/orders [[]1].csv'
    """
    return _WILDCARD.sub(lambda wildcard: f"[{wildcard[0]}]", key)


def entry_yaml(source: Source) -> str:
    """Return the item for the ``sources`` list: the keys that differ from their default."""
    import yaml

    return yaml.safe_dump([_entry(source)], sort_keys=False, allow_unicode=True, width=10_000)


def _entry(source: Source) -> dict[str, object]:
    entry: dict[str, object] = {}
    for field in dataclasses.fields(source):
        value = getattr(source, field.name)
        default = {} if field.default_factory is not dataclasses.MISSING else field.default
        if value != default:
            entry[_camel_case(field.name)] = _plain(".".join(value) if field.name == "record_path" else value)
    return entry


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
