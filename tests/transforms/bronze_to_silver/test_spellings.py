"""Uniform spellings of status and country."""

import pyarrow as pa
import pytest

from transforms.bronze_to_silver.spellings import respelled


@pytest.mark.parametrize(
    ("column", "written", "expected"),
    [
        (
            "status",
            ["PAID", "Canceled", "cancelled", None, "İ"],
            ["paid", "cancelled", "cancelled", None, "i̇"],
        ),
        (
            "country",
            ["no", "Norway", "n1", "ßß", "é", "\u0390\u0390", None, "no"],
            ["NO", "Norway", "n1", "SSSS", "é", "\u0399\u0308\u0301" * 2, None, "NO"],
        ),
        ("city", ["no", "PAID"], ["no", "PAID"]),
    ],
)
def test_the_spelling_of_a_column(column: str, written: list[str | None], expected: list[str | None]) -> None:
    assert respelled(column, pa.array(written, pa.string())).to_pylist() == expected


def test_a_column_without_values_stays_empty() -> None:
    for empty in (pa.array([], pa.string()), pa.nulls(2, pa.string())):
        assert respelled("country", empty).equals(empty)
