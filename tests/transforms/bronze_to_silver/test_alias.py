"""Which keys need a plain copy."""

import pytest

from transforms.bronze_to_silver.alias import needs_alias


@pytest.mark.parametrize(
    "key",
    [
        "a.csv",
        "2024/01/part-0.csv.gz",
        "year=2024/a b.csv",
        "100%25 #1?.csv",
        "[x]{a,b}*.csv",
        "q'\"`.csv",
        "_d/a.csv",
    ],
)
def test_a_name_that_spark_reads_as_it_stands_needs_no_alias(key: str) -> None:
    assert not needs_alias(key)


@pytest.mark.parametrize(
    "key",
    [
        "_part.csv",
        "d/.hidden.csv",
        "a:b.csv",
        "d:e/a.csv",
        "a//b.csv",
        "/a.csv",
        "./a.csv",
        "a/../b.csv",
        "back\\slash.csv",
        "line\nbreak.csv",
        "bell\x07.csv",
        "ünï.csv",
        "not-utf8-\udcff.csv",
        "a.csv._COPYING_",
    ],
)
def test_a_name_that_spark_would_miss_fold_or_misread_needs_one(key: str) -> None:
    assert needs_alias(key)
