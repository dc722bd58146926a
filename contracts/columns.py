"""Parsing of ODCS schema properties into columns."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.column_names import squash
from contracts.model import Column, DataType, Kind
from contracts.odcs import Properties
from contracts.system_columns import UNCASTABLE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from open_data_contract_standard.model import SchemaProperty

    from contracts.errors import YamlLocation

# Redshift folds names to lower case and allows 127 bytes, from which the longest prefix is subtracted.
_MAX_NAME_BYTES = 127 - len(UNCASTABLE_PREFIX)
_NAME = re.compile(rf"[a-z][a-z0-9_]{{0,{_MAX_NAME_BYTES - 1}}}")
_DERIVED_NAME = re.compile(rf"_?[a-z][a-z0-9_]{{0,{_MAX_NAME_BYTES - 2}}}")
_DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+),\s*(\d+)\)")
_VARCHAR = re.compile(r"varchar\((\d+)\)")
_MAX_VARCHAR_BYTES = 65_535  # Redshift's
_IDENTIFIER_BYTES = 1_024  # default for key columns and user_id
_STRING_BYTES = 4_096  # default for all other strings
_MAX_PRECISION = 38
_MAX_BYTES = "maxBytes"

# By ODCS logical type and physical type, as Spark and Redshift spell them.
_KINDS = {
    ("string", "string"): Kind.STRING,
    ("integer", "int"): Kind.INTEGER,
    ("integer", "integer"): Kind.INTEGER,
    ("integer", "bigint"): Kind.BIGINT,
    ("number", "double"): Kind.DOUBLE,
    ("number", "double precision"): Kind.DOUBLE,
    ("timestamp", "timestamp"): Kind.TIMESTAMP,
    ("date", "date"): Kind.DATE,
    ("boolean", "boolean"): Kind.BOOLEAN,
}
# ODCS keys of a property that lakegate does not support, with the next step.
_UNSUPPORTED = {
    "enum": "write a rule with expect_column_values_to_be_in_set",
    "relationships": "write a rule that the gate can evaluate",
    "properties": "a column holds one value; read nested fields by a source",
    "items": "a column holds one value; read nested fields by a source",
    "map": "a column holds one value; read nested fields by a source",
    "encryptedName": "remove it",
    "transformLogic": "give the SELECT of the whole table as a custom property of the schema object",
    "physicalName": "the column's name is its physical name; remove it",
}


def read_column(prop: SchemaProperty, location: YamlLocation) -> Column:
    """Return the column that a schema property declares, without its rules.

    Raises:
        ContractError: an invalid name, type or key, or an unsupported option.
    """
    properties = _properties(prop, location)
    name = prop.name or ""
    if not (_DERIVED_NAME if properties.flag("derived") else _NAME).fullmatch(name):
        raise location.at("name").error(
            f"invalid column name {name!r}", next_step="use a-z, 0-9 and _, beginning with a letter"
        )
    for key, next_step in _UNSUPPORTED.items():
        if getattr(prop, key) is not None:
            raise location.at(key).error(f"{key} of column {name} is not supported", next_step=next_step)
    if not prop.description:
        raise location.error(f"column {name} has no description", next_step="describe it in one sentence")
    if prop.primaryKey and (prop.primaryKeyPosition or 0) < 1:
        raise location.error(
            f"key column {name} has no primaryKeyPosition", next_step="number the key from 1"
        )
    if prop.primaryKeyPosition is not None and not prop.primaryKey:
        raise location.at("primaryKeyPosition").error(f"column {name} is not a primaryKey")
    return Column(
        name=name,
        type=_read_type(prop, properties, location),
        required=bool(prop.required or prop.primaryKey),
        unique=bool(prop.unique),
        primary_key_position=prop.primaryKeyPosition,
        is_pii=prop.classification == "pii",
        description=prop.description.strip(),
        aliases=tuple(synonym.synonym or "" for synonym in prop.synonyms or ()),
        null_words=properties.texts("nullWords"),
        physical_type=prop.physicalType or "",
    )


def with_max_bytes(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns with a ``max_bytes`` for every string: the declared one, else the default."""
    return tuple(
        replace(
            column,
            type=replace(column.type, max_bytes=_IDENTIFIER_BYTES if column.is_identifier else _STRING_BYTES),
        )
        if column.type.kind is Kind.STRING and not column.type.max_bytes
        else column
        for column in columns
    )


