"""A place in the lake as a few functions, which are all that docs and metrics know of storage."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING

from checkpoints.lake.errors import ObjectNotFound, PreconditionFailed
from checkpoints.lake.storage import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from checkpoints.lake.layout import Place

_MOST_ATTEMPTS = 20
_PAUSE_SECONDS = 0.02


def reader(root: Place) -> Callable[[str], bytes | None]:
    """Return what reads a file below a place, None when there is none."""

    def read(path: str) -> bytes | None:
        try:
            return root.child(path).read_bytes()
        except ObjectNotFound:
            return None

    return read


def exchanger(root: Place) -> Callable[[str, Callable[[bytes | None], bytes]], bytes]:
    """Return what replaces a file by what a function makes of it, also when others do the same at once."""

    def exchange(path: str, change: Callable[[bytes | None], bytes]) -> bytes:
        place = root.child(path)
        attempts = 0
        while True:
            found = place.storage.read_versioned(place.path)
            content, version = found or (None, ABSENT)
            changed = change(content)
            try:
                place.write_bytes(changed, expected=version)
            except PreconditionFailed:
                attempts += 1
                if attempts == _MOST_ATTEMPTS:
                    raise
                sleep(_PAUSE_SECONDS * attempts)
            else:
                return changed

    return exchange


def writer(root: Place) -> Callable[[str, bytes], None]:
    """Return what writes a file below a place."""

    def write(path: str, content: bytes) -> None:
        root.child(path).write_bytes(content)

    return write
