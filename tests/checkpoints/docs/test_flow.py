"""The flow of rows as a picture."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from pytest import approx  # noqa: PT013

from checkpoints.docs.flow import DatasetFlow, FlowPicture, draw_flow

USERS = DatasetFlow(
    "users",
    2,
    1_000,
    900,
    (("quarantined", 60), ("deduplicated", 40), ("discarded", 0)),
    True,
    ("dim_users", 900),
)


def drawn(*flows: DatasetFlow) -> FlowPicture:
    found = draw_flow(flows)
    assert found is not None
    return found


def heights(picture: FlowPicture, kind: str) -> list[float]:
    """Return the height of each node of a kind."""
    return [node.height for node in picture.nodes if node.kind == kind]


def band_height(path: str) -> float:
    """Return the height of a band at its right end."""
    upper, lower = re.search(r" [\d.]+ ([\d.]+)V([\d.]+)C", path).groups()  # type: ignore[union-attr]
    return float(lower) - float(upper)


def test_widths_are_rows() -> None:
    picture = drawn(USERS)
    assert heights(picture, "files") == [approx(190)]
    assert heights(picture, "silver") == heights(picture, "gold") == [approx(171)]
    assert heights(picture, "quarantined") == [approx(11.4)]
    assert heights(picture, "deduplicated") == [approx(7.6)]
    assert heights(picture, "discarded") == []


def test_lanes_share_one_scale() -> None:
    picture = drawn(USERS, DatasetFlow("events", 1, 3_000, 3_000, (), True))
    assert heights(picture, "silver") == [approx(42.75), approx(142.5)]


def test_few_rows_among_many_are_seen() -> None:
    picture = drawn(DatasetFlow("users", 1, 10_000_001, 10_000_000, (("quarantined", 1),), True))
    assert heights(picture, "quarantined") == [2.0]
    assert [node.detail for node in picture.nodes if node.kind == "quarantined"] == ["< 0.1 %"]


def test_a_blocked_candidate_is_not_drawn_as_promoted() -> None:
    picture = drawn(DatasetFlow("users", 1, 10, 9, (("quarantined", 1),), False))
    assert {band.kind for band in picture.bands} == {"blocked", "quarantined"}
    assert "9 rows, blocked" in {node.title for node in picture.nodes}


def test_without_rows_there_is_no_picture() -> None:
    assert draw_flow([]) is None
    assert draw_flow([DatasetFlow("users", 0, 0, 0, (), True)]) is None


counts = st.integers(0, 10**9)


@given(st.lists(st.tuples(counts, counts, counts, counts), min_size=1, max_size=4))
def test_the_bands_of_a_lane_sum_up_to_its_files_and_tell_the_given_numbers(
    rows: list[tuple[int, int, int, int]],
) -> None:
    flows = [
        DatasetFlow(
            f"d{number}",
            1,
            promoted + quarantined + deduplicated + discarded,
            promoted,
            (("quarantined", quarantined), ("deduplicated", deduplicated), ("discarded", discarded)),
            True,
        )
        for number, (promoted, quarantined, deduplicated, discarded) in enumerate(rows)
    ]
    picture = draw_flow(flows)
    if picture is None:
        assert not any(map(sum, rows))
        return
    for flow, files in zip(flows, (node for node in picture.nodes if node.kind == "files"), strict=True):
        bands = [band for band in picture.bands if band.label.startswith(f"{flow.dataset}: ")]
        whole = sum(band_height(band.path) for band in bands)
        assert whole == approx(files.height, abs=0.5) or not bands
        told = sum(int(re.sub(r"\D", "", band.label.split(": ")[1])) for band in bands)
        assert told == flow.rows_read
    lowest = max(node.y + node.height for node in picture.nodes)
    assert lowest <= picture.height
