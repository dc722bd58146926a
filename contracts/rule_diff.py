"""Changes of rules between two versions of a contract, and whether more or fewer rows pass."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from contracts.argument_values import TIME_KINDS, as_instant
from contracts.changes import Bump, Change, ChangeKind, as_text, breaking_if
from contracts.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from contracts.model import Contract, Rule

_ORDERED_COLUMNS = "expect_table_columns_to_match_ordered_list"
_DEFAULTS: dict[str, tuple[object, ...]] = {
    "strict_min": (False,),
    "strict_max": (False,),
    "or_equal": (False,),
    "mostly": (1,),
    "condition_parser": ("spark",),
    "ignore_row_if": ("both_values_are_missing", "all_values_are_missing"),  # of pairs, of several columns
}
_UNORDERED = ("value_set", "value_pairs_set", "regex_list", "type_list")
# Whether True, or a larger number, lets fewer rows or tables pass.
_TIGHTER_WHEN_LARGER = {"min_value": True, "max_value": False, "mostly": True}
_TIGHTER_WHEN_TRUE = {"strict_min": True, "strict_max": True, "or_equal": False}


class _Effect(Enum):
    """Effect of one change of a rule on the rows that pass."""

    NONE = 0
    TIGHTER = 1
    LOOSER = 2
    UNKNOWN = 3


def diff_rules(before: Contract, after: Contract) -> Iterator[Change]:
    """Yield the changes of rules. That of a warning is not breaking: it never excluded rows or tables."""
    old = {rule.name: rule for rule in before.rules if not _states_a_type(rule)}
    new = {rule.name: rule for rule in after.rules if not _states_a_type(rule)}
    renamed = _renamed(before, after, old, new)
    for name, rule in old.items():
        path = f"rules.{name}"
        if name in renamed:
            yield Change(ChangeKind.RULE_RENAMED, path, name, renamed[name], Bump.MINOR)
        elif name not in new:
            bump = breaking_if(rule.severity is Severity.ERROR)
            yield Change(ChangeKind.RULE_REMOVED, path, _words(rule), None, bump)
        else:
            yield from _diff_rule(before, after, rule, new[name])
    for name, rule in new.items():
        if name not in old and name not in renamed.values():
            bump = breaking_if(rule.severity is Severity.ERROR)
            yield Change(ChangeKind.RULE_ADDED, f"rules.{name}", None, _words(rule), bump)


def _diff_rule(before: Contract, after: Contract, old: Rule, new: Rule) -> Iterator[Change]:
    path = f"rules.{old.name}"
    if _promise(old, before) != _promise(new, after):
        kind = _rule_change(old, new, _arguments(old, before), _arguments(new, after))
        bump = breaking_if(Severity.ERROR in (old.severity, new.severity))
        yield Change(kind, path, _words(old), _words(new), bump)
    elif "quality[" in new.path:  # the texts of derived rules follow from the columns
        for key in ("description", "business_impact", "dimension"):
            texts = getattr(old, key), getattr(new, key)
            if texts[0] != texts[1]:
                yield Change(ChangeKind.TEXT_CHANGED, f"{path}.{key}", *texts, Bump.PATCH)


def _renamed(
    before: Contract, after: Contract, old: Mapping[str, Rule], new: Mapping[str, Rule]
) -> dict[str, str]:
    """Return old names and new names of rules that only have another name."""
    added = [(name, _promise(rule, after)) for name, rule in new.items() if name not in old]
    renamed: dict[str, str] = {}
    for name, rule in old.items():
        if name not in new:
            promise = _promise(rule, before)
            found = next((pair for pair in added if pair[1] == promise), None)
            if found is not None:
                renamed[name] = found[0]
                added.remove(found)
    return renamed


def _states_a_type(rule: Rule) -> bool:
    """Whether a rule checks only what the columns state, whose changes are listed."""
    of_column = (f"{rule.column}_too_long", f"{rule.column}_uncastable")
    return rule.name in ("required_complete", "schema", "types", *of_column)


def _promise(rule: Rule, contract: Contract) -> tuple[object, ...]:
    """Return what a rule promises, in a form that does not depend on how it is written."""
    return (rule.severity, rule.domain, rule.expectation, _arguments(rule, contract), rule.further)


def _arguments(rule: Rule, contract: Contract) -> dict[str, object]:
    """Return the arguments without those at their default, sets in one order, dates as instants."""
    times = {column.name for column in contract.silver_columns if column.type.kind in TIME_KINDS}
    is_time = rule.kwargs.get("column") in times
    arguments: dict[str, object] = {}
    for key, given in rule.kwargs.items():
        value = given
        if key == "row_condition" and rule.name == f"{rule.column}_required":
            continue  # it only lets other rules report what has no value
        if value is None or value in _DEFAULTS.get(key, ()):
            continue
        if is_time and key in ("min_value", "max_value"):
            value = as_instant(value)
        is_set = key in _UNORDERED or (key == "column_list" and rule.expectation != _ORDERED_COLUMNS)
        if is_set and isinstance(value, list):
            values = [as_instant(each) if is_time else each for each in value]
            value = sorted({_hashable(each) for each in values}, key=repr)
        arguments[key] = value
    return arguments


def _hashable(value: object) -> object:
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _rule_change(
    old: Rule, new: Rule, before: Mapping[str, object], after: Mapping[str, object]
) -> ChangeKind:
    """Return whether a rule was tightened or loosened; ``rule_changed`` if undetermined."""
    if old.expectation != new.expectation or old.is_row_rule is not new.is_row_rule:
        return ChangeKind.RULE_CHANGED
    effects = {_severity_effect(old, new)}
    for key in before.keys() | after.keys():
        effects.add(_argument_effect(key, before.get(key), after.get(key), old.expectation))
    effects.discard(_Effect.NONE)
    if effects == {_Effect.TIGHTER}:
        return ChangeKind.RULE_TIGHTENED
    if effects == {_Effect.LOOSER}:
        return ChangeKind.RULE_LOOSENED
    return ChangeKind.RULE_CHANGED


def _effect(is_tighter: bool) -> _Effect:
    return _Effect.TIGHTER if is_tighter else _Effect.LOOSER


def _severity_effect(old: Rule, new: Rule) -> _Effect:
    return _Effect.NONE if old.severity is new.severity else _effect(new.severity is Severity.ERROR)


def _argument_effect(key: str, before: object, after: object, expectation: str) -> _Effect:
    if before == after:
        return _Effect.NONE
    if key in _TIGHTER_WHEN_TRUE:
        return _effect((after is True) is _TIGHTER_WHEN_TRUE[key])
    if key == "row_condition" and None in (before, after):
        return _effect(after is None)  # without a condition, all rows are judged
    if key in _TIGHTER_WHEN_LARGER:
        return _bound_effect(before, after, is_tighter_when_larger=_TIGHTER_WHEN_LARGER[key])
    if key in ("value_set", "type_list") and isinstance(before, list) and isinstance(after, list):
        return _set_effect(set(before), set(after), expectation)
    return _Effect.UNKNOWN


def _bound_effect(before: object, after: object, *, is_tighter_when_larger: bool) -> _Effect:
    if before is None or after is None:
        return _effect(before is None)
    if isinstance(before, int | float) and isinstance(after, int | float):
        return _effect((after > before) is is_tighter_when_larger)
    if isinstance(before, datetime) and isinstance(after, datetime):
        return _effect((after > before) is is_tighter_when_larger)
    return _Effect.UNKNOWN


def _set_effect(before: set[object], after: set[object], expectation: str) -> _Effect:
    if expectation.endswith("to_equal_set") or not (before < after or after < before):
        return _Effect.UNKNOWN
    must_not_grow = not expectation.endswith(("not_be_in_set", "to_contain_set"))
    return _effect((after < before) is must_not_grow)


def _words(rule: Rule) -> str:
    return f"{rule.severity} in {rule.domain}: {rule.expectation} {as_text(dict(rule.kwargs))}"
