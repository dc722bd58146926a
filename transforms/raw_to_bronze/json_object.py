"""Decide whether a text that arrives in chunks is one JSON object as a whole."""

from __future__ import annotations

from transforms.raw_to_bronze.json_values import (
    BLANKS,
    FIRST_LOOK,
    LONGEST_VALUE,
    HeldText,
    KeyList,
    OpenValueError,
    parse,
    read_value,
    skip_blanks,
)


class JsonObject:
    """Takes a text that begins with ``{``. Memory: the object; of any other text, its first part."""

    def __init__(self) -> None:
        self._is_possible = True
        self._keys = KeyList()
        self._is_read = False
        self._held = HeldText()
        self._next_look = FIRST_LOOK

    @property
    def names(self) -> tuple[str, ...]:
        """The object's keys."""
        return self._keys.names

    def feed(self, text: str) -> None:
        """Take the next chunk."""
        if self._is_read:
            self._is_possible = self._is_possible and not text.strip(BLANKS)
        elif self._is_possible:
            self._held.add(text)
            if self._held.length >= self._next_look:
                # A failed look costs as much as a whole one: so there are few.
                self._next_look = min(4 * self._held.length, LONGEST_VALUE + 1)
                self._look()

    def finish(self) -> bool:
        """Return whether the whole text is one object."""
        if self._is_possible and not self._is_read:
            try:
                self._keys.add(parse(self._held.look()))
            except ValueError:
                self._is_possible = False
        return self._is_possible

    def _look(self) -> None:
        text = self._held.look()
        try:
            value, end = read_value(text, skip_blanks(text, 0))
        except OpenValueError:
            self._is_possible = len(text) <= LONGEST_VALUE
        except ValueError:
            self._is_possible = False
        else:
            self._is_read = True
            self._is_possible = end <= LONGEST_VALUE and not text[end:].strip(BLANKS)
            self._keys.add(value)
        if self._is_read or not self._is_possible:
            self._held.replace("")
