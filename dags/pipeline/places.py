"""A place in the lake as two functions, which is all that docs and metrics know of storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.lake.errors import ObjectNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.lake.layout import Place


def reader(root: Place) -> Callable[[str], bytes | None]:
    """Return what reads a file below a place, None when there is none."""

    def read(path: str) -> bytes | None:
        try:
            return root.child(path).read_bytes()
        except ObjectNotFound:
            return None

    return read


def writer(root: Place) -> Callable[[str, bytes], None]:
    """Return what writes a file below a place."""

    def write(path: str, content: bytes) -> None:
        root.child(path).write_bytes(content)

    return write
