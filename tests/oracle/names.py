"""Section 4.1, the names of columns: from a header's odd spelling to the contract's column."""

import unicodedata

from tests.oracle.contract import Contract, aliases

_STRIPPED = "\ufeff\"'`"


def strip_name(name: str) -> str:
    """A source column's name without BOM, quotes, backticks and blanks around it."""
    start, end = 0, len(name)
    while start < end and (name[start] in _STRIPPED or name[start].isspace()):
        start += 1
    while end > start and (name[end - 1] in _STRIPPED or name[end - 1].isspace()):
        end -= 1
    return name[start:end]


def normalise(name: str) -> str:
    """`"User ID"` and `userId` are both `user_id`."""
    words = ""
    for character in _split_camel_case(strip_name(name)).lower():
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


def contract_column(contract: Contract, name: str) -> str | None:
    """The contract's column of a source column's name, or None."""
    normalised = normalise(name)
    if not normalised:
        return None
    spellings = [
        (spelling, column.name)
        for column in contract.columns
        for spelling in (column.name, *aliases(contract.dataset, column.name))
    ]
    for spelling, column in spellings:
        if normalised == spelling:
            return column
    for spelling, column in spellings:
        if normalised.replace("_", "") == spelling.replace("_", ""):
            return column
    return None
