"""What changed between two versions of a contract, and whether somebody must act before it is used.

A change is breaking when a producer whose data was good may now be refused or read otherwise, or when a
consumer may meet what the old contract ruled out.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING

from contracts.model import DataType, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from contracts.model import Column, Contract, Rule


class ChangeKind(StrEnum):
    """What was done to the contract."""

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
    RULE_TIGHTENED = "rule_tightened"
    RULE_LOOSENED = "rule_loosened"
    RULE_CHANGED = "rule_changed"
    SOURCE_ADDED = "source_added"
    SOURCE_REMOVED = "source_removed"
    SOURCE_CHANGED = "source_changed"
    DATE_ORDER_CHANGED = "date_order_changed"
    IGNORED_COLUMNS_CHANGED = "ignored_columns_changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``path`` is ``columns.age``, ``rules.age_range``, ``sources.uci`` or ``key``."""

    kind: ChangeKind
    path: str
    before: str | None  # None: was not there
    after: str | None  # None: is no more there
    is_breaking: bool


# From a kind, those that hold all of its values.
_WIDER_KINDS = {Kind.INTEGER: (Kind.BIGINT, Kind.DOUBLE)}


def diff_contracts(before: Contract, after: Contract) -> tuple[Change, ...]:
    """Return what changed from one version of a contract to another: columns, key, rules, sources, reading.

    Raises:
        ValueError: they are not versions of one contract.
    """
    if before.name != after.name:
        raise ValueError(f"{before.name} and {after.name} are two contracts, not two versions of one")
    return (
        *_diff_columns(before, after),
        *_diff_key(before, after),
        *_diff_rules(before, after),
        *_diff_reading(before, after),
    )


def _diff_columns(before: Contract, after: Contract) -> Iterator[Change]:
    old = {column.name: column for column in before.silver_columns}
    new = {column.name: column for column in after.silver_columns}
    for name, column in old.items():
        if name not in new:
            yield Change(
                ChangeKind.COLUMN_REMOVED, f"columns.{name}", str(column.type), None, is_breaking=True
            )
        else:
            yield from _diff_column(column, new[name])
    kept = [name for name in new if name in old]
    if kept != [name for name in old if name in new]:
        yield Change(
            ChangeKind.COLUMNS_REORDERED, "columns", ", ".join(old), ", ".join(new), is_breaking=True
        )
    for name in new:
        if name not in old:
            # Files without a header and COPY of Parquet go by position: only a last column moves no other.
            is_last = not kept or list(new).index(name) > list(new).index(kept[-1])
            yield Change(
                ChangeKind.COLUMN_ADDED,
                f"columns.{name}",
                None,
                str(new[name].type),
                is_breaking=new[name].required or not is_last,
            )


def _diff_column(old: Column, new: Column) -> Iterator[Change]:
    path = f"columns.{old.name}"
    if old.type != new.type:
        kind = _type_change(old.type, new.type)
        yield Change(
            kind, path, _spelled(old), _spelled(new), is_breaking=kind is not ChangeKind.TYPE_WIDENED
        )
    if old.required != new.required:
        kind = ChangeKind.REQUIRED if new.required else ChangeKind.OPTIONAL
        words = ("optional", "required") if new.required else ("required", "optional")
        yield Change(kind, path, *words, is_breaking=True)
    if old.is_pii != new.is_pii:
        words = ("pii" if old.is_pii else "open", "pii" if new.is_pii else "open")
        yield Change(ChangeKind.PII_CHANGED, path, *words, is_breaking=not new.is_pii)
    for alias in old.aliases:
        if alias not in new.aliases:
            yield Change(ChangeKind.ALIAS_REMOVED, path, alias, None, is_breaking=True)
    for alias in new.aliases:
        if alias not in old.aliases:
            yield Change(ChangeKind.ALIAS_ADDED, path, None, alias, is_breaking=False)
    if old.null_words != new.null_words:
        yield Change(
            ChangeKind.NULL_WORDS_CHANGED,
            path,
            _json(old.null_words),
            _json(new.null_words),
            is_breaking=True,
        )


def _type_change(old: DataType, new: DataType) -> ChangeKind:
    if _holds(new, old):
        return ChangeKind.TYPE_WIDENED
    return ChangeKind.TYPE_NARROWED if _holds(old, new) else ChangeKind.TYPE_CHANGED


def _holds(wide: DataType, narrow: DataType) -> bool:
    """Whether every value of one type is a value of the other."""
    if wide.kind is narrow.kind is Kind.DECIMAL:
        whole_digits = wide.precision - wide.scale >= narrow.precision - narrow.scale
        return whole_digits and wide.scale >= narrow.scale
    if wide.kind is narrow.kind is Kind.STRING:
        return wide.max_bytes == 0 or 0 < narrow.max_bytes <= wide.max_bytes
    return wide.kind is narrow.kind or wide.kind in _WIDER_KINDS.get(narrow.kind, ())


