from __future__ import annotations

import pytest

from transforms.raw_to_bronze.naming import Claim, Naming, read_name

NAMES = [
    ("a.csv", Naming(Claim.DELIMITED)),
    ("a.TSV", Naming(Claim.DELIMITED)),
    ("x.y/a.b.Txt", Naming(Claim.TEXT)),
    ("a.json", Naming(Claim.JSON)),
    ("a.JSONL", Naming(Claim.JSON_LINES)),
    ("a.ndjson", Naming(Claim.JSON_LINES)),
    ("a.parquet", Naming(Claim.PARQUET)),
    ("a.csv.gz", Naming(Claim.DELIMITED, is_gzip=True)),
    ("A.NDJSON.GZ", Naming(Claim.JSON_LINES, is_gzip=True)),
    ("a.gz", Naming(Claim.ANY_TEXT, is_gzip=True)),
    ("a.log.gz", Naming(Claim.ANY_TEXT, is_gzip=True)),
    ("a.csv.gz.gz", Naming(Claim.ANY_TEXT, is_gzip=True)),
    ("csv.gz", Naming(Claim.ANY_TEXT, is_gzip=True)),
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
def test_a_name_claims_a_form_in_any_case(key: str, expected: Naming | None) -> None:
    assert read_name(key) == expected
