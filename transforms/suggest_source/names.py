"""Evidence from the names of a file: their contract columns, and how well they fit the dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.column_names import match, strip_name
from transforms.suggest_source.entry import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from contracts.model import Contract, Source
    from transforms.suggest_source.samples import SampledColumn

FIT_BY_NAME = 2.0
_FIT_OPTIONAL, _FIT_REPEATED_KEY = 0.5, -3.0
_MIN_KEY_SHARE, _MIN_KEY_RECORDS = 0.5, 20  # distinct keys, and records from which they are counted
_LISTED_NAMES = 12  # in a finding


def columns_by_name(names: Iterable[str], contract: Contract, source: Source) -> dict[str, str | None]:
    """Return the contract column of each name, by the source or the contract; None for unknown names."""
    mapped = {strip_name(spec): column for column, spec in source.columns.items()}
    return {name: mapped.get(name) or match(name, contract) for name in names}


def name_findings(contract: Contract, source: Source, names: Sequence[str]) -> list[Finding]:
    """Return which names map to contract columns without the source, and which map to none."""
    taken = set(source.columns.values())
    columns = {name: match(name, contract) for name in names if name not in taken}
    known = [
        name if name == column else f"{name} is {column}"
        for name, column in columns.items()
        if column and column not in source.columns
    ]
    unknown = [repr(name) for name, column in columns.items() if not column]
    findings = [Finding("names", _join(known))] if known else []
    return findings + ([Finding("names", f"no column is called {_join(unknown)}")] if unknown else [])


def _join(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED_NAMES} more" if len(names) > _LISTED_NAMES else ""
    return ", ".join(name[:80] for name in names[:_LISTED_NAMES]) + more


def fit_by_names(
    contract: Contract,
    source: Source,
    names: Sequence[str],
    sampled: Sequence[SampledColumn],
    records: int,
) -> float:
    """Return how much the names count for the contract's dataset; a key that repeats counts against it.

    ``sampled``: the columns of so many sample records.
    """
    columns = columns_by_name(names, contract, source)
    provided = {column for column in columns.values() if column}
    required = {column.name for column in contract.columns if column.required}
    fit = FIT_BY_NAME * len(provided & required) + _FIT_OPTIONAL * len(provided - required)
    if records >= _MIN_KEY_RECORDS:
        keys = [column for column in sampled if columns.get(column.name) in contract.key]
        fit += sum(_FIT_REPEATED_KEY for key in keys if len(set(key.values)) < _MIN_KEY_SHARE * records)
    return fit
