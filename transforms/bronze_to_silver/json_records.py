"""JSON files to records: one object each, its members still by the source's names."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.inventory import FileFormat
from transforms.bronze_to_silver.files import read_lines, read_texts
from transforms.bronze_to_silver.json_text import elements, with_members
from transforms.bronze_to_silver.records import FLAW, KEY, PLAIN, RAW, TEXT, is_blank_text, is_printable_ascii

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from transforms.bronze_to_silver.files import BronzeFile

MEMBERS = "lakegate members"


def json_records(spark: SparkSession, files: Sequence[BronzeFile]) -> DataFrame:
    """Return the records of JSON files of any form: KEY, RAW, FLAW, PLAIN and MEMBERS.

    Grain: a non-blank line of JSON lines, an element of an array, the one object of a file. RAW is its text
    as written. MEMBERS is what ``with_members`` returns, null where FLAW says so.
    """
    kinds = sorted({(file.facts.format, file.facts.encoding) for file in files}, key=str)
    documents = [
        _documents(spark, [f for f in files if (f.facts.format, f.facts.encoding) == kind], *kind)
        for kind in kinds
    ]
    texts = reduce(DataFrame.unionByName, documents).where(~is_blank_text(sf.col(TEXT)))
    text = sf.col(TEXT)
    plain = texts.select(KEY, text.alias(RAW), (is_printable_ascii(text) & ~text.contains("\\")).alias(PLAIN))
    parsed = with_members(plain, RAW, MEMBERS)
    flaw = sf.when(sf.col(MEMBERS).isNull(), sf.lit("not one JSON object"))
    return parsed.select(KEY, RAW, flaw.alias(FLAW), PLAIN, MEMBERS)


def _documents(
    spark: SparkSession, files: Sequence[BronzeFile], form: FileFormat | None, encoding: str
) -> DataFrame:
    if form is FileFormat.JSON_LINES:
        return read_lines(spark, files, encoding)
    texts = read_texts(spark, files, encoding)
    if form is FileFormat.JSON_ARRAY:
        return texts.select(KEY, sf.explode(elements(sf.col(TEXT))).alias(TEXT))
    return texts.select(KEY, sf.btrim(TEXT, sf.lit(" \t\r\n")).alias(TEXT))
