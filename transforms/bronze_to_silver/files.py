"""Bronze files, and the rows of those that Spark itself reads: Parquet, with each row's exact key."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as sf

from transforms.bronze_to_silver.records import KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.readwriter import DataFrameReader
    from pyspark.sql.types import StructType

    from contracts.inventory import FileFacts

_NEVER_ENCODED = re.compile(r"[A-Za-z0-9/._:=@~-]*")  # what stands in a URI as it is


@dataclass(frozen=True, slots=True)
class BronzeFile:
    """A file of BRONZE: its facts, and how to read it.

    ``uri`` is the path as Hadoop's Path takes it (never percent-encoded): the file itself, or a copy under a
    plain name where ``needs_alias`` asks for one. ``open`` opens the bytes, seekable, in any process that it
    is sent to. ``facts.key`` is what ``_source_file`` holds.
    """

    facts: FileFacts
    uri: str
    open: Callable[[], BinaryIO]


def read_parquet(spark: SparkSession, files: Sequence[BronzeFile], row: str) -> DataFrame:
    """Return the rows of Parquet files of one schema: KEY, and their columns within the struct ``row``."""
    frame = _reader(spark).parquet(*_uris(files))
    return _with_key(spark, frame, files, sf.struct(*(quoted(name) for name in frame.columns)).alias(row))


def read_schema(spark: SparkSession, files: Sequence[BronzeFile]) -> StructType:
    """Return the schema that all these Parquet files have for Spark.

    Raises:
        PySparkException: CANNOT_MERGE_SCHEMAS, where they have more than one.
    """
    return _reader(spark).option("mergeSchema", "true").parquet(*_uris(files)).schema


def quoted(name: str) -> Column:
    """Return the column of exactly this name, whatever characters it has."""
    return sf.col("`" + name.replace("`", "``") + "`")


def _reader(spark: SparkSession) -> DataFrameReader:
    # No globs: a key may hold `*`; recursive: a folder named `year=2024` is no column.
    return spark.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")


def _uris(files: Sequence[BronzeFile]) -> list[str]:
    return [file.uri for file in files]


def _with_key(spark: SparkSession, frame: DataFrame, files: Sequence[BronzeFile], value: Column) -> DataFrame:
    """Return KEY and one more column. Keys are cut from the paths, but for aliases, which are looked up."""
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
    named = [
        (location, file.facts.key)
        for file, location, of in zip(files, locations, roots, strict=True)
        if of is None or of != root
    ]
    if not named:
        return frame.select(key.alias(KEY), value)
    aliases = spark.createDataFrame(named, "location string, key string")
    read = frame.select(path.alias("path"), key.alias("cut"), value)
    joined = read.join(sf.broadcast(aliases), sf.col("path") == sf.col("location"), "left")
    return joined.select(sf.coalesce("key", "cut").alias(KEY), read.columns[-1])


def _location(uri: str) -> str:
    """Return a path as Hadoop writes it: a local one with one slash after its scheme."""
    if uri.startswith("file://"):
        return "file:" + uri.removeprefix("file://")
    return "file:" + uri if uri.startswith("/") else uri
