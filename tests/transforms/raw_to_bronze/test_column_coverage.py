"""Required columns that accepted files lack under a changed contract."""

from __future__ import annotations

from contracts.inventory import FileFacts, FileFormat
from contracts.model import Source
from tests.transforms.raw_to_bronze.example import contract
from transforms.raw_to_bronze.column_coverage import missing_columns


def facts(
    key: str, names: str, source: str | None = None, form: FileFormat = FileFormat.DELIMITED
) -> FileFacts:
    return FileFacts(key, 1, "c", form, names=tuple(names.split()), source=source)


def test_missing_required_columns_are_listed_by_file() -> None:
    files = [
        facts("whole.csv", "order_id uid"),
        facts("no_user.csv", "tx_id amount"),
        facts("neither.csv", "a b"),
        facts("no_id.parquet", "userID", form=FileFormat.PARQUET),
        facts("unknown.csv", ""),
    ]
    assert missing_columns(files, contract()) == {
        "no_user.csv": ("user_id",),
        "neither.csv": ("tx_id", "user_id"),
        "no_id.parquet": ("tx_id",),
        "unknown.csv": ("tx_id", "user_id"),
    }


def test_a_source_applies_to_its_own_files_only() -> None:
    till = Source("till", "till/**", columns={"tx_id": "No", "user_id": "'walk-in'"})
    files = [
        facts("till/a.csv", "No", "till"),
        facts("till/b.csv", "tx_id", "till"),
        facts("other/a.csv", "No"),
        facts("gone.csv", "tx_id uid", "a source that was removed"),
    ]
    assert missing_columns(files, contract(till)) == {
        "till/b.csv": ("tx_id",),
        "other/a.csv": ("tx_id", "user_id"),
    }


def test_json_files_are_left_out() -> None:
    forms = (FileFormat.JSON_LINES, FileFormat.JSON_ARRAY, FileFormat.JSON_OBJECT)
    assert missing_columns([facts(form, "a", form=form) for form in forms], contract()) == {}
