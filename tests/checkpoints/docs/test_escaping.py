"""No page runs what a value brought in, fetches anything, or shows a personal value."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from checkpoints.docs.site import template_text
from checkpoints.gate.masking import Masking, mask
from contracts.model import Domain, Severity
from tests.checkpoints.docs.given import CONTRACT, NULL, ODD, USERS_PAGE, Tags, facts, pages_of, publish, rule
from tests.checkpoints.docs.worst import worst_facts

if TYPE_CHECKING:
    from checkpoints.storage.place import Place


def tags_of(site: dict[str, bytes]) -> dict[str, Tags]:
    return {path: Tags(content) for path, content in site.items() if path.endswith(".html")}


def test_values_and_column_names_are_text_and_never_markup(site: dict[str, bytes]) -> None:
    script = template_text("tables.js")
    pages = tags_of(site)
    # Two results, three of GX, five rules, a table, two contracts, a run, the front page.
    assert len(pages) == 15
    for path, page in pages.items():
        assert page.scripts == [script], path
        assert page.handlers == [], path
        assert b"<b>lie" not in site[path], path
    assert "alert(1)" in pages[USERS_PAGE].text


def test_hostile_values_in_every_field_are_text(docs: Place) -> None:
    publish(docs, worst_facts())
    pages = tags_of(pages_of(docs))
    assert len(pages) > 40
    for path, page in pages.items():
        assert page.scripts == [template_text("tables.js")], path
        assert page.handlers == [], path
    shown = ODD.replace("\ud800", "?")
    assert all(shown in page.text for path, page in pages.items() if path.startswith(("rules/", "tables/")))


def test_no_page_fetches_anything_from_elsewhere(site: dict[str, bytes]) -> None:
    for path, page in tags_of(site).items():
        assert b"default-src &#39;none&#39;" in site[path], path
        assert not page.tags & {"img", "iframe", "link", "object", "embed"}, path


def test_values_of_personal_columns_appear_nowhere(site: dict[str, bytes]) -> None:
    for path, content in site.items():
        assert b"jane" not in content.lower(), path
        assert b"secret" not in content, path


def test_every_link_leads_to_a_page_or_a_place_on_it(site: dict[str, bytes]) -> None:
    for path, page in tags_of(site).items():
        for target in page.links:
            file, _, anchor = target.partition("#")
            if file:
                assert posixpath.normpath(posixpath.join(posixpath.dirname(path), unquote(file))) in site, (
                    path
                )
            elif anchor:
                assert anchor in page.targets, (path, target)


@pytest.mark.parametrize("value", ["jane.doe@example.org", "x", "+49 30 1234567", "Ü", "A" * 500])
def test_a_masked_value_keeps_nothing_of_itself(value: str) -> None:
    shown = mask(value)
    assert not [part for part in re.findall(r"\w{2,}", value) if part in shown]
    assert len(shown) < 80


def test_a_length_is_shown_also_of_a_personal_value() -> None:
    too_long = rule("email_too_long", Domain.RECORDS, Severity.ERROR, NULL, column="_too_long_email")
    masking = Masking.of(CONTRACT)
    assert masking.samples(replace(too_long, column="email"), ["5000", "9999"]) == ("5000", "9999")


def test_the_content_of_a_malformed_record_is_not_quoted() -> None:
    malformed = rule("malformed", Domain.RECORDS, Severity.ERROR, NULL, column="_malformed")
    assert Masking.of(CONTRACT).samples(malformed, ['bad JSON: {"email": "jane"}', "5 fields, not 7"]) == (
        "bad JSON…",
        "5 fields, not 7",
    )
    uncastable = rule("e", Domain.RECORDS, Severity.ERROR, NULL, column="_uncastable_email")
    assert Masking.of(CONTRACT).samples(uncastable, ["jane"]) == ("‹1-4 characters: letters›",)


def test_a_page_of_a_result_keeps_its_policy_and_styles_whatever_is_published_later(docs: Place) -> None:
    publish(docs, facts())
    page = docs.child(USERS_PAGE).read_bytes().decode()
    assert template_text("style.css") in page
    assert re.search(r"Content-Security-Policy\" content=\"[^\"]*style-src &#39;sha256-", page)
