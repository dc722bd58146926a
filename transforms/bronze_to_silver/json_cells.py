"""From a JSON object's members to the contract's columns: fast for known keys, general for any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.bronze_to_silver.choice import assign, is_value, is_value_of_any, with_extra
from transforms.bronze_to_silver.files import quoted
from transforms.bronze_to_silver.json_records import MEMBERS
from transforms.bronze_to_silver.json_text import is_number, without_marks
from transforms.bronze_to_silver.records import FLAW, KEY, PLAIN, RAW, Cell, Records
from transforms.bronze_to_silver.spelling import is_ignored, meant_column, normalized
from transforms.bronze_to_silver.text import clean_text, null_if_word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

    from contracts.model import Contract, Source
    from transforms.bronze_to_silver.choice import Assignment

_MAX_SPELLINGS = 64  # looked up one by one in every record; further ones go the general way
_IS_USUAL = "lakegate is usual"
_IS_KNOWN = "lakegate is known"
_NAMED = "lakegate named"
_EXTRA = "lakegate extra"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys to expect in files: ``spellings`` in any order, ``usual`` in this order and no others."""

    spellings: tuple[str, ...]
    usual: tuple[str, ...] = ()


def expected_keys(files: Sequence[Sequence[str]], source: Source | None) -> Keys:
    """Return the keys to expect, from those seen at the beginning of each file and those that a source names.

    The most frequent spellings come first, as many as are worth a look-up in each record.
    """
    counts = Counter(name for of_file in files for name in of_file)
    ranked = sorted(counts, key=lambda name: (-counts[name], name))[:_MAX_SPELLINGS]
    usual = Counter(tuple(of_file) for of_file in files).most_common(1)[0][0] if files else ()
    listed = () if source is None else source.columns.values()
    # A spec that is a bare name can only be a key, seen or not.
    bare = [spec for spec in listed if spec.isidentifier() and spec not in ("true", "false", "null")]
    return Keys(tuple(dict.fromkeys((*ranked, *bare))), usual if set(usual) <= set(ranked) else ())


def json_cells(
    records: DataFrame, keys: Keys, contract: Contract, source: Source | None
) -> tuple[Records, Assignment]:
    """Return JSON records with a cell for each contract column that a key can mean; MEMBERS stay.

    A record that has the usual keys in their order is read by position; one that has only known keys, no two
    of which mean one column, by look-up; else its keys are normalised one by one. All ways give the same.
    """
    assignment = assign(keys.spellings, contract, source)
    usual = keys.usual if _is_unambiguous(keys.usual, assignment) else ()
    is_usual = sf.map_keys(MEMBERS) == sf.array(*map(sf.lit, usual)) if usual else sf.lit(False)
    known = records.withColumn(_IS_USUAL, is_usual)
    known = known.withColumn(_IS_KNOWN, sf.col(_IS_USUAL) | _is_known(keys.spellings, assignment))
    named = known.withColumn(_NAMED, sf.when(~sf.col(_IS_KNOWN), _named(contract, assignment)))
    fed = _spellings_by_column(contract, assignment)
    values = [
        _known_value(names, usual).otherwise(_found(contract, assignment, column)).alias(_value_name(column))
        for column, names in fed.items()
    ]
    held = {name: f"lakegate unknown {name}" for names in assignment.unknown.values() for name in names}
    unknown = [_known_value([name], usual).alias(alias) for name, alias in held.items()]
    general_extra = sf.when(~sf.col(_IS_KNOWN), _general_extra(contract, assignment)).alias(_EXTRA)
    frame = named.select(KEY, RAW, FLAW, PLAIN, MEMBERS, *values, *unknown, general_extra)
    cells = {
        column: Cell(without_marks(value), is_typed=is_number(value))
        for column, value in ((column, sf.col(_value_name(column))) for column in fed)
    }
    texts = {
        normal: [without_marks(quoted(held[name])) for name in names]
        for normal, names in assignment.unknown.items()
    }
    frame, known_extra = with_extra(frame, texts)
    return Records(frame, cells, sf.coalesce(known_extra, sf.col(_EXTRA))), assignment


def _value_name(column: str) -> str:
    return f"lakegate value {column}"


def _spellings_by_column(contract: Contract, assignment: Assignment) -> dict[str, Sequence[str]]:
    """Return every contract column that a key can mean, with the known spellings that mean it."""
    fed: dict[str, Sequence[str]] = {}
    for column in contract.column_names:
        if column in assignment.whole:
            fed[column] = [assignment.whole[column]]
        elif column not in assignment.computed:
            fed[column] = assignment.by_name.get(column, ())
    return fed


