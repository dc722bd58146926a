"""Data Docs site: the paths of its pages, their rendering, and the contract pages."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import jinja2

    from checkpoints.storage.place import Place
    from contracts.model import Contract

INDEX = "index.html"
RUNS_SHOWN = 50
_PUBLISHED = "contracts/published.json"  # checksum by page, so that one read finds the changed ones


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The run that a page belongs to."""

    run_id: str
    as_of: datetime  # UTC


def result_path(run_id: str, transition: str, dataset: str) -> str:
    """Return the path of a result's page, below docs/."""
    return f"runs/{run_id}/{transition}/{dataset}.html"


def contract_path(zone: str, name: str) -> str:
    """Return the path of a contract's page, below docs/."""
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


def publish_contracts(docs: Place, contracts: Sequence[Contract]) -> tuple[str, ...]:
    """Write the contract pages that changed since the last call, and return their paths."""
    place = docs.child(_PUBLISHED)
    found = place.storage.read_versioned(place.path)
    published: dict[str, str] = json.loads(found[0]) if found else {}
    changed = []
    for contract in contracts:
        page = contract_path(contract.zone.value, contract.name)
        content = render("contract.html.j2", page, contract=contract, index=INDEX)
        checksum = hashlib.sha256(content).hexdigest()
        if published.get(page) != checksum:
            docs.child(page).write_bytes(content)
            published[page] = checksum
            changed.append(page)
    if changed:
        place.write_bytes(json.dumps(published, indent=1, sort_keys=True).encode())
    return tuple(changed)


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
