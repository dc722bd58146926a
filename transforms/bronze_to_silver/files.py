"""Files of BRONZE, and the rows of Parquet files as Spark reads them, each with its file's key."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from contracts.system_columns import SOURCE_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.readwriter import DataFrameReader
    from pyspark.sql.types import StructType

    from contracts.corrections import RecordChanges
    from contracts.inventory import FileFacts

_NEVER_ENCODED = re.compile(r"[A-Za-z0-9/._:=@~-]*")  # unchanged in a URI


@dataclass(frozen=True, slots=True)
class BronzeFile:
    """A file of BRONZE: its facts, and how to read it.

    ``uri``: the path for Hadoop's Path (never percent-encoded), of the file or of its alias
    (``needs_alias``). ``open`` opens the bytes, seekable, in any process. ``facts.key`` is the value of
    ``_source_file``. ``changes``: what corrections make of its records, by row id.
    """

    facts: FileFacts
    uri: str
    open: Callable[[], BinaryIO]
    changes: RecordChanges = field(default_factory=dict)


def read_rows(
    spark: SparkSession, files: Sequence[BronzeFile], row: str, position: str | None = None
) -> DataFrame:
    """Return the rows of Parquet files of one schema.

    Columns: SOURCE_FILE; ``row``, a struct of the file's columns; ``position``, a further bigint column of
    each row's index in its file, from 0; None: none.
    """
    frame = _reader(spark).parquet(*_uris(files))
    values = [sf.struct(*(quoted(name) for name in frame.columns)).alias(row)]
    if position is not None:
        values.append(sf.col("_metadata.row_index").alias(position))
    return _with_key(spark, frame, files, values)


def read_schema(spark: SparkSession, files: Sequence[BronzeFile]) -> StructType:
    """Return Spark's schema of Parquet files.

    Raises:
        PySparkException: CANNOT_MERGE_SCHEMAS, where the files' schemas differ.
    """
    return _reader(spark).option("mergeSchema", "true").parquet(*_uris(files)).schema


def quoted(name: str) -> Column:
    """Return the column of exactly this name, whatever characters it contains."""
    return sf.col("`" + name.replace("`", "``") + "`")


def _reader(spark: SparkSession) -> DataFrameReader:
    # No globs: a key may contain `*`. Recursive: so that a folder `year=2024` adds no column.
    return spark.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")


def _uris(files: Sequence[BronzeFile]) -> list[str]:
    return [file.uri for file in files]


def _with_key(
    spark: SparkSession, frame: DataFrame, files: Sequence[BronzeFile], values: Sequence[Column]
) -> DataFrame:
    """Return SOURCE_FILE and further columns. Keys are taken from the paths; those of aliases are joined."""
    locations = [_location(file.uri) for file in files]
    roots = [
        location[: -len(file.facts.key)] if location.endswith("/" + file.facts.key) else None
        for file, location in zip(files, locations, strict=True)
    ]
    root = Counter(roots).most_common(1)[0][0] or ""
    path = sf.col("_metadata.file_path")
    if not all(_NEVER_ENCODED.fullmatch(location) for location in locations):
        path = sf.url_decode(sf.replace(path, sf.lit("+"), sf.lit("%2B")))
    key = sf.substring(path, len(root) + 1, 2**31 - 1)
    aliased = [
        (location, file.facts.key)
        for file, location, file_root in zip(files, locations, roots, strict=True)
        if file_root is None or file_root != root
    ]
    if not aliased:
        return frame.select(key.alias(SOURCE_FILE), *values)
    aliases = spark.createDataFrame(aliased, "location string, key string")
    read = frame.select(path.alias("path"), key.alias("cut"), *values)
    joined = read.join(sf.broadcast(aliases), sf.col("path") == sf.col("location"), "left")
    return joined.select(sf.coalesce("key", "cut").alias(SOURCE_FILE), *map(quoted, read.columns[2:]))


def _location(uri: str) -> str:
    """Return a path as Hadoop writes it: ``file:/…`` for a local one."""
    if uri.startswith("file://"):
        return "file:" + uri.removeprefix("file://")
    return "file:" + uri if uri.startswith("/") else uri
