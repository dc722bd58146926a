"""Third-party files, byte for byte (where they come from: ``tests/fixtures/README.md``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.inventory import FileFacts, FileFormat, Reason
from contracts.model import Contract, Source
from tests.transforms.raw_to_bronze.example import contract
from transforms.raw_to_bronze.inspect_file import inspect_file

FIXTURES = Path(__file__).parents[2] / "fixtures"

DELIMITED, LINES, ARRAY = FileFormat.DELIMITED, FileFormat.JSON_LINES, FileFormat.JSON_ARRAY
MISMATCH, GZIP, TEXT = Reason.CONTENT_MISMATCH, Reason.CORRUPT_GZIP, Reason.UNDECODABLE

HOSTILE: dict[str, tuple[Reason | None, FileFormat | None]] = {
    "csv_bad_csv_file_2047.csv": (MISMATCH, DELIMITED),
    "csv_csv_quoted_newline_odd.csv": (MISMATCH, DELIMITED),
    "csv_inconsistent_cells.csv": (MISMATCH, DELIMITED),
    "csv_mixed_format_fail.csv": (MISMATCH, DELIMITED),
    "csv_mt_characters.csv": (TEXT, DELIMITED),
    "csv_mt_sparse_with_column_errors.csv": (TEXT, DELIMITED),
    "csv_mt_weird_head_padding.csv": (MISMATCH, DELIMITED),
    "csv_nullbyte_header.csv": (MISMATCH, DELIMITED),
    "csv_spectrum_json.csv": (MISMATCH, DELIMITED),
    "csv_timestamp_timezone.csv": (MISMATCH, DELIMITED),
    "gz_CVE-2002-0059.csv.gz": (GZIP, DELIMITED),
    "gz_CVE-2005-1849.csv.gz": (GZIP, DELIMITED),
    "gz_duck_multiple_line_too_long.csv.gz": (MISMATCH, DELIMITED),
    "gz_flate2_multi_member.txt.gz": (MISMATCH, DELIMITED),
    "gz_tarball_pigz.txt.gz": (TEXT, None),
    "json_duck_duplicate_key.ndjson": (None, LINES),
    "json_duck_multiple_objects_per_line.ndjson": (None, FileFormat.CONCATENATED_JSON),
    "json_duck_top_level_two_arrays.json": (Reason.CORRUPT_JSON, ARRAY),
    "json_duck_unterminated_quotes.ndjson": (None, LINES),
    "json_i_number_huge_exp.json": (None, ARRAY),
    "json_i_string_UTF-16LE_with_BOM.json": (None, ARRAY),
    "json_n_number_NaN.json": (None, ARRAY),
    "json_n_structure_array_trailing_garbage.json": (Reason.CORRUPT_JSON, ARRAY),
    "json_n_structure_no_data.json": (Reason.EMPTY, None),
    "pq_ARROW-GH-41321.parquet": (Reason.CORRUPT_PARQUET, FileFormat.PARQUET),
    "pq_ARROW-GH-47662.parquet": (Reason.CORRUPT_PARQUET, FileFormat.PARQUET),
    "pq_ARROW-RS-GH-6229-LEVELS.parquet": (Reason.CORRUPT_PARQUET, FileFormat.PARQUET),
    "pq_duck_duckdb_fuzzer_4384.parquet": (Reason.CORRUPT_PARQUET, FileFormat.PARQUET),
    "pq_nation.dict-malformed.parquet": (MISMATCH, FileFormat.PARQUET),  # it can be read
}

SOURCE = Source(
    "real",
    "**",
    columns={
        "tx_id": "coalesce(InvoiceNo, transaction_id, order_id, id)",
        "user_id": "coalesce(CustomerID, customer_id, 'walk-in')",
    },
)


def inspect(path: Path, judged_by: Contract) -> FileFacts:
    return inspect_file(path.name, path.stat().st_size, lambda: path.open("rb"), judged_by)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_inspected_without_a_crash(name: str) -> None:
    found = inspect(FIXTURES / "hostile" / name, contract())
    assert (found.reason, found.format) == HOSTILE[name]


def test_every_hostile_file_has_its_expectation() -> None:
    assert {path.name for path in (FIXTURES / "hostile").iterdir()} == {*HOSTILE, "MANIFEST.json"}


@pytest.mark.parametrize(
    ("folder", "pattern", "files", "layout"),
    [
        ("online_retail", "*.csv", 2, (DELIMITED, "none", ",", True, False, 8, None)),
        ("dirty_cafe", "*.csv", 1, (DELIMITED, "none", ",", True, False, 8, None)),
        ("kylo_users", "*.csv", 2, (DELIMITED, "none", ",", True, False, 13, None)),
        ("kylo_users", "*.parquet", 2, (FileFormat.PARQUET, "none", None, False, False, 13, 1000)),
        ("opensearch", "ecommerce.json.gz", 1, (LINES, "gzip", None, False, False, 24, None)),
        ("opensearch", "logs.json.gz", 1, (LINES, "gzip", None, False, False, 20, None)),
    ],
)
def test_real_data_sets_are_accepted_with_a_source(
    folder: str, pattern: str, files: int, layout: tuple[object, ...]
) -> None:
    found = [inspect(path, contract(SOURCE)) for path in sorted((FIXTURES / "data" / folder).glob(pattern))]
    assert len(found) == files
    for facts in found:
        assert (
            facts.format,
            facts.compression,
            facts.delimiter,
            facts.header,
            facts.multiline,
            len(facts.names),
            facts.rows,
        ) == layout, facts
        assert (facts.reason, facts.encoding, facts.source) == (None, "utf-8", "real")
