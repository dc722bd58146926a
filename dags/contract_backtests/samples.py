"""Values of sampled rows that a rule judges, read again from the rows' texts."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING, BinaryIO

from checkpoints.gate.measure_rows import offending_text
from contracts.inventory import FileFormat
from contracts.system_columns import SOURCE_FILE
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema
from transforms.bronze_to_silver.files import BronzeFile
from transforms.bronze_to_silver.readers import plan_readings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import SparkSession

    from checkpoints.gate.masking import Masking
    from contracts.inventory import FileFacts
    from contracts.model import Contract
    from dags.contract_backtests.row_changes import Sample

_VALUE = "lakegate value"


def sample_values(
    spark: SparkSession,
    contract: Contract,
    facts: Mapping[str, FileFacts],
    samples: Sequence[tuple[str, Sample]],
    masking: Masking,
) -> dict[tuple[str, Sample], str]:
    """Return the value that a rule judges in each sampled row, as text, masked where necessary.

    The text of a row is read as a file of one record. A sample is left out if it has no such value: its
    record is malformed, its rule has no column, or its file is Parquet.

    Args:
        spark: reads the records.
        contract: of the rules.
        facts: of the files by key.
        samples: each with its rule.
        masking: of the contract.

    Raises:
        ContractError: a source's expression cannot be computed.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as sf

    rules = {rule.name: rule for rule in contract.rules if rule.is_row_rule}
    by_rule: dict[str, list[BronzeFile]] = defaultdict(list)
    for number, (rule, sample) in enumerate(samples):
        if rule in rules and facts[sample.file].format is not FileFormat.PARQUET:
            by_rule[rule].append(_file_of(number, sample, facts[sample.file]))
    values = []
    for name, files in by_rule.items():
        for reading in plan_readings(spark, contract, files):
            read = reading.frame.mapInArrow(reading.step, values_schema(contract))
            rows = cleaned_rows(read, contract)
            text = offending_text(rules[name], rows.columns)
            if text is not None:
                values.append(rows.select(SOURCE_FILE, text.alias(_VALUE)))
    if not values:
        return {}
    found = reduce(DataFrame.unionByName, values).where(sf.col(_VALUE).isNotNull()).collect()
    shown = {}
    for row in found:
        rule, sample = samples[int(row[SOURCE_FILE])]
        shown[rule, sample] = masking.samples(rules[rule], [row[_VALUE]])[0]
    return shown


def _file_of(number: int, sample: Sample, facts: FileFacts) -> BronzeFile:
    """Return a file of one record: text without header and edges, or a JSON object."""
    is_delimited = facts.format is FileFormat.DELIMITED
    alone = replace(
        facts,
        key=str(number),
        format=facts.format if is_delimited else FileFormat.CONCATENATED_JSON,
        compression="none",
        encoding="utf-8",
        header=False,
        skip_lines=0,
        footer_lines=0,
        record_path=(),
    )
    return BronzeFile(alone, "", partial(_open, sample.raw.encode()))


def _open(content: bytes) -> BinaryIO:  # not a lambda, so that it can be sent to a Spark worker
    return io.BytesIO(content)
