"""What the reading of a whole text tells about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contracts.inventory import FileFormat


@dataclass(frozen=True, slots=True)
class Told:
    """A text's form and layout; ``mismatch`` or ``corruption`` say why it is none, in one clause."""

    format: FileFormat
    delimiter: str | None = None
    quote: str = '"'
    header: bool = False
    multiline: bool = False
    names: tuple[str, ...] = ()
    rows: int | None = None
    mismatch: str = ""
    corruption: str = ""