def is_derived(prop: SchemaProperty, location: YamlLocation) -> bool:
    """Whether the column is stored but not part of a record."""
    return bool(_properties(prop, location).flag("derived"))


def check_columns(columns: Sequence[Column], derived: Sequence[Column], location: YamlLocation) -> None:
    """Raise ContractError for ambiguous or duplicate names, or an invalid primary key."""
    by_spelling: dict[str, str] = {}
    for number, column in enumerate(columns):
        for spelling in (column.name, *column.aliases):
            squashed = squash(spelling)
            if not squashed:
                raise location.at(number).error(
                    f"the alias {spelling!r} of {column.name} has no letter or digit"
                )
            if by_spelling.setdefault(squashed, column.name) != column.name:
                raise location.at(number).error(
                    f"{spelling!r} matches both {by_spelling[squashed]} and {column.name}",
                    next_step="case and underscores are ignored in matching; rename or remove one of them",
                )
    names = [column.name for column in (*columns, *derived)]
    for name in names:
        if names.count(name) > 1:
            raise location.error(f"duplicate column {name}")
    positions = sorted(c.primary_key_position for c in columns if c.primary_key_position is not None)
    if not positions:
        raise location.error("no column is a primaryKey", next_step="name the columns that identify a row")
    if positions != list(range(1, len(positions) + 1)):
        raise location.error(f"primaryKeyPosition must count 1, 2, …, found {positions}")


def _properties(prop: SchemaProperty, location: YamlLocation) -> Properties:
    return Properties(prop.customProperties, location, known=("derived", "nullWords", _MAX_BYTES))


def _read_type(prop: SchemaProperty, properties: Properties, location: YamlLocation) -> DataType:
    found = _base_type(prop, location)
    declared = properties.raw(_MAX_BYTES)
    if declared is None:
        return found
    at = properties.location(_MAX_BYTES)
    if found.kind is not Kind.STRING:
        raise at.error(f"{_MAX_BYTES} is for strings, {prop.name} is {found}", next_step="remove it")
    if isinstance(declared, bool) or not isinstance(declared, int) or not 1 <= declared <= _MAX_VARCHAR_BYTES:
        raise at.error(
            f"{_MAX_BYTES} of {prop.name} must be a whole number from 1 to {_MAX_VARCHAR_BYTES:,}, "
            f"found {declared!r}"
        )
    if found.max_bytes not in (0, declared):
        raise at.error(
            f"{_MAX_BYTES} of {prop.name} is {declared}, its type {prop.physicalType}",
            next_step="declare one of the two, or the same number in both",
        )
    return replace(found, max_bytes=declared)


def _base_type(prop: SchemaProperty, location: YamlLocation) -> DataType:
    logical, physical = prop.logicalType or "", (prop.physicalType or "").lower()
    if logical == "number" and (decimal := _DECIMAL.fullmatch(physical)):
        precision, scale = int(decimal[1]), int(decimal[2])
        if 1 <= precision <= _MAX_PRECISION and scale <= precision:
            return DataType(Kind.DECIMAL, precision=precision, scale=scale)
    elif logical == "string" and (varchar := _VARCHAR.fullmatch(physical)):
        if 1 <= int(varchar[1]) <= _MAX_VARCHAR_BYTES:
            return DataType(Kind.STRING, max_bytes=int(varchar[1]))
    elif (logical, physical) in _KINDS:
        return DataType(_KINDS[logical, physical])
    known = ", ".join(sorted({f"{a}/{b}" for a, b in _KINDS} | {"string/varchar(n)", "number/decimal(p,s)"}))
    raise location.error(
        f"column {prop.name} has the unsupported type {prop.logicalType}/{prop.physicalType}",
        next_step=f"supported (logicalType/physicalType): {known}",
    )
