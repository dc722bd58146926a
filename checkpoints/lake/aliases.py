"""Second copies of files that Spark cannot open under their key, or cannot read as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO

from checkpoints.lake.layout import Place
from checkpoints.lake.local import LocalStorage
from checkpoints.lake.local_errors import explained
from contracts.inventory import FileFacts
from contracts.model import Zone

if TYPE_CHECKING:
    from checkpoints.lake.layout import Lake

NeedsAlias = Callable[[str], bool]
"""Tells whether Spark cannot be trusted to open a file of that key."""

IsForeign = Callable[[FileFacts, Callable[[], BinaryIO]], bool]
"""Tells from a valid file's facts and an opener of its content whether Spark cannot read it as it is."""

Rewrite = Callable[[BinaryIO, IO[bytes]], None]
"""Writes the rows of a foreign file so that Spark can read them."""

_REWRITTEN = "rewritten"


@dataclass(frozen=True, slots=True)
class Aliasing:
    """What decides about an alias. The byte-identical copy in BRONZE is there besides, whatever it says."""

    needs_alias: NeedsAlias
    is_foreign: IsForeign
    rewrite: Rewrite

    def make(
        self, lake: Lake, dataset: str, facts: FileFacts, origin: Place, version: str | None = None
    ) -> str | None:
        """Write a file's alias, if it needs one; return it relative to the zone's root.

        ``origin``: the file in RAW or BRONZE. Raises ``ObjectNotFound``, or ``PreconditionFailed`` when it is
        not of that version.
        """
        place = lake.bronze_alias(dataset, facts.key, facts.checksum)
        open_origin = partial(origin.storage.open, origin.path, version=version)
        if self.is_foreign(facts, open_origin):
            self._rewrite(open_origin, place)
        elif self.needs_alias(facts.key):
            place.copy_from(origin, source_version=version)
        else:
            return None
        return lake.area(Zone.BRONZE).below(place)

    def _rewrite(self, open_origin: Callable[[], BinaryIO], place: Place) -> None:
        with tempfile.TemporaryDirectory(prefix="lakegate-") as folder:
            with (
                open_origin() as source,
                explained("cannot write", folder),
                (Path(folder) / _REWRITTEN).open("wb") as target,
            ):
                self.rewrite(source, target)
            place.copy_from(Place(LocalStorage(Path(folder)), _REWRITTEN))
