"""Published docs and metrics: complete, without personal values, and without executable content."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from checkpoints.docs.site import template_text
from dags.pipeline.context import new_run
from dags.pipeline.progress import Quiet
from dags.pipeline.transition_attempt import run_transition_attempt
from tests.dags.lake_runs import AS_OF, SECRETS, LakeRuns, lakegate, no_spark

if TYPE_CHECKING:
    import pytest

TRANSITIONS = {
    "raw_to_bronze": {"events", "users", "transactions"},
    "bronze_to_silver": {"events", "users", "users_history", "transactions"},
}


class Tags(HTMLParser):
    """The scripts, handlers and foreign links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "iframe", "object", "embed"):
            self.found.append(tag)
        for name, value in attributes:
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "http")):
                self.found.append(f"{tag} {name}={value}")


def page(lake: LakeRuns, transition: str, dataset: str) -> str:
    return (lake.root / "docs" / "runs" / "first" / transition / f"{dataset}.html").read_text()


def test_no_personal_value_is_in_docs_or_metrics(messy_shop: LakeRuns) -> None:
    texts = messy_shop.published()
    assert len(texts) > 50
    found = {(name, secret) for name, text in texts.items() for secret in SECRETS if secret in text}
    assert found == set()


def test_no_personal_value_is_said_or_logged_by_a_run(
    messy_shop: LakeRuns, capfd: pytest.CaptureFixture[str]
) -> None:
    messy_shop.drop("users/late.csv", "user_id,name,email,age\nu9,Late Lovelace,late@secret.example,old\n")
    result = lakegate("run", "--only", "bronze_to_silver", "--force", "--lake", messy_shop.root)
    assert result.status == 0
    said = result.out + result.err + result.logs + "".join(capfd.readouterr())
    assert [secret for secret in SECRETS if secret in said] == []


def test_no_personal_value_is_in_a_verdict_file_or_in_the_status(messy_shop: LakeRuns) -> None:
    run = new_run(as_of=AS_OF, run_id="attempted", is_forced=True)
    for transition in ("raw_to_bronze", "gold_to_redshift"):
        assert run_transition_attempt(messy_shop.settings, run, transition, Quiet(), no_spark).error is None
    texts = [path.read_text() for path in (messy_shop.root / "metrics/verdicts/attempted").iterdir()]
    assert len(texts) == 2
    texts += [lakegate("status", "--lake", messy_shop.root, *json).out for json in ((), ("--json",))]
    assert [secret for secret in SECRETS if any(secret in text for text in texts)] == []


def test_no_page_runs_what_a_row_a_column_or_a_key_brought_in(messy_shop: LakeRuns) -> None:
    own = f"<script>{template_text('tables.js')}</script>"
    for name, text in messy_shop.published().items():
        if name.endswith(".html"):
            assert text.count(own) == 1, name
            others = text.replace(own, "")
            tags = Tags()
            tags.feed(others)
            assert tags.found == [], name
            assert "<script" not in others.lower(), name


def test_a_hostile_key_is_shown_escaped(messy_shop: LakeRuns) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;.csv" in page(messy_shop, "bronze_to_silver", "events")


def test_every_dataset_of_every_transition_has_its_page(messy_shop: LakeRuns) -> None:
    runs = messy_shop.root / "docs" / "runs" / "first"
    for transition in ("raw_to_bronze", "bronze_to_silver", "silver_to_gold", "gold_to_redshift"):
        pages = {
            path.stem for path in (runs / transition).glob("*.html") if not path.name.endswith(".gx.html")
        }
        assert pages == TRANSITIONS.get(transition, pages)
        assert len(pages) == (len(TRANSITIONS[transition]) if transition in TRANSITIONS else 10)


def test_a_page_shows_rule_severity_counts_ratio_and_masked_samples(messy_shop: LakeRuns) -> None:
    text = page(messy_shop, "bronze_to_silver", "events")
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*<code>age_range</code>.*?</tr>", text, re.DOTALL)
    cells = [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<td.*?</td>", row, re.DOTALL)]
    assert cells[0] == "quarantined"
    assert cells[2] == "error"
    assert cells[4:6] == ["13", "1"]
    assert cells[6].startswith("7.69")
    assert cells[7] == "300"
    (warned,) = re.findall(r"<tr>(?:(?!</tr>).)*<code>email_format</code>.*?</tr>", text, re.DOTALL)
    assert "<td>warn</td>" in warned
    assert "17-64 characters: letters, other" in warned


def test_a_page_shows_where_the_rows_of_each_file_went(messy_shop: LakeRuns) -> None:
    text = page(messy_shop, "bronze_to_silver", "events")
    (row,) = re.findall(r"<tr><td><code>web\.csv</code>.*?</tr>", text)
    assert re.findall(r">(\d+)<", row) == ["9", "6", "2", "1", "0", "0"]  # read, promoted, …


def test_a_page_shows_rejected_files_by_reason(messy_shop: LakeRuns) -> None:
    assert "cut.json" in page(messy_shop, "raw_to_bronze", "users")
    assert "corrupt json" in page(messy_shop, "raw_to_bronze", "users").replace("_", " ")


def test_every_link_of_every_page_leads_to_a_page(messy_shop: LakeRuns) -> None:
    assert messy_shop.broken_links() == []


def test_the_first_page_shows_no_more_runs_than_the_setting(messy_shop: LakeRuns) -> None:
    bounded = messy_shop.with_settings(shown_runs=2)
    for run_id in ("second", "third", "fourth"):
        bounded.run(run_id=run_id, only="gold_to_redshift", force=True, start_spark=no_spark)
    first_page = (messy_shop.root / "docs" / "index.html").read_text()
    assert re.findall(r'<th scope="row"><a href="runs/(\w+)/index.html">', first_page) == ["fourth", "third"]
    assert len(lakegate("status", "--lake", messy_shop.root, "--json").document["last_runs"]) == 2
    assert (messy_shop.root / "docs" / "runs" / "second").is_dir()  # its pages stay where they were


def test_the_tidy_table_holds_every_result_of_every_run(messy_shop: LakeRuns) -> None:
    table = pq.read_table(messy_shop.root / "metrics" / "tidy").to_pylist()
    keys = [
        tuple(row[name] for name in ("run_id", "transition", "dataset", "metric", "label")) for row in table
    ]
    assert len(keys) == len(set(keys))
    assert len({key[:3] for key in keys}) == 3 + 4 + 10 + 10
    found = {key[1:]: row["value"] for key, row in zip(keys, table, strict=True)}
    names = ("rows_read", "rows_promoted", "rows_quarantined")
    assert [found["bronze_to_silver", "events", name, None] for name in names] == [13, 9, 3]
    versions = found["bronze_to_silver", "users_history", "rows_promoted", None]
    assert versions == len(messy_shop.rows("silver/users_history"))
    assert ("bronze_to_silver", "users_history", "rows_read", None) not in found


def test_a_forced_run_under_the_same_id_replaces_its_pages(messy_shop: LakeRuns) -> None:
    before = {name for name in messy_shop.published() if name.startswith("docs/")}
    messy_shop.run(run_id="first", only="gold_to_redshift", force=True, start_spark=no_spark)
    assert {name for name in messy_shop.published() if name.startswith("docs/")} == before
