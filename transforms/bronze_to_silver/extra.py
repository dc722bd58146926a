"""What becomes of columns nobody promised: ``_extra`` (spec 4.1)."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TYPE_CHECKING

from transforms.bronze_to_silver.text import clean_text, is_null_word

if TYPE_CHECKING:
    from collections.abc import Iterable


def extra_text(unknown: Iterable[tuple[str, Iterable[str | None]]]) -> str | None:
    """Return the JSON object of unknown columns that hold something, in the order given.

    Args:
        unknown: a normalised name, each once, and the texts of the columns of that name in file order; the
            first that is a value by the string rules is taken.

    >>> extra_text([("a", (None, " n/a", " x ")), ("b", ("",))]), extra_text([])
    ('{"a":"x"}', None)
    """
    members = []
    for name, texts in unknown:
        cleaned = (clean_text(text) for text in texts if text is not None)
        held = next((text for text in cleaned if not is_null_word(text)), None)
        if held is not None:
            members.append(f"{encode_basestring(name)}:{encode_basestring(held)}")
    return "{" + ",".join(members) + "}" if members else None
