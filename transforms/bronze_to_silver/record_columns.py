"""Names of the working columns of records between reading and casting.

Each contains a blank, which keeps them apart from a source's own columns.
"""

from __future__ import annotations

from typing import Final

TEXT: Final = "lakegate text"  # the record as written
RAW_RECORD: Final = "lakegate raw"  # the record as quarantine keeps it
FLAW: Final = "lakegate flaw"  # why the record cannot be parsed, or null
CURRENCY: Final = "lakegate currency"  # of the record's amounts, where the source has a column for it
CORRECTED: Final = "lakegate corrected"  # row ids of the corrections applied to the record, or null
DISCARDED: Final = "lakegate discarded"  # whether a correction leaves the record out
EXCLUDED: Final = "lakegate excluded"  # whether the source's condition excludes the record


def text_column(column: str) -> str:
    """Return the name of the column with the text of a contract column's cells."""
    return f"lakegate text {column}"


def is_typed_column(column: str) -> str:
    """Return the name of the flag column: the source value was typed (a JSON number), not text."""
    return f"lakegate is typed {column}"


def moment_column(column: str) -> str:
    """Return the name of the column with a contract column's typed times."""
    return f"lakegate moment {column}"


def failure_column(column: str) -> str:
    """Return the name of the column with the inputs of a contract column's failed computations."""
    return f"lakegate failure {column}"
