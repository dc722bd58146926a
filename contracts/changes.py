"""Changes of a contract, and the version that each requires."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class ChangeKind(StrEnum):
    """Kind of a change."""

    CONTRACT_ADDED = "contract_added"
    CONTRACT_REMOVED = "contract_removed"
    COLUMN_ADDED = "column_added"
    COLUMN_REMOVED = "column_removed"
    COLUMNS_REORDERED = "columns_reordered"
    TYPE_NARROWED = "type_narrowed"
    TYPE_WIDENED = "type_widened"
    TYPE_CHANGED = "type_changed"
    REQUIRED = "required"
    OPTIONAL = "optional"
    KEY_CHANGED = "key_changed"
    PII_CHANGED = "pii_changed"
    ALIAS_ADDED = "alias_added"
    ALIAS_REMOVED = "alias_removed"
    NULL_WORDS_CHANGED = "null_words_changed"
    RULE_ADDED = "rule_added"
    RULE_REMOVED = "rule_removed"
    RULE_RENAMED = "rule_renamed"
    RULE_TIGHTENED = "rule_tightened"
    RULE_LOOSENED = "rule_loosened"
    RULE_CHANGED = "rule_changed"
    SOURCE_ADDED = "source_added"
    SOURCE_REMOVED = "source_removed"
    SOURCE_CHANGED = "source_changed"
    SOURCES_REORDERED = "sources_reordered"
    DATE_ORDER_CHANGED = "date_order_changed"
    RECENCY_CHANGED = "recency_changed"
    IGNORED_COLUMNS_CHANGED = "ignored_columns_changed"
    LAYOUT_CHANGED = "layout_changed"
    LINEAGE_CHANGED = "lineage_changed"
    MERGE_CHANGED = "merge_changed"
    QUERY_CHANGED = "query_changed"
    SLA_CHANGED = "sla_changed"
    NOTE_CHANGED = "note_changed"
    TEXT_CHANGED = "text_changed"
    OVERRIDE_CHANGED = "override_changed"
    LIMIT_CHANGED = "limit_changed"
    MASKING_CHANGED = "masking_changed"
    RETENTION_CHANGED = "retention_changed"


class Bump(IntEnum):
    """The part of the version that a change must raise."""

    NONE = 0  # no promise changes
    PATCH = 1  # texts alone
    MINOR = 2  # what was valid stays valid, and consumers receive what they received
    MAJOR = 3  # breaking


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``path`` is ``columns.age``, ``rules.age_range``, ``sources.uci.delimiter`` or ``key``."""

    kind: ChangeKind
    path: str
    before: str | None  # None: did not exist
    after: str | None  # None: no longer exists
    bump: Bump

    @property
    def is_breaking(self) -> bool:
        """Whether valid data may be rejected or read differently, or consumers receive what was excluded."""
        return self.bump is Bump.MAJOR


def breaking_if(is_breaking: bool) -> Bump:
    """Return the bump of a breaking change, or of one of a promise that breaks nothing."""
    return Bump.MAJOR if is_breaking else Bump.MINOR


def required_bump(changes: Iterable[Change]) -> Bump:
    """Return the largest bump of changes."""
    return max((change.bump for change in changes), default=Bump.NONE)


def next_version(version: str, bump: Bump) -> str | None:
    """Return the next version with a part raised; None if it is not of the form 1.2.3.

    >>> next_version("1.4.2", Bump.MAJOR), next_version("1.4.2", Bump.PATCH), next_version("v1", Bump.MINOR)
    ('2.0.0', '1.4.3', None)
    """
    found = _parts(version)
    if found is None:
        return None
    major, minor, patch = found
    match bump:
        case Bump.MAJOR:
            return f"{major + 1}.0.0"
        case Bump.MINOR:
            return f"{major}.{minor + 1}.0"
        case Bump.PATCH:
            return f"{major}.{minor}.{patch + 1}"
    return version


def version_problem(before: str, after: str, bump: Bump) -> str:
    """Return what is wrong with the version after changes; empty if it follows them.

    Breaking changes need a new major version, all others any later version. A version that is not of the
    form 1.2.3 can only be replaced.

    >>> version_problem("1.4.2", "2.0.0", Bump.MAJOR), version_problem("1.4.2", "1.4.2", Bump.PATCH)
    ('', 'the contract changed, and its version is still 1.4.2')
    """
    if before == after:
        return "" if bump is Bump.NONE else f"the contract changed, and its version is still {after}"
    old, new = _parts(before), _parts(after)
    if new is None:
        return f"the version {after!r} is not of the form 1.2.3"
    if old is not None and new < old:
        return f"the version goes back, from {before} to {after}"
    if old is not None and bump is Bump.MAJOR and new[0] == old[0]:
        return f"breaking changes need a new major version, found {before} -> {after}"
    return ""


def as_text(value: object) -> str | None:
    """Return a value as ``before`` or ``after`` of a change: JSON, or None."""
    return None if value is None else json.dumps(value, default=str, sort_keys=True, ensure_ascii=False)


def _parts(version: str) -> tuple[int, int, int] | None:
    found = _VERSION.fullmatch(version)
    return None if found is None else (int(found[1]), int(found[2]), int(found[3]))
