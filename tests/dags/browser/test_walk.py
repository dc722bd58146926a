"""The way of a steward: front page, rule, file, command; and what the command then gives."""

from __future__ import annotations

import csv
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.dags.browser.visits import visit
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.dags.lake_runs import LakeRuns

pytestmark = pytest.mark.browser


def rows_of(sheet: Path) -> list[dict[str, str]]:
    """Return the rows of an exported sheet, without the quotes that keep a text a text."""
    with sheet.open(encoding="utf-8-sig", newline="") as lines:
        return [
            {name: value.removeprefix("'") for name, value in row.items()} for row in csv.DictReader(lines)
        ]


def test_the_front_page_leads_to_the_command_that_exports_the_rows_of_a_rule_and_a_file(
    browser: Browser, shop: LakeRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with visit(browser, (shop.root / "docs/index.html").as_uri()) as opened:
        page = opened.page
        page.get_by_role("region", name="What needs a person").get_by_role("link", name="age_range").click()
        page.get_by_role("heading", name="age_range of events").wait_for()
        page.get_by_role("region", name="Files that break the rule").get_by_role(
            "link", name="web.csv"
        ).click()
        commands = page.locator("pre.file:target")
        commands.wait_for(state="visible")
        shown = commands.inner_text().splitlines()
        assert opened.errors == []
    (export,) = [line for line in shown if " export " in line]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAKEGATE_LAKE", str(shop.root))
    program, *arguments = shlex.split(export)
    assert program == "lakegate"
    assert lakegate(*arguments).status == 0
    (row,) = rows_of(tmp_path / arguments[-1])
    assert (row["event_id"], row["age"]) == ("e8", "300")


@pytest.mark.parametrize(
    ("dataset", "rule", "file", "key"),
    [
        ("users", "age_uncastable", "crm.csv", {"user_id": "u4"}),
        ("events", "ts_uncastable", "web.csv", {"event_id": "e7"}),
    ],
)
def test_the_export_command_of_a_file_gives_the_rows_of_that_rule_and_file(
    browser: Browser,
    shop: LakeRuns,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    dataset: str,
    rule: str,
    file: str,
    key: dict[str, str],
) -> None:
    url = (shop.root / f"docs/rules/bronze_to_silver/{dataset}/{rule}.html").as_uri()
    with visit(browser, f"{url}#file-1") as opened:
        export = opened.page.locator("pre.file:target").inner_text().splitlines()[0]
    assert file in export
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAKEGATE_LAKE", str(shop.root))
    _, *arguments = shlex.split(export)
    assert lakegate(*arguments).status == 0
    (row,) = rows_of(tmp_path / arguments[-1])
    assert key.items() <= row.items()
