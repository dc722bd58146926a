"""An ODCS schema property as a column: name, type, key, meaning; and no option that we would not act on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from contracts.model import Column, DataType, Kind
from contracts.names import squash
from contracts.properties import Properties

if TYPE_CHECKING:
    from collections.abc import Sequence

    from open_data_contract_standard.model import SchemaProperty

    from contracts.errors import Place

# Redshift folds names to lower case and allows 127 bytes, of which `_uncastable_` may take 12.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,114}")
_DERIVED_NAME = re.compile(r"_?[a-z][a-z0-9_]{0,113}")
_DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+),\s*(\d+)\)")
_VARCHAR = re.compile(r"varchar\((\d+)\)")
_MAX_VARCHAR_BYTES = 65_535
_MAX_PRECISION = 38

# ODCS's logical type and the physical types that go with it, as Spark and Redshift spell them.
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
# What ODCS allows on a property and lakegate would have to drop.
_REFUSED = {
    "enum": "write a rule with expect_column_values_to_be_in_set",
    "relationships": "write a rule that the gate can judge",
    "properties": "a column holds one value; take nested fields in by a source",
    "items": "a column holds one value; take nested fields in by a source",
    "map": "a column holds one value; take nested fields in by a source",
    "encryptedName": "take it out",
    "physicalName": "the column's name is its physical name; take it out",
}


def read_column(prop: SchemaProperty, place: Place) -> Column:
    """Return the column that a schema property promises (its rules are read elsewhere).

    Raises:
        ContractError: a name, type, key or option that cannot be kept.
    """
    properties = _properties(prop, place)
    name = prop.name or ""
    if not (_DERIVED_NAME if properties.flag("derived") else _NAME).fullmatch(name):
        raise place.at("name").error(
            f"{name!r} is no column name", next_step="use a-z, 0-9 and _, beginning with a letter"
        )
    for key, next_step in _REFUSED.items():
        if getattr(prop, key) is not None:
            raise place.at(key).error(f"lakegate cannot keep {key} of column {name}", next_step=next_step)
    if not prop.description:
        raise place.error(f"column {name} has no description", next_step="say in a sentence what it means")
    if prop.primaryKey and (prop.primaryKeyPosition or 0) < 1:
        raise place.error(f"key column {name} has no primaryKeyPosition", next_step="number the key from 1")
    if prop.primaryKeyPosition is not None and not prop.primaryKey:
        raise place.at("primaryKeyPosition").error(f"column {name} is no primaryKey")
    return Column(
        name=name,
        type=_read_type(prop, place),
        required=bool(prop.required or prop.primaryKey),
        unique=bool(prop.unique),
        primary_key_position=prop.primaryKeyPosition,
        is_pii=prop.classification == "pii",
        description=prop.description.strip(),
        aliases=tuple(synonym.synonym or "" for synonym in prop.synonyms or ()),
        null_words=properties.texts("nullWords"),
        physical_type=prop.physicalType or "",
    )


def is_derived(prop: SchemaProperty, place: Place) -> bool:
    """Whether the column is stored without being part of a record."""
    return _properties(prop, place).flag("derived")


def check_columns(columns: Sequence[Column], derived: Sequence[Column], place: Place) -> None:
    """Raise ContractError when two columns could mean one source column, or the key is not numbered."""
    meant: dict[str, str] = {}
    for number, column in enumerate(columns):
        for spelling in (column.name, *column.aliases):
            squashed = squash(spelling)
            if not squashed:
                raise place.at(number).error(
                    f"the alias {spelling!r} of {column.name} holds no letter or digit"
                )
            if meant.setdefault(squashed, column.name) != column.name:
                raise place.at(number).error(
                    f"{spelling!r} means both {meant[squashed]} and {column.name}",
                    next_step="names are matched without case and underscores; take one of them out",
                )
    names = [column.name for column in (*columns, *derived)]
    for name in names:
        if names.count(name) > 1:
            raise place.error(f"column {name} stands twice")
    positions = sorted(c.primary_key_position for c in columns if c.primary_key_position is not None)
    if not positions:
        raise place.error("no column is a primaryKey", next_step="say which columns tell two rows apart")
    if positions != list(range(1, len(positions) + 1)):
        raise place.error(f"primaryKeyPosition must count 1, 2, …, found {positions}")


def _properties(prop: SchemaProperty, place: Place) -> Properties:
    return Properties(prop.customProperties, place, known=("derived", "nullWords"))


def _read_type(prop: SchemaProperty, place: Place) -> DataType:
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
    raise place.error(
        f"column {prop.name} has the type {prop.logicalType}/{prop.physicalType} (logicalType/physicalType)",
        next_step=f"lakegate keeps {known}",
    )
