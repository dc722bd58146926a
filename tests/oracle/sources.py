"""Section 4.0, sources: what a contract overrides for the files that a glob matches."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """`columns` holds plain source columns and nested paths (`geoip.city_name`); no SQL expressions."""

    glob: str = "**"
    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    quote: str = '"'
    date_order: str = "MDY"
    decimal_mark: str = "."
    timezone: str = "UTC"


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
