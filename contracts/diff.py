"""Differences between two versions of a contract, and whether they are breaking.

A change is breaking if data that was valid may now be rejected or read differently, or if consumers may
receive what the old contract excluded.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from contracts.changes import Bump, Change, ChangeKind, as_text, breaking_if
from contracts.model import DataType, Kind, Source
from contracts.rule_diff import diff_rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contracts.model import Column, Contract

# The kinds that contain all values of a kind.
_WIDER_KINDS = {Kind.INTEGER: (Kind.BIGINT, Kind.DOUBLE)}
_TEXTS = ("description", "usage", "limitations", "grain", "owner", "team")


def diff_contracts(before: Contract, after: Contract) -> tuple[Change, ...]:
    """Return the differences between two versions: all that is promised, and the texts about it.

    Raises:
        ValueError: the contracts have different names.
    """
    if before.name != after.name:
        raise ValueError(f"{before.name} and {after.name} are two contracts, not two versions of one")
    return (
        *_diff_columns(before.columns, after.columns),
        *_diff_columns(before.derived_columns, after.derived_columns),
        *_diff_key(before, after),
        *diff_rules(before, after),
        *_diff_reading(before, after),
        *_diff_table(before, after),
        *_diff_texts(before, after),
    )


def _diff_columns(before: Sequence[Column], after: Sequence[Column]) -> Iterator[Change]:
    """Yield the changes of the columns of a record, or of the derived ones, which follow them."""
    old = {column.name: column for column in before}
    new = {column.name: column for column in after}
    for name, column in old.items():
        if name not in new:
            yield Change(ChangeKind.COLUMN_REMOVED, f"columns.{name}", str(column.type), None, Bump.MAJOR)
        else:
            yield from _diff_column(column, new[name])
    kept = [name for name in new if name in old]
    if kept != [name for name in old if name in new]:
        yield Change(ChangeKind.COLUMNS_REORDERED, "columns", ", ".join(old), ", ".join(new), Bump.MAJOR)
    for name, column in new.items():
        if name not in old:
            # Headerless files and COPY of Parquet go by position: only a column at the end moves no other.
            is_last = not kept or list(new).index(name) > list(new).index(kept[-1])
            bump = breaking_if(column.required or not is_last)
            yield Change(ChangeKind.COLUMN_ADDED, f"columns.{name}", None, str(column.type), bump)


def _diff_column(old: Column, new: Column) -> Iterator[Change]:
    path = f"columns.{old.name}"
    if old.type != new.type:
        kind = _type_change(old.type, new.type)
        bump = breaking_if(kind is not ChangeKind.TYPE_WIDENED)
        yield Change(kind, path, _spelled(old), _spelled(new), bump)
    if old.required != new.required:
        kind = ChangeKind.REQUIRED if new.required else ChangeKind.OPTIONAL
        words = ("optional", "required") if new.required else ("required", "optional")
        yield Change(kind, path, *words, Bump.MAJOR)
    if old.is_pii != new.is_pii:
        words = ("pii" if old.is_pii else "open", "pii" if new.is_pii else "open")
        yield Change(ChangeKind.PII_CHANGED, path, *words, breaking_if(not new.is_pii))
    for alias in old.aliases:
        if alias not in new.aliases:
            yield Change(ChangeKind.ALIAS_REMOVED, path, alias, None, Bump.MAJOR)
    for alias in new.aliases:
        if alias not in old.aliases:
            yield Change(ChangeKind.ALIAS_ADDED, path, None, alias, Bump.MINOR)
    if _word_set(old.null_words) != _word_set(new.null_words):
        words = (as_text(old.null_words) or "shipped", as_text(new.null_words) or "shipped")
        yield Change(ChangeKind.NULL_WORDS_CHANGED, path, *words, Bump.MAJOR)
    if old.description != new.description:
        path = f"{path}.description"
        yield Change(ChangeKind.TEXT_CHANGED, path, old.description, new.description, Bump.PATCH)


def _word_set(words: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if words is None else frozenset(words)


def _type_change(old: DataType, new: DataType) -> ChangeKind:
    if _contains(new, old):
        return ChangeKind.TYPE_WIDENED
    return ChangeKind.TYPE_NARROWED if _contains(old, new) else ChangeKind.TYPE_CHANGED


def _contains(wide: DataType, narrow: DataType) -> bool:
    """Whether every value of one type is a value of the other."""
    if wide.kind is narrow.kind is Kind.DECIMAL:
        whole_digits = wide.precision - wide.scale >= narrow.precision - narrow.scale
        return whole_digits and wide.scale >= narrow.scale
    if wide.kind is narrow.kind is Kind.STRING:
        return wide.max_bytes == 0 or 0 < narrow.max_bytes <= wide.max_bytes
    return wide.kind is narrow.kind or wide.kind in _WIDER_KINDS.get(narrow.kind, ())


def _diff_key(before: Contract, after: Contract) -> Iterator[Change]:
    """Yield the change of the columns that identify a row; their order has no effect."""
    if set(before.key) != set(after.key):
        keys = (", ".join(before.key), ", ".join(after.key))
        yield Change(ChangeKind.KEY_CHANGED, "key", *keys, Bump.MAJOR)


def _diff_reading(before: Contract, after: Contract) -> Iterator[Change]:
    """Yield changes of the reading options."""
    if before.date_order is not after.date_order:
        orders = (before.date_order, after.date_order)
        yield Change(ChangeKind.DATE_ORDER_CHANGED, "dateOrder", *orders, Bump.MAJOR)
    if before.recency != after.recency:
        columns = (", ".join(before.recency) or "default", ", ".join(after.recency) or "default")
        yield Change(ChangeKind.RECENCY_CHANGED, "recency", *columns, Bump.MAJOR)
    if set(before.ignored_columns) != set(after.ignored_columns):
        names = (", ".join(before.ignored_columns), ", ".join(after.ignored_columns))
        # What is ignored is no longer kept in _extra.
        bump = breaking_if(not set(after.ignored_columns) <= set(before.ignored_columns))
        yield Change(ChangeKind.IGNORED_COLUMNS_CHANGED, "ignoredColumns", *names, bump)
    old = {source.name: source for source in before.sources}
    new = {source.name: source for source in after.sources}
    for name, source in old.items():
        if name not in new:
            yield Change(ChangeKind.SOURCE_REMOVED, f"sources.{name}", source.glob, None, Bump.MAJOR)
        else:
            yield from _diff_source(source, new[name])
    order = list(new)
    if [n for n in order if n in old] != [n for n in old if n in new]:
        yield Change(ChangeKind.SOURCES_REORDERED, "sources", ", ".join(old), ", ".join(new), Bump.MAJOR)
    for name in order:
        if name not in old:
            # The first matching glob wins: a source after all others takes no files from them.
            is_last = not any(other in old for other in order[order.index(name) :])
            path = f"sources.{name}"
            yield Change(ChangeKind.SOURCE_ADDED, path, None, new[name].glob, breaking_if(not is_last))


def _diff_source(old: Source, new: Source) -> Iterator[Change]:
    """Yield the changes of a source by key; those of mappings by column."""
    for field in fields(Source):
        before, after = _by_column(getattr(old, field.name)), _by_column(getattr(new, field.name))
        for column in dict.fromkeys((*before, *after)):
            values = before.get(column), after.get(column)
            if values[0] == values[1]:
                continue
            path = ".".join(part for part in ("sources", old.name, _yaml_key(field.name), column) if part)
            # Further currency signs only make values readable that were not.
            is_more = field.name == "currency_signs" and set(old.currency_signs) < set(new.currency_signs)
            texts = as_text(values[0]), as_text(values[1])
            yield Change(ChangeKind.SOURCE_CHANGED, path, *texts, breaking_if(not is_more))


def _by_column(value: Mapping[str, object] | object) -> dict[str, object]:
    return dict(value) if isinstance(value, dict) else {"": value}


def _yaml_key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _diff_table(before: Contract, after: Contract) -> Iterator[Change]:
    """Yield changes of the table as a whole."""
    for key, old, new in (
        ("sortKey", before.sort_key, after.sort_key),
        ("distKey", before.dist_key, after.dist_key),
    ):
        if old != new:
            yield Change(ChangeKind.LAYOUT_CHANGED, key, as_text(old), as_text(new), Bump.MINOR)
    if before.sums != after.sums:
        sums = (", ".join(before.sums) or "none", ", ".join(after.sums) or "none")
        yield Change(ChangeKind.LAYOUT_CHANGED, "sums", *sums, Bump.MINOR)
    merges = (before.merge or "latest row", after.merge or "latest row")
    if merges[0] != merges[1]:
        yield Change(ChangeKind.MERGE_CHANGED, "merge", *merges, Bump.MAJOR)
    old_sql, new_sql = (None if of.query is None else of.query.sql for of in (before, after))
    if old_sql != new_sql:
        yield Change(ChangeKind.QUERY_CHANGED, "transformLogic", old_sql, new_sql, Bump.MAJOR)
    if set(before.derived_from) != set(after.derived_from):
        names = (", ".join(before.derived_from) or "files", ", ".join(after.derived_from) or "files")
        bump = breaking_if(before.is_read_from_files is not after.is_read_from_files)
        yield Change(ChangeKind.LINEAGE_CHANGED, "derivedFrom", *names, bump)
    for name in dict.fromkeys((*before.slas, *after.slas)):
        terms = before.slas.get(name), after.slas.get(name)
        if terms[0] != terms[1]:
            yield Change(ChangeKind.SLA_CHANGED, f"slaProperties.{name}", *terms, Bump.MINOR)
    old_notes = {note.name: note.text for note in before.notes}
    new_notes = {note.name: note.text for note in after.notes}
    for name in dict.fromkeys((*old_notes, *new_notes)):
        texts = old_notes.get(name), new_notes.get(name)
        if texts[0] != texts[1]:
            yield Change(ChangeKind.NOTE_CHANGED, f"rules.{name}", *texts, Bump.MINOR)


def _diff_texts(before: Contract, after: Contract) -> Iterator[Change]:
    for key in _TEXTS:
        texts = getattr(before, key), getattr(after, key)
        if texts[0] != texts[1]:
            yield Change(ChangeKind.TEXT_CHANGED, key, *texts, Bump.PATCH)


def _spelled(column: Column) -> str:
    return f"varchar({column.type.max_bytes})" if column.type.max_bytes else str(column.type)
