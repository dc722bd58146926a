"""Visits to pages: what a page asked for, what it said, and what axe-core finds on it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import axe_playwright_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

WIDE, NARROW = 1_400, 380  # pixels
_AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


@dataclass
class Visit:
    """An open page, the URLs that it requested, and its errors and dialogs."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than its window."""
        pixels: int = self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return pixels

    def unfold(self) -> None:
        """Open all details."""
        self.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")

    def violations(self) -> list[str]:
        """Return what axe-core finds: rule, element and reason."""
        self.page.evaluate(_AXE.read_text("utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for one in found["violations"]
            for node in one["nodes"]
        ]


@contextmanager
def visit(browser: Browser, url: str, *, width: int = WIDE, **options: Any) -> Iterator[Visit]:
    """Open a page in a window of its own. ``options``: of Playwright's ``new_context``."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        opened = Visit(context.new_page())
        page = opened.page
        page.on("request", lambda request: opened.requests.append(request.url))
        page.on("console", lambda message: opened.errors.append(message.text))
        page.on("pageerror", lambda error: opened.errors.append(str(error)))
        page.on("dialog", lambda dialog: (opened.errors.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        yield opened
    finally:
        context.close()
