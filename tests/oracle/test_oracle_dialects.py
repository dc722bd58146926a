"""The texts of random dialects are what they mean to be, and the oracle reads back what was written."""

from collections import Counter
from random import Random

from tests.oracle.dialects import dialect_case, dialect_file, make_dialects
from tests.oracle.files import look_at_file, records_of
from tests.oracle.mess_dialects import random_dialect_file
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import expected
from tests.oracle.sources import matches

SEEDS = range(400)


def look(tmp_path, file):
    path = tmp_path / "file"
    path.write_bytes(file.content)
    return look_at_file(file.dataset, file.key, path, {file.dataset: [file.source] if file.source else []})


def test_a_sound_text_is_read_as_it_was_written(tmp_path):
    wrong = []
    for seed in SEEDS:
        file = dialect_file(seed)
        if file.written is None:
            continue
        found = look(tmp_path, file)
        read = (
            [tuple(cell.text for _, cell in r.cells or ()) for r in records_of(found)]
            if found.is_valid
            else None
        )
        if read != list(file.written):
            wrong.append((seed, found.reason, found.detail, file.source, file.written, read))
    assert wrong == []


def test_the_seed_alone_makes_a_text():
    assert all(dialect_file(seed) == dialect_file(seed) for seed in (1, 2, 3))
    assert random_dialect_file(Random(1), "x").key.startswith("x/")


def test_a_source_matches_its_file_alone():
    files = [dialect_file(seed) for seed in range(60)]
    for file in files:
        if file.source is not None:
            assert [other.key for other in files if matches(file.source.glob, other.key)] == [file.key]


def test_the_texts_cover_what_can_happen():
    cases = [dialect_case(seed) for seed in SEEDS]
    counts = [count for case in cases for count in case.counts.values()]
    assert sum(count.reason is None for count in counts) > 0.9 * len(counts)
    assert {count.reason for count in counts} >= {None, "content_mismatch"}
    assert sum(count.rows_excluded > 0 for count in counts) > 10
    assert sum(count.rows_quarantined > 0 for count in counts) > 20
    assert sum(count.rows_promoted > 0 for count in counts) > 0.7 * len(counts)
    keys = Counter(key for case in cases for entry in case.entries for key in entry)
    assert {
        "delimiter",
        "quote",
        "escape",
        "columnNames",
        "skipLines",
        "footerLines",
        "header",
    } <= keys.keys()
    assert {"recordPath", "where", "fillDown", "columns", "encoding"} <= keys.keys()


def test_many_texts_fit_into_one_lake_that_is_not_blocked(tmp_path):
    sources = make_dialects(tmp_path, range(120))
    found = expected(tmp_path, AS_OF, sources)
    assert found.verdicts["bronze_to_silver"] == "warn"
    for seed in (3, 4, 5):
        case = dialect_case(seed)
        rows = [row for row in found.datasets[case.dataset].silver_rows if row[-2] in case.files]
        assert rows == case.silver_rows
