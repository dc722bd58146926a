"""Names of the columns that the pipeline adds to those of a contract."""

from __future__ import annotations

from typing import Final

SOURCE_FILE: Final = "_source_file"  # key of the file below RAW that a row came from
EXTRA: Final = "_extra"  # JSON object of source columns without a contract column, or null
EVENT_DATE: Final = "event_date"  # partition of SILVER, where a contract derives it
UNDATED: Final = "1900-01-01"  # the event date of a row without a time

# Only in rows as read; dropped before SILVER.
RAW_TEXT: Final = "_raw"  # the record as written
WAIVED: Final = "_waived"  # the rules that a correction lifts for a record, or null
MALFORMED: Final = "_malformed"  # why a record cannot be parsed, or null
POSITION: Final = "_position"  # bigint, unique and ascending within a file; only expressions read it

# Prefixes of a column that describes a contract column.
UNCASTABLE_PREFIX: Final = "_uncastable_"  # the text that cannot be cast, or null
CURRENCY_PREFIX: Final = "_currency_"  # the currency written beside an amount, or null
DATE_ONLY_PREFIX: Final = "_date_only_"  # whether a time was written as a date alone
TOO_LONG_PREFIX: Final = "_too_long_"  # bytes in UTF-8 of a text beyond its limit, or null
