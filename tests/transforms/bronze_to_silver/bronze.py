"""Tiny BRONZE files for the readers' tests, and their cleaned rows as dicts without the empty columns."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame

from contracts.column_names import strip_name
from contracts.inventory import FileFacts, FileFormat
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema
from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.readers import plan_readings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from contracts.model import Contract


@dataclass(frozen=True)
class Bronze:
    """A folder that files are written to, one a call."""

    folder: Path

    def add(self, key: str, content: str | bytes, form: FileFormat, **facts: Any) -> BronzeFile:
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        encoding = facts.get("encoding", "utf-8")
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return bronze_file(FileFacts(key, path.stat().st_size, "", form, **facts), path)

    def delimited(
        self, key: str, content: str | bytes, delimiter: str = ",", *, header: bool = True, **facts: Any
    ) -> BronzeFile:
        encoding = facts.get("encoding", "utf-8")
        text = content.decode(encoding) if isinstance(content, bytes) else content
        names = tuple(map(strip_name, text.split("\n")[0].split(delimiter))) if header else ()
        facts = {"delimiter": delimiter, "header": header, "names": names, **facts}
        return self.add(key, content, FileFormat.DELIMITED, **facts)

    def json_lines(self, key: str, content: str | bytes, *names: str, **facts: Any) -> BronzeFile:
        return self.add(key, content, FileFormat.JSON_LINES, names=names, **facts)


def bronze_file(facts: FileFacts, path: Path) -> BronzeFile:
    return BronzeFile(facts, f"file://{path}", partial(open, path, "rb"))


def read_and_cleaned(spark: SparkSession, contract: Contract, files: Sequence[BronzeFile]) -> DataFrame:
    """The cleaned rows of files, not staged in between."""
    schema = values_schema(contract)
    frames = [one.frame.mapInArrow(one.step, schema) for one in plan_readings(spark, contract, files)]
    values = reduce(DataFrame.unionByName, frames, spark.createDataFrame([], schema))
    return cleaned_rows(values, contract)


def cleaned(spark: SparkSession, contract: Contract, *files: BronzeFile) -> list[dict[str, Any]]:
    """The cleaned rows by file and raw record; null columns and flags that are false left out."""
    rows = [row.asDict() for row in read_and_cleaned(spark, contract, files).collect()]
    rows.sort(key=lambda row: (row["_source_file"], row["_raw"]))
    return [
        {name: value for name, value in row.items() if value is not None and value is not False}
        for row in rows
    ]


def only(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """A few columns of each row."""
    return [tuple(row.get(name) for name in names) for row in rows]