def _diff_key(before: Contract, after: Contract) -> Iterator[Change]:
    if before.key != after.key:
        yield Change(
            ChangeKind.KEY_CHANGED, "key", ", ".join(before.key), ", ".join(after.key), is_breaking=True
        )


def _diff_rules(before: Contract, after: Contract) -> Iterator[Change]:
    old = {rule.name: rule for rule in before.rules}
    new = {rule.name: rule for rule in after.rules}
    for name, rule in old.items():
        path = f"rules.{name}"
        if name not in new:
            yield Change(ChangeKind.RULE_REMOVED, path, _words(rule), None, is_breaking=True)
        elif _words(rule) != _words(new[name]):
            kind = _rule_change(rule, new[name])
            # A warning that becomes looser rules out nothing that it ruled out before.
            is_breaking = kind is not ChangeKind.RULE_LOOSENED or rule.severity is Severity.ERROR
            yield Change(kind, path, _words(rule), _words(new[name]), is_breaking=is_breaking)
    for name, rule in new.items():
        if name not in old:
            yield Change(
                ChangeKind.RULE_ADDED,
                f"rules.{name}",
                None,
                _words(rule),
                is_breaking=rule.severity is Severity.ERROR,
            )


def _rule_change(old: Rule, new: Rule) -> ChangeKind:
    """Return whether a rule lets less or more through; ``rule_changed`` when that cannot be told."""
    if old.expectation != new.expectation or old.is_row_rule is not new.is_row_rule:
        return ChangeKind.RULE_CHANGED
    effects = {_severity_effect(old, new)}
    for key in old.kwargs.keys() | new.kwargs.keys():
        effects.add(_kwarg_effect(key, old, new))
    effects.discard(_Effect.NONE)
    if effects == {_Effect.TIGHTER}:
        return ChangeKind.RULE_TIGHTENED
    if effects == {_Effect.LOOSER}:
        return ChangeKind.RULE_LOOSENED
    return ChangeKind.RULE_CHANGED


class _Effect(Enum):
    """What a part of a rule's change does to what passes."""

    NONE = 0
    TIGHTER = 1
    LOOSER = 2
    UNKNOWN = 3


def _effect(is_tighter: bool) -> _Effect:
    return _Effect.TIGHTER if is_tighter else _Effect.LOOSER


def _severity_effect(old: Rule, new: Rule) -> _Effect:
    return _Effect.NONE if old.severity is new.severity else _effect(new.severity is Severity.ERROR)


def _kwarg_effect(key: str, old: Rule, new: Rule) -> _Effect:
    before, after = old.kwargs.get(key), new.kwargs.get(key)
    if before == after:
        return _Effect.NONE
    if key in ("min_value", "max_value"):
        if before is None or after is None:
            return _effect(before is None)
        if isinstance(before, int | float) and isinstance(after, int | float):
            return _effect((after > before) is (key == "min_value"))
    elif key == "value_set" and isinstance(before, list) and isinstance(after, list):
        if set(after) < set(before):
            return _effect(not old.expectation.endswith("not_be_in_set"))
        if set(after) > set(before):
            return _effect(old.expectation.endswith("not_be_in_set"))
    return _Effect.UNKNOWN


def _diff_reading(before: Contract, after: Contract) -> Iterator[Change]:
    """Yield what changes how files are read."""
    if before.date_order is not after.date_order:
        yield Change(
            ChangeKind.DATE_ORDER_CHANGED, "dateOrder", before.date_order, after.date_order, is_breaking=True
        )
    if set(before.ignored_columns) != set(after.ignored_columns):
        words = (", ".join(before.ignored_columns), ", ".join(after.ignored_columns))
        yield Change(ChangeKind.IGNORED_COLUMNS_CHANGED, "ignoredColumns", *words, is_breaking=False)
    old = {source.name: source for source in before.sources}
    new = {source.name: source for source in after.sources}
    for name, source in old.items():
        if name not in new:
            yield Change(ChangeKind.SOURCE_REMOVED, f"sources.{name}", source.glob, None, is_breaking=True)
        elif source != new[name]:
            yield Change(
                ChangeKind.SOURCE_CHANGED, f"sources.{name}", str(source), str(new[name]), is_breaking=True
            )
    order = list(new)
    if [n for n in order if n in old] != [n for n in old if n in new]:
        yield Change(ChangeKind.SOURCE_CHANGED, "sources", ", ".join(old), ", ".join(new), is_breaking=True)
    for name in order:
        if name not in old:
            # The first glob that matches wins: a source behind all others takes no file from them.
            is_last = not any(other in old for other in order[order.index(name) :])
            yield Change(
                ChangeKind.SOURCE_ADDED, f"sources.{name}", None, new[name].glob, is_breaking=not is_last
            )


def _spelled(column: Column) -> str:
    return f"varchar({column.type.max_bytes})" if column.type.max_bytes else str(column.type)


def _words(rule: Rule) -> str:
    return f"{rule.severity} in {rule.domain}: {rule.expectation} {_json(dict(rule.kwargs))}"


def _json(value: object) -> str | None:
    return None if value is None else json.dumps(value, default=str, sort_keys=True, ensure_ascii=False)
