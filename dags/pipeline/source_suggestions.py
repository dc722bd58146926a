"""Suggestion of a ``sources`` entry for a local file, and a trial of it: how many records would pass."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, reduce
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import contracts as shipped
from checkpoints.gate.routing import routing_conditions
from contracts.errors import ConfigurationError
from contracts.inventory import FileFormat
from contracts.model import Zone
from contracts.parser import parse_contract
from dags.spark.errors import translate_errors
from quarantine_policies.decision import routed_rules
from transforms.bronze_to_silver.clean import cleaned_rows, values_schema
from transforms.bronze_to_silver.files import BronzeFile, quoted
from transforms.bronze_to_silver.readers import plan_readings
from transforms.bronze_to_silver.record_columns import EXCLUDED
from transforms.raw_to_bronze.file_names import needs_alias
from transforms.raw_to_bronze.inspect_file import inspect_file
from transforms.suggest_source.entry import entry_yaml
from transforms.suggest_source.suggest import LocalFile, suggest_entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pyspark.sql import SparkSession

    from contracts.inventory import FileFacts
    from contracts.model import Contract, Source
    from quarantine_policies.model import Policy
    from transforms.suggest_source.entry import Finding
    from transforms.suggest_source.suggest import Entry

_RAW = "raw"
# Columns beside those named after rules: a blank keeps them apart.
_ROWS, _ANY_BROKEN = "lakegate rows", "lakegate any"


@dataclass(frozen=True, slots=True)
class SuggestedSource:
    """The suggestion for one file.

    ``dataset``: None if undetermined. ``contract``: the dataset's, including the entry. ``facts``: of the
    file under that contract. ``problem``: why no entry accepts the file, in one clause; else empty.
    """

    path: Path
    key: str
    dataset: str | None
    findings: tuple[Finding, ...] = ()
    source: Source | None = None
    contract: Contract | None = None
    facts: FileFacts | None = None
    problem: str = ""

    @property
    def file(self) -> LocalFile:
        """The file, by its key."""
        return _local_file(self.path, self.key)


@dataclass(frozen=True, slots=True)
class TrialCounts:
    """Results of the row rules on a file's records. ``rows_by_rule``: a row can break several rules.

    ``rows_read`` does not include ``rows_excluded``, which the source's ``where`` filters out.
    """

    rows_read: int
    rows_passing: int
    rows_excluded: int
    rows_by_rule: Mapping[str, int]


def contract_texts(datasets: Sequence[Contract], folder: Path | None) -> dict[str, str]:
    """Return the YAML text of each dataset's contract."""
    root = Path(shipped.__file__).parent if folder is None else folder
    return {contract.name: (root / contract.path).read_text(encoding="utf-8") for contract in datasets}


def suggest_for(
    path: Path, datasets: Sequence[Contract], texts: dict[str, str], dataset: str | None
) -> SuggestedSource:
    """Return the entry for a file, checked by inspecting the file under it.

    Args:
        path: of the file.
        datasets: the contracts to choose from.
        texts: their YAML texts, by dataset.
        dataset: the file's dataset; None: the one named by a folder of the path, else the best match.

    Raises:
        ConfigurationError: unknown file or dataset.
    """
    if not path.is_file():
        raise ConfigurationError("file not found", where=str(path), next_step="name a local file")
    name = dataset or _dataset_of(path, [contract.name for contract in datasets])
    candidates = [contract for contract in datasets if name in (None, contract.name)]
    if not candidates:
        raise ConfigurationError(
            "unknown dataset",
            where="--dataset",
            expected=" or ".join(contract.name for contract in datasets),
            found=repr(name),
        )
    entries = [
        suggest_entry(_local_file(path, _key_of(path, contract.name)), contract) for contract in candidates
    ]
    best = max(entries, key=lambda entry: (not entry.problem, entry.fit))
    suggested = _inspected(path, best, texts[best.contract.name])
    return suggested if best.source is not None or name is not None else replace(suggested, dataset=None)


