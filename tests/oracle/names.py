"""Section 4.1, the names of columns: from a header's odd spelling to the contract's column."""

import unicodedata

from tests.oracle.contract import COLUMNS, aliases

_STRIPPED = "\ufeff\"'`"


def normalise(name: str) -> str:
    """`"User ID"` and `userId` are both `user_id`."""
    start, end = 0, len(name)
    while start < end and (name[start] in _STRIPPED or name[start].isspace()):
        start += 1
    while end > start and (name[end - 1] in _STRIPPED or name[end - 1].isspace()):
        end -= 1
    words = ""
    for character in _split_camel_case(name[start:end]).lower():
        words += character if _is_letter_or_digit(character) else "_"
    while "__" in words:
        words = words.replace("__", "_")
    return words.strip("_")


def _split_camel_case(name: str) -> str:
    split = ""
    for i, character in enumerate(name):
        before = name[i - 1] if i else ""
        after = name[i + 1] if i + 1 < len(name) else ""
        starts_word = character.isupper() and (
            before.islower() or before.isdigit() or (before.isupper() and after.islower())
        )
        split += "_" + character if starts_word else character
    return split


def _is_letter_or_digit(character: str) -> bool:
    return unicodedata.category(character)[0] == "L" or unicodedata.category(character) == "Nd"


def contract_column(dataset: str, name: str) -> str | None:
    """The contract's column of a source column's name, or None."""
    normalised = normalise(name)
    if not normalised:
        return None
    for column in COLUMNS[dataset]:
        if normalised in (column.name, *aliases(dataset, column.name)):
            return column.name
    for column in COLUMNS[dataset]:
        for known in (column.name, *aliases(dataset, column.name)):
            if normalised.replace("_", "") == known.replace("_", ""):
                return column.name
    return None
