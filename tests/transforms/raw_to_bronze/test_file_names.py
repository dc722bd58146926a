"""Object keys: claimed format, ignored keys, source globs, aliases."""

from __future__ import annotations

import pytest

from contracts.model import Source
from tests.transforms.raw_to_bronze.example import contract
from transforms.raw_to_bronze.file_names import (
    Claim,
    FileName,
    is_ignored,
    match_source,
    matches,
    needs_alias,
    parse_file_name,
)

NAMES = [
    ("a.csv", FileName(Claim.DELIMITED)),
    ("a.TSV", FileName(Claim.DELIMITED)),
    ("x.y/a.b.Txt", FileName(Claim.TEXT)),
    ("a.json", FileName(Claim.JSON)),
    ("a.JSONL", FileName(Claim.JSON_LINES)),
    ("a.ndjson", FileName(Claim.JSON_LINES)),
    ("a.parquet", FileName(Claim.PARQUET)),
    ("a.csv.gz", FileName(Claim.DELIMITED, is_gzip=True)),
    ("A.NDJSON.GZ", FileName(Claim.JSON_LINES, is_gzip=True)),
    ("a.gz", FileName(Claim.ANY_TEXT, is_gzip=True)),
    ("a.log.gz", FileName(Claim.ANY_TEXT, is_gzip=True)),
    ("a.csv.gz.gz", FileName(Claim.ANY_TEXT, is_gzip=True)),
    ("csv.gz", FileName(Claim.ANY_TEXT, is_gzip=True)),
    ("a.parquet.gz", None),
    ("a.Parquet.Gz", None),
    ("a.csv.bz2", None),
    ("a.xlsx", None),
    ("a.csv ", None),
    ("a.csv/b", None),
    ("csv", None),
    ("a.", None),
    ("", None),
]


@pytest.mark.parametrize(("key", "expected"), NAMES)
def test_a_name_claims_a_format_in_any_case(key: str, expected: FileName | None) -> None:
    assert parse_file_name(key) == expected


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
def test_any_other_name_is_data_even_if_the_file_is_empty(key: str) -> None:
    assert not is_ignored(key, 0)


def test_a_folder_marker_is_ignored_only_if_it_is_empty() -> None:
    assert [is_ignored("a/b/", 0), is_ignored("a/b/", 1)] == [True, False]


GLOBS = [
    ("a star stays in its folder", "shop/*.csv", "shop/a.csv", True),
    ("a star does not cross folders", "shop/*.csv", "shop/x/a.csv", False),
    ("a star may stand for nothing", "a*.csv", "a.csv", True),
    ("two stars cross folders", "shop/**", "shop/x/y/a.csv", True),
    ("two stars and a slash may be no folder", "shop/**/a.csv", "shop/a.csv", True),
    ("two stars and a slash end at a folder", "shop/**/a.csv", "shop/xa.csv", False),
    ("two stars at the start may be no folder", "**/a.csv", "a.csv", True),
    ("two stars inside a name cross folders", "a**z", "a/b/z", True),
    ("two stars alone are every key", "**", "x/y/z", True),
    ("a star alone is every key without a folder", "*", "x/y", False),
    ("the whole key must match", "shop", "shop/a.csv", False),
    ("case counts", "*.csv", "a.CSV", False),
    ("a question mark is one character", "a?.csv", "ab.csv", True),
    ("a question mark is no slash", "a?b", "a/b", False),
    ("a set is one of its characters", "part-[0-9].csv", "part-7.csv", True),
    ("a negated set is any other", "part-[!0-9].csv", "part-7.csv", False),
    ("a negated set is no slash", "a[!x]b", "a/b", False),
    ("an open bracket alone is itself", "a[.csv", "a[.csv", True),
    ("a dot is a dot", "a.csv", "abcsv", False),
    ("a line break is a character", "*.csv", "a\nb.csv", True),
    ("hidden names are no exception", "*", ".a", True),
    ("other scripts are characters", "日*/é?.csv", "日本/éa.csv", True),
]


@pytest.mark.parametrize(("glob", "key", "expected"), [g[1:] for g in GLOBS], ids=[g[0] for g in GLOBS])
def test_a_glob_matches_whole_keys(glob: str, key: str, *, expected: bool) -> None:
    assert matches(key, glob) is expected


def test_the_first_matching_source_wins() -> None:
    first, second = Source("first", "a/*.csv"), Source("second", "**")
    assert match_source("a/b.csv", contract(first, second)) == first
    assert match_source("b.csv", contract(first, second)) == second
    assert match_source("b.csv", contract(first)) is None


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
def test_a_key_that_spark_reads_needs_no_alias(key: str) -> None:
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
def test_a_key_that_spark_would_skip_or_misread_needs_an_alias(key: str) -> None:
    assert needs_alias(key)