def count_records(
    spark: SparkSession,
    contract: Contract,
    policy: Policy,
    parameters: Mapping[str, object],
    file: LocalFile,
    path: Path,
    facts: FileFacts,
) -> TrialCounts:
    """Count a file's records by the row rules they break. Nothing is written.

    Args:
        spark: the session to use.
        contract: of the dataset, including the source that accepts the file.
        policy: of the dataset.
        parameters: values for ``{"$PARAMETER": name}`` in rules.
        file: opens the file.
        path: of the file.
        facts: of the file under the contract.

    Raises:
        ContractError: an expression of the source is invalid.
        LakegateError: Spark cannot read the file.
    """
    from pyspark.sql import DataFrame
    from pyspark.sql import functions as sf

    rules = routed_rules(contract, policy)
    with translate_errors("source suggest"), _spark_path(path, facts) as uri:
        excluded, values = 0, []
        for reading in plan_readings(spark, contract, [BronzeFile(facts, uri, file.open)]):
            frame = reading.frame
            if EXCLUDED in frame.columns:
                excluded += frame.where(sf.col(EXCLUDED)).count()
                frame = frame.where(~sf.col(EXCLUDED))
            values.append(frame.mapInArrow(reading.step, values_schema(contract)))
        rows = cleaned_rows(reduce(DataFrame.unionByName, values), contract)
        conditions = routing_conditions(spark, contract, rules, rows.schema, parameters)
        is_broken = reduce(lambda one, other: one | other, conditions.values(), sf.lit(False))
        flags = rows.select(
            is_broken.alias(_ANY_BROKEN), *(broken.alias(name) for name, broken in conditions.items())
        )
        totals = flags.agg(
            sf.count(sf.lit(1)).alias(_ROWS),
            *(sf.count_if(quoted(name)).alias(name) for name in flags.columns),
        ).first()
    assert totals is not None  # an aggregate has one row
    counts = totals.asDict()
    total, broken = int(counts.pop(_ROWS)), int(counts.pop(_ANY_BROKEN))
    return TrialCounts(
        total, total - broken, excluded, {name: int(count) for name, count in counts.items() if count}
    )


def _open(path: Path) -> BinaryIO:  # not a lambda, so that it can be sent to a Spark worker
    return path.open("rb")


def _local_file(path: Path, key: str) -> LocalFile:
    return LocalFile(key, path.stat().st_size, partial(_open, path))


def _dataset_of(path: Path, datasets: Sequence[str]) -> str | None:
    """Return the dataset named by a folder of a path: the one below ``raw``, else the innermost."""
    folders = path.absolute().parts[:-1]
    for parent, folder in pairwise(folders):
        if parent == _RAW and folder in datasets:
            return folder
    return next((folder for folder in reversed(folders) if folder in datasets), None)


def _key_of(path: Path, dataset: str) -> str:
    """Return the path below ``raw/<dataset>/``; the file name if there are no such folders."""
    parts = path.absolute().parts
    for start in range(len(parts) - 2):
        if parts[start : start + 2] == (_RAW, dataset):
            return "/".join(parts[start + 2 :])
    return path.name


def _inspected(path: Path, entry: Entry, text: str) -> SuggestedSource:
    """Return the suggestion with the facts of the file under the entry, or the problem if it is rejected."""
    suggested = SuggestedSource(
        path,
        _key_of(path, entry.contract.name),
        entry.contract.name,
        entry.findings,
        entry.source,
        problem=entry.problem,
    )
    if entry.source is None or entry.problem:
        return suggested
    contract = _with_source(text, entry.contract, entry.source)
    file = suggested.file
    facts = inspect_file(file.key, file.size_bytes, file.open, contract)
    if facts.reason is not None:
        return replace(suggested, problem=facts.detail)
    return replace(suggested, contract=contract, facts=facts)


def _with_source(text: str, contract: Contract, source: Source) -> Contract:
    """Return the contract with a source added to its YAML: first, or in place of the one of the same name."""
    import yaml

    document = yaml.safe_load(text)
    (entry,) = yaml.safe_load(entry_yaml(source))
    properties = document.setdefault("customProperties", [])
    sources = next((item for item in properties if item["property"] == "sources"), None)
    if sources is None:
        sources = {"property": "sources", "value": []}
        properties.append(sources)
    others = sources["value"] or []
    if any(other["name"] == source.name for other in others):
        sources["value"] = [entry if other["name"] == source.name else other for other in others]
    else:
        sources["value"] = [entry, *others]
    return parse_contract(
        yaml.safe_dump(document, sort_keys=False, allow_unicode=True), Zone.SILVER, contract.path
    )


@contextmanager
def _spark_path(path: Path, facts: FileFacts) -> Iterator[str]:
    """Yield a path that Spark can read: the file's own, or that of a copy if Spark would skip its name."""
    absolute = path.absolute().as_posix()
    if facts.format is not FileFormat.PARQUET or not needs_alias(absolute.removeprefix("/")):
        yield absolute
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "file.parquet"
        shutil.copyfile(path, copy)
        yield copy.as_posix()
