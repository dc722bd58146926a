from __future__ import annotations

import pytest

from transforms.raw_to_bronze.ignored import is_ignored


@pytest.mark.parametrize(
    "key",
    [
        "_SUCCESS",
        "2024/_SUCCESS",
        "_committed_123",
        "a/_started_123",
        "a.csv.crc",
        "a_$folder$",
        ".part-0.csv",
        "a/.DS_Store",
        ".staging/a.csv",
        "a/.b/c/d.csv",
        "_temporary/0/part-0.csv",
        "a/_delta_log/00.json",
    ],
)
def test_markers_and_temporary_files_are_ignored(key: str) -> None:
    assert is_ignored(key, 9)


@pytest.mark.parametrize(
    "key",
    [
        "a.csv",
        "_a.csv",
        "_committed/a.csv",
        "a_temporary/b.csv",
        "_SUCCESS.csv",
        "a.b/c.csv",
        "a.CRC",
        "_success",
        "_committed",
        "x_committed_1",
        "_temporary",
        "_delta_log",
        "empty.csv",
    ],
)
def test_a_name_that_is_no_marker_is_data_even_when_it_is_empty(key: str) -> None:
    assert not is_ignored(key, 0)


def test_a_folder_marker_is_ignored_only_while_it_holds_nothing() -> None:
    assert [is_ignored("a/b/", 0), is_ignored("a/b/", 1)] == [True, False]
