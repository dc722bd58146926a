"""Data Docs site: the paths of its pages, their rendering and their writing."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from checkpoints.docs.charts import bars, rectangles
from checkpoints.storage.thread_pool import THREADS, map_in_threads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import jinja2

    from checkpoints.storage.place import Place

INDEX = "index.html"
RUNS_SHOWN = 50
MOST_BYTES = 200_000  # of a page
_ROWS_SHOWN = (1_000, 300, 120, 60, 30, 10)  # of each list: as many as fit
_PUBLISHED = "published.json"  # checksum by page, so that one read finds the changed ones


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that a page belongs to."""

    run_id: str
    as_of: datetime  # UTC


def run_path(run_id: str) -> str:
    """Return the path of a run's page, below docs/."""
    return f"runs/{run_id}/index.html"


def result_path(run_id: str, transition: str, dataset: str) -> str:
    """Return the path of a result's page, below docs/."""
    return f"runs/{run_id}/{transition}/{dataset}.html"


def contract_path(zone: str, name: str) -> str:
    """Return the path of a contract's page, below docs/."""
    return f"contracts/{zone}/{name}.html"


def table_path(zone: str, name: str) -> str:
    """Return the path of the page of a dataset or table, below docs/."""
    return f"tables/{zone}/{name}.html"


def rule_path(transition: str, dataset: str, rule: str) -> str:
    """Return the path of a rule's page, below docs/."""
    return f"rules/{transition}/{dataset}/{rule}.html"


def link(path: str, page: str) -> str:
    """Return the relative URL of ``path`` as seen from ``page``; names are URI-encoded.

    >>> link("contracts/silver/a b.html", "runs/r/t/x.html")
    '../../../contracts/silver/a%20b.html'
    """
    return "../" * page.count("/") + quote(path)


def render(template: str, page: str, **values: object) -> bytes:
    """Return a page as UTF-8, of at most ``MOST_BYTES`` unless a single row is larger.

    Every value is HTML-escaped by the template engine. A template shows the first ``rows_shown`` of each
    list, and how many more there are.
    """
    drawn = _environment().get_template(template)
    content = b""
    for rows_shown in _ROWS_SHOWN:
        text = drawn.render(page=page, link=lambda path: link(path, page), rows_shown=rows_shown, **values)
        content = text.encode("utf-8", "replace")
        if len(content) <= MOST_BYTES:
            break
    return content


def publish_changed(docs: Place, pages: Mapping[str, bytes]) -> tuple[str, ...]:
    """Write the pages that differ from what was last published, by path, and return their paths."""
    place = docs.child(_PUBLISHED)
    found = place.storage.read_versioned(place.path)
    published = _read_checksums(found[0] if found else None)
    checksums = {path: hashlib.sha256(content).hexdigest()[:32] for path, content in pages.items()}
    changed = [path for path, checksum in checksums.items() if published.get(path) != checksum]
    map_in_threads(lambda path: docs.child(path).write_bytes(pages[path]), changed, THREADS)
    if changed:

        def add(content: bytes | None) -> bytes:
            return json.dumps({**_read_checksums(content), **checksums}, indent=0, sort_keys=True).encode()

        place.update(add)  # other processes publish pages of other datasets
    return tuple(changed)


def _read_checksums(content: bytes | None) -> dict[str, str]:
    """Return the checksums by page; without the document, or with a damaged one, every page is written."""
    try:
        values = json.loads(content or b"{}")
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def content_security_policy() -> str:
    """Return the policy of all pages: nothing is loaded, only the styles and script of the site apply."""
    style, script = (_digest(template_text(name)) for name in ("style.css", "tables.js"))
    return (
        f"default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"
    )


def template_text(name: str) -> str:
    """Return the text of a file beside the templates."""
    environment = _environment()
    assert environment.loader is not None  # it is given in _environment
    return environment.loader.get_source(environment, name)[0]


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


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
    environment.filters["count"] = lambda value: (
        f"{value:,}" if isinstance(value, (int, Decimal)) else str(value)
    )
    environment.filters["ratio"] = _ratio
    environment.filters["share"] = _share
    environment.filters["points"] = _points
    environment.filters["moment"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M:%S UTC")
    environment.filters["minute"] = lambda moment: moment.strftime("%Y-%m-%d %H:%M")
    environment.filters["words"] = lambda text: str(text).replace("_", " ")
    environment.filters["shortened"] = _shortened
    environment.filters["last_counted"] = lambda count, noun: (
        f"last {noun}" if count == 1 else f"last {count:,} {noun}s"
    )
    environment.filters["counted"] = lambda count, noun: f"{count:,} {noun}{'' if count == 1 else 's'}"
    environment.filters["bars"] = bars
    environment.filters["rectangles"] = rectangles
    environment.globals["policy"] = content_security_policy
    environment.globals["template_text"] = template_text
    environment.globals["index"] = INDEX
    return environment


def _ratio(part: int, whole: int) -> str:
    return _share(part / whole) if part and whole else "—"


def _share(share: float | None) -> str:
    if share is None:
        return "—"
    percent = 100 * share
    return f"{percent:.2f} %" if percent >= 0.01 or not percent else "< 0.01 %"


def _points(change: float | None) -> str:
    """Return the change of a share in percentage points, a dash for none that two digits show."""
    points = round(100 * (change or 0), 2)
    return f"{points:+.2f} pts" if points else "—"


def _shortened(text: str, most: int = 60) -> str:
    """Return a text with its middle left out, if it is longer than ``most`` characters."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[-(most // 2) :]}"
