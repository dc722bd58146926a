from __future__ import annotations

import pytest

from contracts.model import Source
from tests.transforms.raw_to_bronze.example import contract
from transforms.raw_to_bronze.sources import match_source, matches

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


def test_the_first_source_that_matches_wins_and_none_is_fine() -> None:
    first, second = Source("first", "a/*.csv"), Source("second", "**")
    assert match_source("a/b.csv", contract(first, second)) == first
    assert match_source("b.csv", contract(first, second)) == second
    assert match_source("b.csv", contract(first)) is None
