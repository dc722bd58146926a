"""Failures specific to folders: links, unfinished files, full disks, denied access."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checkpoints.lake.bronze import list_files
from checkpoints.lake.layout import Lake
from checkpoints.storage.errors import (
    LakeUnreadableError,
    PreconditionFailedError,
    StorageFullError,
    TerminalStorageError,
    TransientStorageError,
)
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.local_atomic import raise_translated
from checkpoints.storage.place import Place
from checkpoints.storage.storage import ABSENT
from checkpoints.storage.versioned_stream import open_version_checked
from tests.checkpoints.lake.ingesting import counts, run
from tests.killing import run_killed


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "lake")


def test_a_kill_at_any_moment_of_a_write_leaves_the_old_content_or_the_new(storage: LocalStorage) -> None:
    version = storage.write_bytes("p.json", b"old", expected=ABSENT)
    seen = set()
    change = 1
    while run_killed(
        lambda: storage.write_bytes("p.json", b"new", expected=version), storage.uri(""), change
    ):
        assert [info.path for info in storage.list("")] == ["p.json"]
        seen.add(storage.read_bytes("p.json"))
        if seen == {b"old", b"new"}:
            break
        change += 1
    assert change > 2
    assert storage.read_bytes("p.json") == b"new"


def test_a_kill_at_any_moment_of_a_copy_leaves_no_file_or_the_whole(storage: LocalStorage) -> None:
    content = b"x" * 10_000_000
    storage.write_bytes("raw/a", content)
    change = 1
    while run_killed(lambda: storage.copy_from(storage, "raw/a", "bronze/a"), storage.uri(""), change):
        assert [info.path for info in storage.list("bronze")] in ([], ["bronze/a"])
        assert storage.stat("bronze/a") is None or storage.read_bytes("bronze/a") == content
        change += 1
    assert change > 2
    assert storage.read_bytes("bronze/a") == content


def test_unfinished_files_of_killed_writers_are_not_listed_and_are_swept(storage: LocalStorage) -> None:
    change = 1
    while run_killed(lambda: storage.write_bytes("a/b", b"x"), storage.uri(""), change):
        change += 1
    left = list(Path(storage.uri("")).rglob("*.tmp"))
    assert left
    assert [info.path for info in storage.list("")] == ["a/b"]
    assert storage.sweep("", before=datetime.now(UTC) - timedelta(hours=1)) == 0
    assert storage.sweep("", before=datetime.now(UTC) + timedelta(hours=1)) == len(left)
    assert list(Path(storage.uri("")).rglob("*.tmp")) == []
    assert storage.read_bytes("a/b") == b"x"


def test_the_lock_of_a_killed_writer_is_released(storage: LocalStorage) -> None:
    storage.write_bytes("p", b"1", expected=ABSENT)

    def replace() -> str:
        found = storage.read_versioned("p")
        assert found is not None
        return storage.write_bytes("p", found[0] + b"1", expected=found[1])

    change = 1
    while run_killed(replace, storage.uri(""), change):
        replace()
        change += 1
    assert change > 4


def test_processes_that_count_together_lose_no_count(storage: LocalStorage) -> None:
    storage.write_bytes("count", b"0", expected=ABSENT)

    def count_to(end: int) -> None:
        counted = 0
        while counted < end:
            found = storage.read_versioned("count")
            assert found is not None
            with suppress(PreconditionFailedError):
                storage.write_bytes("count", str(int(found[0]) + 1).encode(), expected=found[1])
                counted += 1

    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            count_to(25)
            os._exit(0)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert storage.read_bytes("count") == b"100"


def test_a_file_that_grows_while_it_is_copied_is_detected(storage: LocalStorage) -> None:
    version = storage.write_bytes("raw/a", b"12345678")
    with open_version_checked(storage, "raw/a", version) as stream:
        assert stream.read(4) == b"1234"
        with Path(storage.uri("raw/a")).open("ab") as file:
            file.write(b"9")
        assert stream.read(4) == b"5678"
        with pytest.raises(PreconditionFailedError, match="a file was changed while it was copied"):
            stream.read(4)


def test_links_are_followed_but_never_in_circles(storage: LocalStorage, tmp_path: Path) -> None:
    storage.write_bytes("raw/a/file", b"one")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "there").write_bytes(b"two")
    raw = Path(storage.uri("raw"))
    (raw / "linked").symlink_to(elsewhere)
    (raw / "a" / "circle").symlink_to(raw)
    (raw / "link").symlink_to(elsewhere / "there")
    os.mkfifo(raw / "pipe")
    found = {info.path: info.size_bytes for info in storage.list("raw")}
    assert found == {"raw/a/file": 3, "raw/linked/there": 3, "raw/link": 3}


def test_a_broken_link_is_an_unreadable_file(tmp_path: Path) -> None:
    lake = Lake(Place(LocalStorage(tmp_path)))
    lake.raw("events").child("good.csv").write_bytes(b"good")
    (tmp_path / "raw/events/gone.csv").symlink_to(tmp_path / "nowhere")
    (tmp_path / "raw/events/self.csv").symlink_to(tmp_path / "raw/events/self.csv")
    for expected in ({"valid": 1, "unreadable": 2}, {"unchanged": 1, "unreadable": 2}):
        assert counts(run(lake)) == expected
    (tmp_path / "nowhere").write_bytes(b"there now")
    assert counts(run(lake)) == {"valid": 1, "unchanged": 1, "unreadable": 1}


def test_names_of_invalid_utf_8_are_valid_keys(tmp_path: Path) -> None:
    lake = Lake(Place(LocalStorage(tmp_path)))
    (tmp_path / "raw/events").mkdir(parents=True)
    for name in (b"latin-\xe9.csv", b"bad-\xe9.csv"):
        Path(os.fsdecode(os.fsencode(tmp_path / "raw/events") + b"/" + name)).write_bytes(
            b"!empty" if name.startswith(b"bad") else b"x"
        )
    assert counts(run(lake)) == {"valid": 1, "empty": 1}
    assert counts(run(lake)) == {"unchanged": 1, "empty": 1}
    assert [file.key for file in list_files(lake.bronze("events"))] == ["latin-\udce9.csv"]


def test_folders_may_be_nested_deeper_than_python_recurses(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    path = "/".join("d" * 1050) + "/f"
    storage.write_bytes(path, b"deep")
    assert [info.path for info in storage.list("")] == [path]
    subprocess.run(["rm", "-r", tmp_path / "d"], check=True)  # pytest could not: it recurses


@pytest.mark.parametrize("path", ["../outside", "a/../../b", "a//b", "/etc/x", "a/./b", "nul\0"])
def test_a_key_never_leads_out_of_the_lake(storage: LocalStorage, path: str) -> None:
    with pytest.raises(TerminalStorageError, match="a key that cannot be a path in a folder"):
        storage.write_bytes(path, b"x")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, StorageFullError, "cannot write: /lake/f, found no space left"),
        (errno.EDQUOT, StorageFullError, "free space there or move the lake, then run again"),
        (errno.EACCES, LakeUnreadableError, "found permission denied; give this user access to it"),
        (errno.EROFS, LakeUnreadableError, "read-only file system"),
        (errno.EIO, TransientStorageError, "input/output error"),
        (errno.ENAMETOOLONG, TerminalStorageError, "file name too long"),
    ],
)
def test_errors_of_the_operating_system_are_translated_by_kind(
    number: int, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind) as caught:
        raise_translated(OSError(number, os.strerror(number)), "cannot write", "/lake/f")
    assert words.lower() in str(caught.value).lower()


def test_a_write_that_fails_half_way_leaves_no_file(storage: LocalStorage) -> None:
    """A file size limit fails a write half-way, as a full disk does."""
    storage.write_bytes("p", b"old")

    def write_beyond_the_limit() -> None:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        with pytest.raises(TerminalStorageError, match="cannot write"):
            storage.write_bytes("p", b"n" * 100_000)
        with pytest.raises(TerminalStorageError, match="cannot write"):
            storage.write_bytes("new", b"n" * 100_000)

    assert not run_killed(write_beyond_the_limit, storage.uri(""), 10_000)
    assert {info.path for info in storage.list("")} == {"p"}
    assert storage.read_bytes("p") == b"old"
    assert list(Path(storage.uri("")).rglob("*.tmp")) == []


def test_a_root_that_is_missing_or_not_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LakeUnreadableError, match=r"the folder does not exist: .*/none; create it"):
        LocalStorage(tmp_path / "none").ensure_readable()
    with pytest.raises(LakeUnreadableError, match=r"not a folder: .*/file"):
        LocalStorage(tmp_path / "file").ensure_readable()
    LocalStorage(tmp_path).ensure_readable()


def test_a_folder_without_access_is_an_error(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "lake")
    storage.write_bytes("a/b", b"x")

    def access_as_another_user() -> None:
        os.setuid(65534)
        with pytest.raises(LakeUnreadableError, match="found permission denied; give this user access"):
            list(storage.list("a"))
        with pytest.raises(LakeUnreadableError, match="cannot write"):
            storage.write_bytes("new", b"x")

    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    Path(storage.uri("")).chmod(0o700)
    tmp_path.chmod(0o755)
    assert not run_killed(access_as_another_user, storage.uri(""), 10_000)
