"""Behaviour of every storage: local folder and S3 bucket."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from checkpoints.storage.errors import ObjectNotFoundError, PreconditionFailedError, UnsupportedLakeError
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.opening import open_storage
from checkpoints.storage.storage import ABSENT, Storage

ODD_KEYS = [
    "a\nline break.csv",
    "100%.csv",
    "%41.csv",
    "_begins low.csv",
    "a+b&c<d>.csv",
    "caf\u00e9.csv",
    "cafe\u0301.csv",
    "question?#hash.csv",
    "10:30.csv",
    "[glob]{a,b}*.csv",
    "\u65e5\u672c/\U0001f600.csv",
    " blanks .csv",
    "back\\slash.csv",
    "bell\x07.csv",
]


def test_what_is_written_is_read_back(storage: Storage) -> None:
    storage.write_bytes("a/b.json", b"one")
    assert storage.read_bytes("a/b.json") == b"one"
    storage.write_bytes("a/b.json", b"two")
    assert storage.read_bytes("a/b.json") == b"two"


def test_a_missing_file_is_none_to_stat_and_an_error_to_read(storage: Storage) -> None:
    assert storage.stat("a/none") is None
    assert storage.read_versioned("a/none") is None
    with pytest.raises(ObjectNotFoundError, match="a/none"):
        storage.read_bytes("a/none")
    with pytest.raises(ObjectNotFoundError, match="a/none"):
        storage.open("a/none")


def test_keys_of_any_characters_are_kept(storage: Storage) -> None:
    for key in ODD_KEYS:
        storage.write_bytes(f"raw/{key}", key.encode())
    assert {info.path for info in storage.list("raw")} == {f"raw/{key}" for key in ODD_KEYS}
    for key in ODD_KEYS:
        assert storage.read_bytes(f"raw/{key}") == key.encode()
        storage.copy_from(storage, f"raw/{key}", f"bronze/{key}")
        assert storage.read_bytes(f"bronze/{key}") == key.encode()
    storage.delete_folder("raw")
    assert list(storage.list("raw")) == []
    assert len(list(storage.list("bronze"))) == len(ODD_KEYS)


def test_a_listing_is_deep_and_ordered_by_the_bytes_of_the_keys(storage: Storage) -> None:
    for key in ["a/z", "a.b", "a", "B", "a0", "\u00e9", "a/b/c/d"]:
        storage.write_bytes(f"folder/{key}/f", b"x")
    storage.write_bytes("folder2/not here", b"x")
    storage.write_bytes("folder.txt", b"x")
    keys = [info.path.removeprefix("folder/") for info in storage.list("folder")]
    assert keys == sorted(keys, key=str.encode)
    assert keys == ["B/f", "a.b/f", "a/b/c/d/f", "a/f", "a/z/f", "a0/f", "\u00e9/f"]


def test_a_listing_shows_size_and_version_and_time(storage: Storage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    version = storage.write_bytes("a/b", b"four")
    (info,) = storage.list("a")
    assert (info.path, info.size_bytes, info.version) == ("a/b", 4, version)
    assert before <= info.modified <= datetime.now(UTC) + timedelta(seconds=2)
    assert info == storage.stat("a/b")


def test_a_missing_folder_lists_nothing(storage: Storage) -> None:
    assert list(storage.list("nowhere")) == []
    assert list(storage.list_folders("nowhere")) == []


def test_a_listing_of_more_than_one_page_is_complete(storage: Storage) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: storage.write_bytes(f"many/{n:04}", b""), range(1100)))
    assert [info.path for info in storage.list("many")] == [f"many/{n:04}" for n in range(1100)]
    storage.delete_folder("many")
    assert list(storage.list("many")) == []


def test_folders_are_listed_one_level_deep(storage: Storage) -> None:
    for path in ["z/v2/a/b", "z/v1/c", "z/file", "other/v3/d"]:
        storage.write_bytes(path, b"x")
    assert list(storage.list_folders("z")) == ["v1", "v2"]
    assert list(storage.list_folders("")) == ["other", "z"]


def test_a_renamed_folder_keeps_its_files_and_no_other_is_touched(storage: Storage) -> None:
    for path in ["v1/_day=1/a/b", "v1/_day=1/c", "v1/_day=10/d"]:
        storage.write_bytes(path, path.encode())
    storage.rename_folder("v1/_day=1", "v1/day=1")
    assert [info.path for info in storage.list("v1")] == ["v1/_day=10/d", "v1/day=1/a/b", "v1/day=1/c"]
    assert storage.read_bytes("v1/day=1/c") == b"v1/_day=1/c"


def test_a_write_that_expects_nothing_there_creates_once(storage: Storage) -> None:
    storage.write_bytes("p.json", b"first", expected=ABSENT)
    with pytest.raises(PreconditionFailedError, match=r"expected nothing there, found version"):
        storage.write_bytes("p.json", b"second", expected=ABSENT)
    assert storage.read_bytes("p.json") == b"first"


def test_a_write_that_expects_a_version_replaces_only_that_one(storage: Storage) -> None:
    one = storage.write_bytes("p.json", b"1", expected=ABSENT)
    two = storage.write_bytes("p.json", b"2", expected=one)
    with pytest.raises(PreconditionFailedError, match=f"expected version {one}, found version {two}"):
        storage.write_bytes("p.json", b"3", expected=one)
    assert storage.read_versioned("p.json") == (b"2", two)


def test_a_write_that_expects_a_version_fails_where_nothing_is(storage: Storage) -> None:
    with pytest.raises(PreconditionFailedError, match="found nothing there"):
        storage.write_bytes("p.json", b"3", expected='"1-1"')
    assert storage.stat("p.json") is None


def test_every_version_of_a_document_differs_from_the_one_before(storage: Storage) -> None:
    version = storage.write_bytes("p.json", b"00", expected=ABSENT)
    for n in range(1, 30):
        newer = storage.write_bytes("p.json", b"%02d" % n, expected=version)
        assert newer != version
        version = newer


def test_exactly_one_of_the_writers_that_expect_a_version_succeeds(storage: Storage) -> None:
    first = storage.write_bytes("p.json", b"start", expected=ABSENT)

    def write(n: int) -> bool:
        try:
            storage.write_bytes("p.json", b"writer %d" % n, expected=first)
        except PreconditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(8))) == 1


def test_a_copy_has_the_same_bytes_and_its_own_metadata(storage: Storage) -> None:
    version = storage.write_bytes("raw/a", b"bytes")
    copied = storage.copy_from(storage, "raw/a", "bronze/a", source_version=version)
    assert storage.read_bytes("bronze/a") == b"bytes"
    assert copied == storage.stat("bronze/a")


def test_a_copy_of_another_version_than_expected_is_refused(storage: Storage) -> None:
    old = storage.write_bytes("raw/a", b"old")
    storage.write_bytes("raw/a", b"newer")
    storage.write_bytes("bronze/a", b"kept")
    with pytest.raises(PreconditionFailedError):
        storage.copy_from(storage, "raw/a", "bronze/a", source_version=old)
    with pytest.raises(PreconditionFailedError):
        storage.open("raw/a", version=old)
    assert storage.read_bytes("bronze/a") == b"kept"


def test_a_copy_of_a_missing_file_is_an_error_and_leaves_nothing(storage: Storage) -> None:
    with pytest.raises(ObjectNotFoundError, match="raw/none"):
        storage.copy_from(storage, "raw/none", "bronze/a")
    assert storage.stat("bronze/a") is None


def test_a_copy_goes_between_kinds_of_storage(
    storage: Storage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = LocalStorage(tmp_path_factory.mktemp("other"))
    version = other.write_bytes("a", b"from a folder")
    assert storage.copy_from(other, "a", "b", source_version=version) == storage.stat("b")
    there = other.copy_from(storage, "b", "c")
    assert other.read_bytes("c") == b"from a folder"
    assert there.size_bytes == 13
    other.write_bytes("a", b"changed")
    with pytest.raises(PreconditionFailedError):
        storage.copy_from(other, "a", "b", source_version=version)
    assert storage.read_bytes("b") == b"from a folder"


def test_an_open_file_can_be_read_from_anywhere(storage: Storage) -> None:
    storage.write_bytes("f", bytes(range(256)) * 20)
    with storage.open("f") as stream:
        assert stream.read(4) == b"\x00\x01\x02\x03"
        stream.seek(-2, 2)
        assert stream.read() == b"\xfe\xff"
        assert stream.read() == b""
        stream.seek(256)
        assert stream.read(2) == b"\x00\x01"
        assert stream.tell() == 258


def test_deleting_a_missing_file_has_no_effect(storage: Storage) -> None:
    storage.delete("none")
    storage.delete_folder("none")
    storage.write_bytes("a/b", b"x")
    storage.delete("a/b")
    assert storage.stat("a/b") is None


def test_a_folder_is_not_a_file(storage: Storage) -> None:
    storage.write_bytes("a/b", b"x")
    assert storage.stat("a") is None


@pytest.mark.parametrize("uri", ["", "gs://bucket/x", "s3://", "file://host/x", "file://", "hdfs://n/x"])
def test_an_unsupported_uri_is_an_error(uri: str) -> None:
    with pytest.raises(UnsupportedLakeError) as caught:
        open_storage(uri)
    assert "expected" in str(caught.value)


@pytest.mark.parametrize(
    ("uri", "path", "spark"),
    [
        ("/data/my lake%20", "/data/my lake%20/a b", "file:///data/my lake%20/a b"),
        ("file:///data/my%20lake", "/data/my lake/a b", "file:///data/my lake/a b"),
        ("file:/data/x/", "/data/x/a b", "file:///data/x/a b"),
        ("s3://bucket", "s3://bucket/a b", "s3a://bucket/a b"),
        ("s3a://bucket/pre/fix/", "s3://bucket/pre/fix/a b", "s3a://bucket/pre/fix/a b"),
    ],
)
def test_the_storage_is_chosen_by_the_uri(uri: str, path: str, spark: str) -> None:
    storage = open_storage(uri)
    assert storage.uri("a b") == path
    assert storage.spark_uri("a b") == spark


def test_a_pickled_storage_reads_the_same_files(storage: Storage) -> None:
    storage.write_bytes("a/b.json", b"one")
    elsewhere = pickle.loads(pickle.dumps(storage))
    assert elsewhere.uri("a/b.json") == storage.uri("a/b.json")
    assert elsewhere.read_bytes("a/b.json") == b"one"


def test_writing_a_file_replaces_an_older_one(storage: Storage) -> None:
    for content in (b"one", b"another"):
        storage.write_file("a/b.parquet", content)
        assert storage.read_bytes("a/b.parquet") == content
    assert [info.path for info in storage.list("a")] == ["a/b.parquet"]
