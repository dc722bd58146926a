"""The custom property ``sources``: what differs in one upstream's files (spec 4.0), checked early."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.inventory import DEFAULT_QUOTE
from contracts.model import DateOrder, Source

if TYPE_CHECKING:
    from collections.abc import Collection

    from contracts.errors import Place

_KEYS = (
    "name",
    "glob",
    "encoding",
    "delimiter",
    "header",
    "quote",
    "columns",
    "dateOrder",
    "decimalMark",
    "timezone",
)
_DECIMAL_MARKS = (".", ",")


def read_sources(value: object, columns: Collection[str], place: Place) -> tuple[Source, ...]:
    """Return the sources in their order (the first whose glob matches a key wins).

    Raises:
        ContractError: an unknown key, or a value that no file could be read with.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise place.error(f"sources must be a list, found {type(value).__name__}")
    sources = tuple(_read_source(item, columns, place.at(number)) for number, item in enumerate(value))
    names = [source.name for source in sources]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise place.at(number, "name").error(f"the source {name!r} stands twice")
    return sources


def _read_source(value: object, columns: Collection[str], place: Place) -> Source:
    if not isinstance(value, dict):
        raise place.error(f"a source must be a mapping, found {value!r}")
    for key in value:
        if key not in _KEYS:
            raise place.error(
                f"unknown key {key!r} in a source", next_step=f"a source has {', '.join(_KEYS)}"
            )
    delimiter, quote = _character(value, "delimiter", place), _character(value, "quote", place)
    if delimiter is not None and delimiter == (quote or DEFAULT_QUOTE):
        raise place.error(
            f"the delimiter cannot be the quote too, which is {delimiter!r}",
            next_step="name a quote that the files do not hold, if they quote nothing",
        )
    return Source(
        name=_required_text(value, "name", place),
        glob=_required_text(value, "glob", place),
        encoding=_encoding(value, place),
        delimiter=delimiter,
        header=_header(value, place),
        quote=quote,
        columns=_columns(value, columns, place),
        date_order=_date_order(value, place),
        decimal_mark=_decimal_mark(value, place),
        timezone=_timezone(value, place),
    )


def _text(value: dict[str, object], key: str, place: Place) -> str | None:
    found = value.get(key)
    if found is None or (isinstance(found, str) and found):
        return found
    raise place.at(key).error(f"{key} must be a text, found {found!r}", next_step="put it in quotes")


def _required_text(value: dict[str, object], key: str, place: Place) -> str:
    text = _text(value, key, place)
    if text is None:
        raise place.error(f"a source needs {key}")
    return text


def _encoding(value: dict[str, object], place: Place) -> str | None:
    name = _text(value, "encoding", place)
    if name is None:
        return None
    try:
        "".encode(codecs.lookup(name).name)  # a codec of bytes to bytes (rot13, zlib) is no encoding
    except (LookupError, ValueError) as error:
        raise place.at("encoding").error(
            f"{name!r} is no text encoding", next_step="name one that Python knows, such as windows-1252"
        ) from error
    return name


def _character(value: dict[str, object], key: str, place: Place) -> str | None:
    text = _text(value, key, place)
    if text is None or (len(text) == 1 and text not in "\r\n"):
        return text
    raise place.at(key).error(f"{key} must be one character, found {text!r}")


def _header(value: dict[str, object], place: Place) -> bool | None:
    found = value.get("header")
    if found is None or isinstance(found, bool):
        return found
    raise place.at("header").error(f"header must be true or false, found {found!r}")


def _columns(value: dict[str, object], columns: Collection[str], place: Place) -> dict[str, str]:
    found = value.get("columns")
    if found is None:
        return {}
    at = place.at("columns")
    if not isinstance(found, dict):
        raise at.error(f"columns must map contract columns to source columns, found {found!r}")
    for column, spec in found.items():
        if column not in columns:
            raise at.error(f"the contract has no column {column!r}", next_step=f"it has {', '.join(columns)}")
        if not isinstance(spec, str) or not spec.strip():
            raise at.at(column).error(
                f"a source column or Spark SQL expression is expected, found {spec!r}",
                next_step="put it in quotes",
            )
    return dict(found)


def _date_order(value: dict[str, object], place: Place) -> DateOrder | None:
    return read_date_order(value.get("dateOrder"), place.at("dateOrder"))


def read_date_order(value: object, place: Place) -> DateOrder | None:
    """Return a date order, or None when there is none. Raises ContractError for any other word."""
    if value is None:
        return None
    try:
        return DateOrder(str(value))
    except ValueError as error:
        raise place.error(f"dateOrder must be one of {', '.join(DateOrder)}, found {value!r}") from error


def _decimal_mark(value: dict[str, object], place: Place) -> str | None:
    mark = _text(value, "decimalMark", place)
    if mark is None or mark in _DECIMAL_MARKS:
        return mark
    raise place.at("decimalMark").error(f"decimalMark must be '.' or ',', found {mark!r}")


def _timezone(value: dict[str, object], place: Place) -> str | None:
    name = _text(value, "timezone", place)
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise place.at("timezone").error(
            f"{name!r} is no time zone", next_step="name one of IANA's, such as Europe/London"
        ) from error
    return name
