"""Pages of datasets: days, columns with their nulls, rules, versions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from contracts.model import Column
from tests.checkpoints.docs.given import CONTRACT, TEXT, Tags, facts, metrics, publish, run

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

PAGE = "tables/silver/users.html"


def text(docs: Place) -> str:
    return Tags(docs.child(PAGE).read_bytes()).text


def test_it_shows_the_days_with_holes_and_rows(docs: Place) -> None:
    publish(docs, facts())
    assert "rows by day, 2024-05-30 to 2024-06-01: at most 50, 1 day without any" in text(docs)
    html = docs.child(PAGE).read_bytes().decode()
    assert "<title>Fri 2024-05-31: 0</title>" in html


def test_it_shows_the_share_of_nulls_and_how_it_changed(docs: Place) -> None:
    publish(docs, facts(), of=run(1))
    publish(docs, replace(facts(of=run(2)), nulls={"id": 0, "email": 54}), of=run(2))
    assert "email personal string 60.00 % +10.00 pts" in text(docs)


def test_it_shows_unknown_columns_with_where_they_were_first_seen(docs: Place) -> None:
    publish(docs, facts())
    assert "<script>alert(1)</script> 3 2024-06-01 00:00 a.csv" in text(docs)


def test_it_shows_versions_newest_first_with_rows_and_columns_that_changed(docs: Place) -> None:
    publish(docs, facts(), of=run(1))
    wider = replace(CONTRACT, columns=(*CONTRACT.columns, Column("city", TEXT)))
    second = replace(
        facts(of=run(2)),
        contract=wider,
        metrics=metrics(run(2), rows_promoted=1_290),
        nulls={"id": 0, "city": 3},
    )
    publish(docs, second, of=run(2))
    shown = text(docs).split("Versions")[1]
    assert "run-2 2024-06-02 00:00 1,290 +1200 1.2.0 +city -email run-1" in shown


def test_a_table_that_was_never_promoted_has_a_page_without_versions(docs: Place) -> None:
    publish(docs, facts(duplicates=2))
    assert "rows of the blocked candidate 90" in text(docs)
    assert "Versions" not in text(docs)


def test_a_rule_that_is_broken_is_marked_and_leads_to_its_page(docs: Place) -> None:
    publish(docs, facts())
    assert "email_required broken email_required holds." in text(docs)
    assert "strict_fail passed strict_fail holds." in text(docs)
    assert (
        "../../rules/bronze_to_silver/users/email_required.html" in Tags(docs.child(PAGE).read_bytes()).links
    )
