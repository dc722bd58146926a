"""Every kind of page in a browser: it fetches nothing, fails nowhere, fits its window, and is accessible."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.dags.browser.conftest import served
from tests.dags.browser.visits import NARROW, WIDE, visit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.dags.lake_runs import LakeRuns

pytestmark = pytest.mark.browser

KINDS = {
    "front page": "index.html",
    "run": "runs/first/index.html",
    "files": "runs/first/raw_to_bronze/users.html",
    "rows": "runs/first/bronze_to_silver/events.html",
    "gold": "runs/first/silver_to_gold/fact_events.html",
    "load": "runs/first/gold_to_redshift/dim_users.html",
    "Great Expectations": "runs/first/bronze_to_silver/events.records.gx.html",
    "broken rule": "rules/bronze_to_silver/events/age_range.html",
    "passed rule": "rules/silver_to_gold/fact_events/keys_unique.html",
    "dataset": "tables/silver/events.html",
    "gold table": "tables/gold/daily_revenue.html",
    "contract": "contracts/silver/events.html",
}
pages = pytest.mark.parametrize("path", KINDS.values(), ids=KINDS.keys())


@pages
def test_a_page_from_a_file_requests_nothing_and_fails_nowhere(
    browser: Browser, shop_docs: Path, path: str
) -> None:
    url = (shop_docs / path).as_uri()
    with visit(browser, url) as opened:
        assert opened.requests == [url]
        assert opened.errors == []


@pages
def test_a_served_page_requests_nothing_else_and_fails_nowhere(
    browser: Browser, shop_docs: Path, path: str
) -> None:
    with served(shop_docs) as address, visit(browser, f"{address}/{path}") as opened:
        assert opened.requests == [f"{address}/{path}"]
        assert opened.errors == []
        assert opened.page.evaluate("getComputedStyle(document.body).margin") == "0px"  # its style applies


@pytest.mark.parametrize("width", [NARROW, WIDE])
@pages
def test_a_page_is_no_wider_than_its_window(browser: Browser, shop_docs: Path, path: str, width: int) -> None:
    with visit(browser, (shop_docs / path).as_uri(), width=width) as opened:
        opened.unfold()
        assert opened.overflow == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pages
def test_a_page_is_accessible(browser: Browser, shop_docs: Path, path: str, scheme: str) -> None:
    url = (shop_docs / path).as_uri()
    with visit(browser, url, color_scheme=scheme, bypass_csp=True) as opened:
        opened.unfold()
        assert opened.violations() == []


@pytest.mark.parametrize("path", [KINDS["front page"], KINDS["broken rule"], KINDS["rows"]])
def test_a_page_is_accessible_on_a_phone(browser: Browser, shop_docs: Path, path: str) -> None:
    with visit(browser, (shop_docs / path).as_uri(), width=NARROW, bypass_csp=True) as opened:
        assert opened.violations() == []


@pages
def test_a_page_is_complete_without_its_script(browser: Browser, shop_docs: Path, path: str) -> None:
    url = (shop_docs / path).as_uri()
    with visit(browser, url) as scripted, visit(browser, url, java_script_enabled=False) as plain:
        assert plain.page.locator("button").count() == 0 or path.endswith(".gx.html")
        assert (
            plain.page.locator("main").inner_text().split()
            == scripted.page.locator("main").inner_text().split()
        )


@pytest.mark.parametrize("path", [KINDS["front page"], KINDS["rows"], KINDS["dataset"]])
def test_a_printed_page_cuts_nothing_off(browser: Browser, shop_docs: Path, path: str) -> None:
    with visit(browser, (shop_docs / path).as_uri()) as opened:
        opened.page.emulate_media(media="print")
        assert not opened.page.locator("header.top").is_visible()
        cards = opened.page.locator(".card")
        assert {card.evaluate("e => getComputedStyle(e).overflowX") for card in cards.all()} == {"visible"}
        assert opened.page.pdf()[:4] == b"%PDF"


def column(opened: object, heading: str) -> list[str]:
    """Return the visible cells of a column of the first table of rules that passed."""
    cells: list[str] = opened.page.evaluate(  # type: ignore[attr-defined]
        """heading => {
          for (const table of document.querySelectorAll("table.data")) {
            const at = [...table.tHead.rows[0].cells].findIndex(cell => cell.textContent.trim() === heading);
            if (at >= 0) return [...table.tBodies[0].rows].filter(row => !row.hidden)
              .map(row => row.cells[at].textContent.trim());
          }
        }""",
        heading,
    )
    return cells


def test_a_table_is_sorted_by_its_headers(browser: Browser, shop_docs: Path) -> None:
    with visit(browser, (shop_docs / "index.html").as_uri()) as opened:
        head = opened.page.get_by_role("button", name="Rows", exact=True)
        before = column(opened, "Rows")
        head.click()
        numbers = [int(text.replace(",", "")) for text in column(opened, "Rows") if text != "—"]
        assert numbers == sorted(numbers)
        assert len(set(numbers)) > 2
        head.click()
        assert [int(text.replace(",", "")) for text in column(opened, "Rows") if text != "—"] == numbers[::-1]
        assert Counter(column(opened, "Rows")) == Counter(before)
        assert opened.page.locator("th[aria-sort=descending]").inner_text().startswith("Rows")


def test_a_column_of_times_is_sorted_by_time(browser: Browser, shop_docs: Path) -> None:
    with visit(browser, (shop_docs / "index.html").as_uri()) as opened:
        opened.page.get_by_role("button", name="Latest row", exact=True).click()
        times = [text for text in column(opened, "Latest row") if text != "—"]
        assert times == sorted(times)
        assert len(set(times)) > 1


def test_a_long_table_is_filtered(browser: Browser, shop_docs: Path) -> None:
    with visit(browser, (shop_docs / "tables/silver/events.html").as_uri()) as opened:
        table = opened.page.get_by_role("region", name="Rules")
        table.get_by_role("searchbox").fill("AGE_RANGE")
        assert table.locator("tbody tr:visible th").all_inner_texts() == ["age_range"]
        table.get_by_role("searchbox").fill("")
        assert table.locator("tbody tr:visible").count() > 20


def test_a_filter_reaches_the_folded_rest_of_its_list(browser: Browser, hostile_docs: Path) -> None:
    with visit(browser, (hostile_docs / "index.html").as_uri()) as opened:
        rest = opened.page.locator("details.more")
        rule = rest.locator("tbody tr a code").last.text_content() or ""
        needs = opened.page.get_by_role("region", name="What needs a person")
        needs.get_by_role("searchbox").fill(rule)
        assert needs.locator("tbody tr:visible").count() == 0
        assert rest.locator("tbody tr:visible a code").all_inner_texts() == [rule]
        assert opened.errors == []


def test_a_column_of_pictures_is_not_sorted(browser: Browser, shop_docs: Path) -> None:
    with visit(browser, (shop_docs / "tables/silver/events.html").as_uri()) as opened:
        rules = opened.page.get_by_role("region", name="Rules")
        names = rules.get_by_role("columnheader").all_inner_texts()
        buttons = rules.get_by_role("button").all_inner_texts()
        assert (names, buttons) == (
            ["Rule", "Last result", "Last runs", "Promise"],
            ["Rule", "Last result", "Promise"],
        )


def test_the_numbers_of_the_flow_are_those_of_the_metrics(browser: Browser, shop: LakeRuns) -> None:
    with visit(browser, (shop.root / "docs/index.html").as_uri()) as opened:
        titles = opened.page.locator("svg.rows title").all_text_contents()
    shown = {
        (dataset, words[-1] if words[-1] != "rows" else "promoted"): int(words[0].replace(",", ""))
        for dataset, words in ((title.split(": ")[0], title.split(": ")[1].split()) for title in titles)
    }
    for dataset in ("events", "users", "transactions"):
        (path,) = (shop.root / "metrics").rglob(f"first/bronze_to_silver/{dataset}.json")
        metrics = json.loads(path.read_text())
        outcomes = ("promoted", "quarantined", "deduplicated", "discarded")
        numbers = {name: metrics[f"rows_{name}"] for name in outcomes if metrics[f"rows_{name}"]}
        assert {name: rows for (of, name), rows in shown.items() if of == dataset} == numbers
        assert sum(numbers.values()) == metrics["rows_read"]


def test_a_page_of_an_earlier_version_keeps_its_style_and_script(
    browser: Browser, shop_docs: Path, tmp_path: Path
) -> None:
    """Its policy names other checksums than that of today's pages."""
    from base64 import b64encode
    from hashlib import sha256

    text = (shop_docs / "index.html").read_text("utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    earlier = style + "body{margin:7px}"
    old, new = (f"sha256-{b64encode(sha256(one.encode()).digest()).decode()}" for one in (style, earlier))
    assert old in text
    (tmp_path / "old.html").write_text(text.replace(style, earlier).replace(old, new), "utf-8")
    with served(tmp_path) as address, visit(browser, f"{address}/old.html") as opened:
        assert opened.errors == []
        assert opened.page.evaluate("getComputedStyle(document.body).margin") == "7px"
        assert opened.page.locator("th button").count() > 0


def hostile_pages(folder: Path) -> list[str]:
    """Return the pages of the last run, and those of all runs; of the rules, one a domain."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    rules = [path for path in found if path.startswith("rules/")]
    earlier = ("runs/run-1/bronze", "runs/run-2/")
    return [path for path in found if path not in rules and not path.startswith(earlier)] + rules[4::12]


def test_hostile_values_break_no_page(browser: Browser, hostile_docs: Path) -> None:
    opened_pages = hostile_pages(hostile_docs)
    assert len(opened_pages) > 10
    for path in opened_pages:
        url = (hostile_docs / path).as_uri()
        for width in (NARROW, WIDE):
            with visit(browser, url, width=width) as opened:
                opened.unfold()
                assert (path, width, opened.requests) == (path, width, [url])
                assert (path, width, opened.errors) == (path, width, [])
                assert (path, width, opened.overflow) == (path, width, 0)


def test_hostile_pages_are_accessible(browser: Browser, hostile_docs: Path) -> None:
    for path in hostile_pages(hostile_docs):
        with visit(browser, (hostile_docs / path).as_uri(), bypass_csp=True) as opened:
            opened.unfold()
            assert (path, opened.violations()) == (path, [])


def test_every_page_of_a_site_opens_over_http(browser: Browser, shop_docs: Path) -> None:
    found = [path.relative_to(shop_docs).as_posix() for path in shop_docs.rglob("*.html")]
    with served(shop_docs) as address, visit(browser, f"{address}/index.html") as opened:
        for path in found:
            response = opened.page.goto(f"{address}/{quote(path)}")
            assert response is not None
            assert (path, response.status) == (path, 200)
        assert opened.errors == []
        assert len(opened.requests) == len(found) + 1
