"""Section 4.0, sources: what a contract overrides for the files that a glob matches."""

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.oracle.contract import SHIPPED, Column, Contracts

SYSTEM_COLUMNS = ("_source_file", "_position")


@dataclass(frozen=True)
class Computed:
    """An expression, and in Python what it comes to.

    `function` takes what `inputs` name: the text of a source column (None where it is empty or missing),
    `_source_file`, or `_position`. It returns a cell or None in `columns`, a truth value or None in `where`,
    and raises ValueError where the expression fails.
    """

    sql: str
    inputs: tuple[str, ...]
    function: Callable[..., Any]


@dataclass(frozen=True)
class Source:
    """`columns` holds plain source columns and nested paths (`geoip.city_name`), `computed` expressions."""

    glob: str = "**"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    quote: str = '"'
    date_order: str = "MDY"
    decimal_mark: str = "."
    timezone: str = "UTC"
    computed: Mapping[str, Computed] = field(default_factory=dict)
    escape: str | None = None
    column_names: tuple[str, ...] = ()
    skip_lines: int = 0
    footer_lines: int = 0
    record_path: str | None = None
    where: Computed | None = None
    fill_down: tuple[str, ...] = ()
    formats: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    null_words: tuple[str, ...] | None = None
    currency_signs: tuple[str, ...] = ()
    currency: str | None = None
    minor_units: bool = False

    @property
    def listed(self) -> set[str]:
        return {*self.columns, *self.computed}

    @property
    def used(self) -> set[str]:
        """The source columns that `columns` names: they count for the header test."""
        return {*self.columns.values(), *_inputs(self.computed.values())}

    @property
    def named(self) -> set[str]:
        """The source columns that `columns`, `where` and `fillDown` name."""
        return self.used | _inputs([self.where] if self.where else []) | set(self.fill_down)


def _inputs(expressions: Iterable[Computed]) -> set[str]:
    return {name for e in expressions for name in e.inputs if name not in SYSTEM_COLUMNS}


NO_SOURCE = Source()
Sources = Mapping[str, Sequence[Source]]


def has_column(names: set[str], spec: str) -> bool:
    """Whether stripped names hold what a spec names: a column, or where a nested path begins."""
    return spec in names or ("." in spec and spec.split(".")[0] in names)


def matches(glob: str, key: str) -> bool:
    """`*` stays in a folder, `**` does not; every other character is itself."""
    pattern = ""
    for part in re.split(r"(\*\*|\*)", glob):
        pattern += {"**": ".*", "*": "[^/]*"}.get(part, re.escape(part))
    return re.fullmatch(pattern, key, re.DOTALL) is not None


def source_of(sources: Sources | None, dataset: str, key: str) -> Source:
    for source in (sources or {}).get(dataset, ()):
        if matches(source.glob, key):
            return source
    return NO_SOURCE


# --- written down as contracts -----------------------------------------------------------------------------


def write_contracts(shipped: Path, folder: Path, sources: Sources, contracts: Contracts = SHIPPED) -> Path:
    """Copies a folder of contracts, with these sources, and what `contracts` adds to the shipped ones."""
    for path in sorted(shipped.rglob("*.yaml")):
        copy = folder / path.relative_to(shipped)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for dataset, contract in contracts.items():
        path = folder / "silver" / f"{dataset}.yaml"
        document = yaml.safe_load(path.read_text())
        added = [column for column in contract.columns if column not in SHIPPED[dataset].columns]
        properties = document["schema"][0]["properties"]
        derived = len(SHIPPED[dataset].columns)  # what stands behind them is derived
        properties[derived:derived] = [_as_schema_property(column) for column in added]
        value = [as_entry(f"source-{n}", source) for n, source in enumerate(sources.get(dataset, ()))]
        extra = {"sources": value, "recency": list(contract.recency)}
        if not added and not any(extra.values()):
            continue
        changed = {k: v for k, v in extra.items() if v}
        kept = [one for one in document.get("customProperties", []) if one["property"] not in changed]
        added_properties = [{"property": k, "value": v} for k, v in changed.items()]
        document["customProperties"] = [*kept, *added_properties]
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return folder


def _as_schema_property(column: Column) -> dict[str, Any]:
    logical, physical = {
        "string": ("string", "string"),
        "int": ("integer", "int"),
        "decimal": ("number", "decimal(18,4)"),
        "double": ("number", "double"),
        "timestamp": ("timestamp", "timestamp"),
    }[column.type]
    described = {"description": f"Added: {column.name}.", "logicalType": logical, "physicalType": physical}
    options = {"minimum": "2000-01-01T00:00:00Z", "timezone": True, "defaultTimezone": "Etc/UTC"}
    timestamp = {"logicalTypeOptions": options} if column.type == "timestamp" else {}
    return {"name": column.name, **described, **timestamp}


def as_entry(name: str, source: Source) -> dict[str, Any]:
    """The entry of `sources` in a contract that says the same; what is as shipped is left out."""
    columns = {**source.columns, **{column: c.sql for column, c in source.computed.items()}}
    values = {
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "quote": source.quote if source.quote != NO_SOURCE.quote else None,
        "escape": source.escape,
        "header": source.header,
        "columnNames": list(source.column_names) or None,
        "skipLines": source.skip_lines or None,
        "footerLines": source.footer_lines or None,
        "recordPath": source.record_path,
        "where": source.where.sql if source.where else None,
        "fillDown": list(source.fill_down) or None,
        "columns": columns or None,
        "formats": {column: list(patterns) for column, patterns in source.formats.items()} or None,
        "dateOrder": source.date_order if source.date_order != NO_SOURCE.date_order else None,
        "decimalMark": source.decimal_mark if source.decimal_mark != NO_SOURCE.decimal_mark else None,
        "timezone": source.timezone if source.timezone != NO_SOURCE.timezone else None,
        "nullWords": None if source.null_words is None else list(source.null_words),
        "currencySigns": list(source.currency_signs) or None,
        "currency": source.currency,
        "minorUnits": source.minor_units or None,
    }
    return {"name": name, "glob": source.glob, **{key: v for key, v in values.items() if v is not None}}
