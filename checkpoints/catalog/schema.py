"""Contract columns as an Iceberg schema. Field ids follow names, so that they are stable across versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from contracts.model import Kind
from contracts.system_columns import EVENT_DATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyiceberg.table.update.schema import UpdateSchema
    from pyiceberg.types import PrimitiveType

    from checkpoints.lake.manifest import SchemaColumn
    from contracts.model import Contract

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")
_TYPES: Final[Mapping[str, PrimitiveType]] = {
    Kind.STRING: StringType(),
    Kind.INTEGER: IntegerType(),
    Kind.BIGINT: LongType(),
    Kind.DOUBLE: DoubleType(),
    Kind.TIMESTAMP: TimestamptzType(),  # Spark writes instants, in UTC
    Kind.DATE: DateType(),
    Kind.BOOLEAN: BooleanType(),
}
_WIDENED = {(IntegerType(), LongType())}  # by Iceberg's rules for schema evolution
_FIRST_PARTITION_ID = 1000  # by the Iceberg specification
_LONGEST_COMMENT = 255  # characters, in Glue
PERSONAL_DATA: Final = "personal data"


def iceberg_schema(columns: Sequence[SchemaColumn], contract: Contract) -> Schema:
    """Return the schema of a version's files, with comments from the contract and the ids of a new table.

    All fields are optional, as in the Parquet files; the gate has checked required columns.

    >>> from checkpoints.lake.manifest import SchemaColumn
    >>> from contracts.loader import load_contracts
    >>> users = load_contracts().silver("users")
    >>> print(iceberg_schema([SchemaColumn("email", "string"), SchemaColumn("age", "int")], users))
    table {
      1: email: optional string (E-mail address of the user. [personal data])
      2: age: optional int (Age of the user in years.)
    }
    """
    comments = column_comments(contract)
    return Schema(
        *(
            NestedField(number, column.name, iceberg_type(column.type), doc=comments.get(column.name))
            for number, column in enumerate(columns, start=1)
        )
    )


def iceberg_type(spark_type: str) -> PrimitiveType:
    """Return the Iceberg type of a column type in Spark SQL's spelling."""
    if decimal := _DECIMAL.fullmatch(spark_type):
        return DecimalType(int(decimal[1]), int(decimal[2]))
    return _TYPES[spark_type]


def column_comments(contract: Contract) -> Mapping[str, str]:
    """Return the comments of the columns that have one; those of personal data are marked."""
    comments = {}
    for column in contract.silver_columns:
        mark = f"[{PERSONAL_DATA}]" if column.is_pii else ""
        room = _LONGEST_COMMENT - len(mark) - 1
        text = " ".join(column.description.split())
        if len(text) > room:
            text = f"{text[: room - 1]}…"
        comment = f"{text} {mark}".strip()
        if comment:
            comments[column.name] = comment
    return comments


def partition_spec(schema: Schema, contract: Contract) -> PartitionSpec:
    """Return the partitioning of a contract's files: by event_date, or none."""
    if not contract.is_partitioned:
        return UNPARTITIONED_PARTITION_SPEC
    source = schema.find_field(EVENT_DATE).field_id
    return PartitionSpec(PartitionField(source, _FIRST_PARTITION_ID, IdentityTransform(), EVENT_DATE))


def evolve_schema(update: UpdateSchema, current: Schema, wanted: Schema) -> None:
    """Stage the changes from a table's schema to the wanted one: columns keep their ids by name.

    A column whose type changed in a way that Iceberg cannot read from older files is a new column.
    """
    found = {field.name: field for field in current.fields}
    for field in wanted.fields:
        before = found.pop(field.name, None)
        if before is None:
            update.add_column(field.name, field.field_type, field.doc)
        elif _is_readable_as(before.field_type, field.field_type):
            if (before.field_type, before.doc) != (field.field_type, field.doc):
                update.update_column(field.name, field.field_type, doc=field.doc or "")
        else:
            update.delete_column(field.name)
            update.add_column(field.name, field.field_type, field.doc)
    for name in found:
        update.delete_column(name)
    if [field.name for field in wanted.fields] != [field.name for field in current.fields]:
        previous = None
        for field in wanted.fields:
            if previous is None:
                update.move_first(field.name)
            else:
                update.move_after(field.name, previous)
            previous = field.name


def has_same_columns(one: Schema, other: Schema) -> bool:
    """Whether two schemas have the same names, types and comments in the same order, whatever the ids."""

    def columns(schema: Schema) -> list[tuple[str, object, str]]:
        return [(field.name, field.field_type, field.doc or "") for field in schema.fields]

    return columns(one) == columns(other)


def _is_readable_as(before: object, after: object) -> bool:
    if isinstance(before, DecimalType) and isinstance(after, DecimalType):
        return before.scale == after.scale and before.precision <= after.precision
    return before == after or (before, after) in _WIDENED
