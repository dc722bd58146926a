"""How the pages of Data Docs reach their place, and which paths they have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from datetime import datetime

    import jinja2

Write = Callable[[str, bytes], None]  # path below docs/, content
Exchange = Callable[[str, Callable[[bytes | None], bytes]], bytes]
"""Replaces a file by what a function makes of it, though others do the same; returns what was written."""
Read = Callable[[str], bytes | None]  # None: there is no such file

INDEX = "index.html"
RUNS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a page says about the run that it belongs to."""

    run_id: str
    as_of: datetime  # UTC


def result_path(run_id: str, transition: str, dataset: str) -> str:
    """Return where the page of one result lies, below docs/."""
    return f"runs/{run_id}/{transition}/{dataset}.html"


def contract_path(zone: str, name: str) -> str:
    """Return where the page of one contract lies, below docs/."""
    return f"contracts/{zone}/{name}.html"


def link(path: str, page: str) -> str:
    """Return the relative URL of ``path`` as seen from ``page``; names are URI-encoded.

    >>> link("contracts/silver/a b.html", "runs/r/t/x.html")
    '../../../contracts/silver/a%20b.html'
    """
    return "../" * page.count("/") + quote(path)


def render(template: str, page: str, **values: object) -> bytes:
    """Return a page as UTF-8; every value is HTML-escaped by the template engine."""
    text = (
        _environment().get_template(template).render(page=page, link=lambda path: link(path, page), **values)
    )
    return text.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("checkpoints.docs"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda value: f"{value:,}" if isinstance(value, int) else str(value)
    environment.filters["ratio"] = _ratio
    environment.filters["moment"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    return environment


def _ratio(part: int, whole: int) -> str:
    if not part or not whole:
        return "—"
    percent = 100 * part / whole
    return f"{percent:.2f} %" if percent >= 0.01 else "< 0.01 %"
