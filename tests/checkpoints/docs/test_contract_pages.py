"""Pages of contracts: written when they change, with the changes from version to version."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from checkpoints.docs.contract_pages import contract_pages
from checkpoints.docs.site import publish_changed
from contracts.model import Contract, Zone
from contracts.parser import parse_contract
from tests.checkpoints.docs.given import CONTRACT, EVIL, Tags, run

if TYPE_CHECKING:
    from checkpoints.storage.place import Place
    from tests.checkpoints.recording import RecordingStorage

YAML = """
apiVersion: v3.2.0
kind: DataContract
id: goods
name: goods
version: 1.0.0
status: active
description: {purpose: Goods that came back.}
team: {name: Finance, members: [{username: finance, role: owner}]}
schema:
  - name: goods
    dataGranularityDescription: One row per id.
    properties:
      - {name: id, description: Identifies it., logicalType: string, physicalType: string, required: true,
         primaryKey: true, primaryKeyPosition: 1}
      - {name: at, description: When it came., logicalType: timestamp, physicalType: timestamp}
"""


def contract(text: str) -> Contract:
    found = parse_contract(text, Zone.SILVER, "silver/goods.yaml")
    return replace(found, checksum=hashlib.sha256(text.encode()).hexdigest(), texts=(text, ""))


def publish(docs: Place, number: int, *contracts: Contract) -> dict[str, str]:
    """Publish contract pages and return the text of each by the contract's name."""
    pages = dict(contract_pages(docs, run(number), contracts))
    publish_changed(docs, pages)
    return {path.rpartition("/")[2].removesuffix(".html"): Tags(page).text for path, page in pages.items()}


def test_they_are_written_only_when_they_change(docs: Place, storage: RecordingStorage) -> None:
    other = Contract("events", Zone.SILVER, "1.0.0", "", "", "", (), ())
    assert len(publish_changed(docs, dict(contract_pages(docs, run(1), [CONTRACT, other])))) == 2
    storage.written.clear()
    assert publish_changed(docs, dict(contract_pages(docs, run(2), [CONTRACT, other]))) == ()
    assert storage.written == []


def test_one_tells_owner_key_columns_and_rules(docs: Place) -> None:
    text = publish(docs, 1, CONTRACT)["users"]
    assert "users silver version 1.2.0" in text
    assert "owner Ada key id rules 5" in text
    assert f"email string personal {EVIL}" in text


def test_the_first_version_has_no_changes(docs: Place) -> None:
    assert "Changes by version" not in publish(docs, 1, contract(YAML))["goods"]


def test_changes_are_listed_by_version_newest_first_and_breaking_ones_marked(docs: Place) -> None:
    publish(docs, 1, contract(YAML))
    wider = YAML.replace("1.0.0", "1.1.0") + (
        "      - {name: city, description: Where., logicalType: string, physicalType: string}\n"
    )
    publish(docs, 2, contract(wider))
    stricter = wider.replace("1.1.0", "2.0.0").replace(
        "physicalType: timestamp}", "physicalType: timestamp, required: true}"
    )
    text = publish(docs, 3, contract(stricter))["goods"].split("Changes by version")[1]
    second, first = text.index("Version 2.0.0 first used by run run-3"), text.index("Version 1.1.0")
    assert second < first < text.index("The first version published here.")
    assert "breaking" in text[second:first]
    assert "city" in text[first:]
    assert "breaking" not in text[first:]


def test_a_contract_that_did_not_change_gets_no_version(docs: Place) -> None:
    publish(docs, 1, contract(YAML))
    assert "Changes by version" not in publish(docs, 2, contract(YAML))["goods"]


def test_a_change_of_comments_promises_nothing_new(docs: Place) -> None:
    publish(docs, 1, contract(YAML))
    assert "No promise changed." in publish(docs, 2, contract(f"# why\n{YAML}"))["goods"]


def test_a_text_that_can_no_longer_be_parsed_is_not_compared(docs: Place) -> None:
    old_text = YAML.replace("kind: DataContract", "kind: Promise")
    old = replace(contract(YAML), checksum="0", texts=(old_text, ""))
    publish(docs, 1, old)
    text = publish(docs, 2, contract(YAML.replace("1.0.0", "1.0.1")))["goods"]
    assert "Not compared with the version before" in text


def test_damaged_versions_begin_anew(docs: Place) -> None:
    docs.child("contracts/versions.json").write_bytes(b"{")
    assert "goods silver version 1.0.0" in publish(docs, 1, contract(YAML))["goods"]
