"""Section 4.0, sources: what a contract overrides for the files that a glob matches."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Computed:
    """An expression, and in Python what it comes to: a cell or None; a ValueError where it fails.

    `function` takes the texts of `inputs` (source columns or `_source_file`), None where a file lacks one.
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

    @property
    def listed(self) -> set[str]:
        return {*self.columns, *self.computed}

    @property
    def used(self) -> set[str]:
        """The source columns that `columns` and `computed` name."""
        return {*self.columns.values(), *(name for c in self.computed.values() for name in c.inputs)}


NO_SOURCE = Source()
Sources = Mapping[str, Sequence[Source]]


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


def write_contracts(shipped: Path, folder: Path, sources: Sources) -> Path:
    """Copies a folder of contracts and lists these sources in its datasets."""
    for path in sorted(shipped.rglob("*.yaml")):
        copy = folder / path.relative_to(shipped)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    for dataset, listed in sources.items():
        path = folder / "silver" / f"{dataset}.yaml"
        document = yaml.safe_load(path.read_text())
        value = [_as_property(f"source-{number}", source) for number, source in enumerate(listed)]
        document["customProperties"].append({"property": "sources", "value": value})
        path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    return folder


def _as_property(name: str, source: Source) -> dict[str, Any]:
    columns = {**source.columns, **{column: c.sql for column, c in source.computed.items()}}
    said = {
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "header": source.header,
        "quote": source.quote,
        "columns": columns or None,
        "dateOrder": source.date_order,
        "decimalMark": source.decimal_mark,
        "timezone": source.timezone,
    }
    return {"name": name, "glob": source.glob, **{key: v for key, v in said.items() if v is not None}}
