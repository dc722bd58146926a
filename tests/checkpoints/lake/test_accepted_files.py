"""Which facts of an accepted file are replaced when the same content is inspected again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from checkpoints.lake.ingestion import merge_facts
from contracts.inventory import FileFacts, FileFormat, Reason

HEADERLESS = FileFacts("a.csv", 3, "c", FileFormat.DELIMITED, delimiter=",", names=("id", "user", "amount"))
NAMED = replace(HEADERLESS, header=True, names=("id", "amount"))
REFUSED = FileFacts("a.csv", 3, "c", FileFormat.DELIMITED, reason=Reason.CONTENT_MISMATCH, detail="4 columns")
REORDERED = replace(HEADERLESS, names=("user", "id", "amount"))
GIVEN = replace(HEADERLESS, names=("no", "who", "total"), has_given_names=True, source="till")
WITHOUT_NAMES = replace(HEADERLESS, names=())  # accepted before the ledger kept the order

CASES = [
    ("a refusal replaces nothing", NAMED, REFUSED, NAMED),
    (
        "a source for values takes effect, though the file is refused",
        HEADERLESS,
        replace(REFUSED, source="zones"),
        replace(HEADERLESS, source="zones"),
    ),
    (
        "a source that was removed is no source any more",
        replace(HEADERLESS, source="zones"),
        REFUSED,
        HEADERLESS,
    ),
    ("a source that cuts otherwise replaces nothing", NAMED, replace(REFUSED, source="till"), NAMED),
    (
        "a source under which the file was cut stays with it",
        replace(NAMED, source="till"),
        replace(REFUSED, source="zones"),
        replace(NAMED, source="till"),
    ),
    ("names by position stay those of the first contract", HEADERLESS, REORDERED, HEADERLESS),
    (
        "and what else is found takes effect",
        HEADERLESS,
        replace(REORDERED, source="zones", line_end="\r"),
        replace(HEADERLESS, source="zones", line_end="\r"),
    ),
    ("names that a source gives take effect", HEADERLESS, GIVEN, GIVEN),
    ("names that a source gave go with it", GIVEN, REORDERED, REORDERED),
    ("names that a source gives anew take effect", GIVEN, replace(GIVEN, names=("a", "b", "c")), ...),
    ("a header that is found takes effect", HEADERLESS, NAMED, NAMED),
    ("a header that is none takes effect", NAMED, HEADERLESS, HEADERLESS),
    ("names that were not kept are those of today", WITHOUT_NAMES, HEADERLESS, HEADERLESS),
    (
        "another form takes effect",
        HEADERLESS,
        replace(HEADERLESS, format=FileFormat.JSON_LINES, names=("id",)),
        ...,
    ),
]


@pytest.mark.parametrize(
    ("accepted", "found", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_facts_of_the_same_content_are_merged(
    accepted: FileFacts, found: FileFacts, expected: FileFacts
) -> None:
    assert merge_facts(accepted, found, {"till"}) == (found if expected is ... else expected)
