"""Local storage that records the paths of documents read and written, and the folders listed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.storage.local import LocalStorage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checkpoints.storage.storage import Absent, ObjectInfo


class RecordingStorage(LocalStorage):
    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.read: list[str] = []
        self.written: list[str] = []
        self.listed: list[str] = []

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        self.listed.append(folder)
        return super().list(folder)

    def read_bytes(self, path: str) -> bytes:
        self.read.append(path)
        return super().read_bytes(path)

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        self.read.append(path)
        return super().read_versioned(path)

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        self.written.append(path)
        return super().write_bytes(path, data, expected=expected)