def _is_known(spellings: Sequence[str], assignment: Assignment) -> Column:
    """Whether the keys are known, none doubled (then the map is longer than its hits), none alike."""
    held = {key: sf.map_contains_key(MEMBERS, key).cast("int") for key in spellings}
    hits = sum(held.values(), start=sf.lit(0))
    is_known = sf.size(MEMBERS) == hits
    for keys in (*assignment.by_name.values(), *assignment.unknown.values()):
        if len(keys) > 1:
            is_known &= sum((held[key] for key in keys), start=sf.lit(0)) <= 1
    return is_known


def _is_unambiguous(usual: Sequence[str], assignment: Assignment) -> bool:
    """Whether no two of the keys mean one column, so that no order between them matters."""
    rivals = (*assignment.by_name.values(), *assignment.unknown.values())
    return all(len(set(names) & set(usual)) <= 1 for names in rivals)


def _known_value(names: Sequence[str], usual: Sequence[str]) -> Column:
    """Return the value under any of these keys, by position or by look-up; null for an unknown record."""
    places = [usual.index(name) for name in names if name in usual]
    by_place = sf.get(sf.map_values(MEMBERS), sf.lit(places[0])) if places else sf.lit(None).cast("string")
    looked_up = [sf.col(MEMBERS).getItem(name) for name in names]
    by_name = sf.coalesce(*looked_up) if looked_up else sf.lit(None).cast("string")
    return sf.when(sf.col(_IS_USUAL), by_place).when(sf.col(_IS_KNOWN), by_name)


def _named(contract: Contract, assignment: Assignment) -> Column:
    """Return the members as array<struct<key, value, name, column, cleaned, is_value>>.

    ``column`` is the contract column that the key means by name, null for none; ``is_value`` whether the
    value is one for that column.
    """
    listed = sorted({*assignment.whole, *assignment.computed})

    def with_name(member: Column) -> Column:
        return _struct(key=member["key"], value=member["value"], name=normalized(member["key"]))

    def with_column(member: Column) -> Column:
        column = meant_column(member["name"], contract)
        if listed:
            column = sf.when(~column.isin(*listed), column)
        return _struct(
            key=member["key"],
            value=member["value"],
            name=member["name"],
            column=sf.when(~_is_taken_whole(member, assignment), column),
            cleaned=clean_text(without_marks(member["value"]), sf.col(PLAIN)),
        )

    def with_judgement(member: Column) -> Column:
        return _struct(
            key=member["key"],
            value=member["value"],
            name=member["name"],
            column=member["column"],
            cleaned=member["cleaned"],
            is_value=is_value_of_any(member["cleaned"], member["column"], contract),
        )

    members: Column = sf.map_entries(MEMBERS)
    for step in (with_name, with_column, with_judgement):
        members = sf.transform(members, step)
    return members


def _struct(**fields: Column) -> Column:
    return sf.struct(*(value.alias(name) for name, value in fields.items()))


def _is_taken_whole(member: Column, assignment: Assignment) -> Column:
    keys = sorted(set(assignment.whole.values()))
    return member["key"].isin(*keys) if keys else sf.lit(False)


def _found(contract: Contract, assignment: Assignment, column: str) -> Column:
    """Return the first member that holds a value for a column, the general way."""

    def feeds(member: Column) -> Column:
        if column in assignment.whole:
            is_meant = member["key"] == assignment.whole[column]
            return is_meant & is_value(member["cleaned"], contract.column(column))
        return member["column"].eqNullSafe(sf.lit(column)) & member["is_value"]

    return sf.get(sf.filter(sf.col(_NAMED), feeds), sf.lit(0))["value"]


def _general_extra(contract: Contract, assignment: Assignment) -> Column:
    def is_unknown(member: Column) -> Column:
        is_free = member["column"].isNull() & ~_is_taken_whole(member, assignment)
        return is_free & ~is_ignored(member["name"], contract)

    def kept(member: Column) -> Column:
        return _struct(key=member["name"], value=null_if_word(member["cleaned"]))

    members = sf.filter(
        sf.transform(sf.filter(sf.col(_NAMED), is_unknown), kept), lambda member: member["value"].isNotNull()
    )
    first = sf.filter(
        members,
        lambda member, place: (
            sf.array_position(sf.transform(members, lambda m: m["key"]), member["key"]) == place + 1
        ),
    )
    return sf.nullif(sf.to_json(sf.map_from_entries(sf.array_sort(first))), sf.lit("{}"))
