"""Bronze files as Spark reads them: lines, whole texts or Parquet rows, each with its file's exact key."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.errors import PySparkException
from pyspark.sql import functions as sf

from transforms.bronze_to_silver.records import KEY, TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.readwriter import DataFrameReader
    from pyspark.sql.types import StructType

    from contracts.inventory import FileFacts

_NEVER_ENCODED = re.compile(r"[A-Za-z0-9/._:=@~-]*")  # what stands in a URI as it is
_UTF_8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_JAVA_CHARSETS = {  # codecs that Java knows by another name
    "mac-roman": "x-MacRoman",
    "utf-16-be": "UTF-16BE",
    "utf-16-le": "UTF-16LE",
    "utf-32-be": "UTF-32BE",
    "utf-32-le": "UTF-32LE",
}
_SHIFTING = ("hz", "iso2022", "utf-7")  # what a byte means depends on the bytes before it


@dataclass(frozen=True, slots=True)
class BronzeFile:
    """A file of BRONZE: its facts, and where to read it.

    ``uri`` is the path as Hadoop's Path takes it (never percent-encoded): the file itself, or a copy under a
    plain name where ``needs_alias`` asks for one. ``facts.key`` is what ``_source_file`` holds.
    """

    facts: FileFacts
    uri: str


def read_lines(spark: SparkSession, files: Sequence[BronzeFile], encoding: str) -> DataFrame:
    """Return the lines of text files of one encoding: KEY, TEXT without its line end (LF or CRLF).

    A big file is shared between tasks, unless its encoding can only be read as a whole. A lone CR is content.
    """
    if is_line_by_line(encoding):
        frame = _reader(spark).text(_uris(files), lineSep="\n")
        lines = _with_key(spark, frame, files, _decoded(sf.col("value"), encoding))
    else:
        whole = read_texts(spark, files, encoding)
        lines = whole.select(KEY, sf.explode(sf.split(TEXT, "\n")).alias(TEXT))
    line = sf.col(TEXT)
    is_ended_by_crlf = line.endswith("\r")
    return lines.select(
        KEY, sf.when(is_ended_by_crlf, sf.regexp_replace(line, r"\r\z", "")).otherwise(line).alias(TEXT)
    )


def read_texts(spark: SparkSession, files: Sequence[BronzeFile], encoding: str) -> DataFrame:
    """Return whole text files of one encoding, one row a file: KEY, TEXT without a byte-order mark."""
    frame = _reader(spark).text(_uris(files), wholetext=True)
    texts = _with_key(spark, frame, files, _decoded(sf.col("value"), encoding))
    text = sf.col(TEXT)
    has_mark = text.startswith("\ufeff")
    return texts.select(KEY, sf.when(has_mark, sf.substring(text, 2, 2**31 - 1)).otherwise(text).alias(TEXT))


def read_parquet(spark: SparkSession, files: Sequence[BronzeFile], row: str) -> DataFrame:
    """Return the rows of Parquet files of one schema: KEY, and their columns within the struct ``row``."""
    frame = _reader(spark).parquet(*_uris(files))
    return _with_key(spark, frame, files, sf.struct(*(quoted(name) for name in frame.columns)), row)


def read_schema(spark: SparkSession, files: Sequence[BronzeFile]) -> StructType:
    """Return the schema that all these Parquet files have for Spark.

    Raises:
        PySparkException: CANNOT_MERGE_SCHEMAS, where they have more than one.
    """
    return _reader(spark).option("mergeSchema", "true").parquet(*_uris(files)).schema


def quoted(name: str) -> Column:
    """Return the column of exactly this name, whatever characters it has."""
    return sf.col("`" + name.replace("`", "``") + "`")


def is_line_by_line(encoding: str) -> bool:
    """Whether byte 0x0A ends a line, and is nothing else, so that lines can be told before decoding.

    >>> [is_line_by_line(encoding) for encoding in ("utf-8", "cp1252", "shift_jis", "utf-16", "cp500")]
    [True, True, True, False, False]
    """
    codec = codecs.lookup(encoding).name
    return codec in _UTF_8 or (not codec.startswith(_SHIFTING) and "\n".encode(codec) == b"\n")


def java_charset(encoding: str) -> str:
    """Return Java's name for a Python codec."""
    codec = codecs.lookup(encoding).name
    return _JAVA_CHARSETS.get(codec, codec)


def java_knows(spark: SparkSession, encoding: str) -> bool:
    """Whether the Java that Spark runs on can read a Python codec; a small runtime lacks some."""
    if codecs.lookup(encoding).name in _UTF_8:
        return True
    try:
        spark.range(1).select(sf.decode(sf.lit(b"A"), java_charset(encoding))).collect()
    except PySparkException:
        return False
    return True


def _decoded(value: Column, encoding: str) -> Column:
    if codecs.lookup(encoding).name in _UTF_8:
        return value
    return sf.decode(value.cast("binary"), java_charset(encoding))


def _reader(spark: SparkSession) -> DataFrameReader:
    # No globs: a key may hold `*`; recursive: a folder named `year=2024` is no column.
    return spark.read.option("__globPaths__", "false").option("recursiveFileLookup", "true")


def _uris(files: Sequence[BronzeFile]) -> list[str]:
    return [file.uri for file in files]


def _with_key(
    spark: SparkSession, frame: DataFrame, files: Sequence[BronzeFile], value: Column, name: str = TEXT
) -> DataFrame:
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
        return frame.select(key.alias(KEY), value.alias(name))
    aliases = spark.createDataFrame(named, "location string, key string")
    read = frame.select(path.alias("path"), key.alias("cut"), value.alias(name))
    joined = read.join(sf.broadcast(aliases), sf.col("path") == sf.col("location"), "left")
    return joined.select(sf.coalesce("key", "cut").alias(KEY), name)


def _location(uri: str) -> str:
    """Return a path as Hadoop writes it: a local one with one slash after its scheme."""
    if uri.startswith("file://"):
        return "file:" + uri.removeprefix("file://")
    return "file:" + uri if uri.startswith("/") else uri
