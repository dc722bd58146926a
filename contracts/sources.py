"""Parsing of the custom property ``sources``: reading options by upstream (spec 4.0)."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contracts.column_names import strip_name
from contracts.inventory import DEFAULT_QUOTE
from contracts.model import DateOrder, Source
from contracts.odcs import Values, read_texts

if TYPE_CHECKING:
    from collections.abc import Collection

    from contracts.errors import YamlLocation

_KEYS = (
    "name",
    "glob",
    "encoding",
    "delimiter",
    "quote",
    "escape",
    "header",
    "columnNames",
    "skipLines",
    "footerLines",
    "recordPath",
    "where",
    "fillDown",
    "columns",
    "formats",
    "dateOrder",
    "decimalMark",
    "timezone",
    "nullWords",
    "currencySigns",
    "currency",
    "minorUnits",
)
_DECIMAL_MARKS = (".", ",")


def read_sources(value: object, columns: Collection[str], location: YamlLocation) -> tuple[Source, ...]:
    """Return the sources in their order (the first whose glob matches a key wins).

    Raises:
        ContractError: an unknown key or an invalid value.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        raise location.error(f"sources must be a list, found {type(value).__name__}")
    sources = tuple(_read_source(entry, columns, location.at(number)) for number, entry in enumerate(value))
    names = [source.name for source in sources]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise location.at(number, "name").error(f"duplicate source {name!r}")
    return sources


def read_date_order(value: object, location: YamlLocation) -> DateOrder | None:
    """Return a date order, or None if it is not set. Raises ContractError for an unknown one."""
    if value is None:
        return None
    try:
        return DateOrder(str(value))
    except ValueError as error:
        raise location.error(f"dateOrder must be one of {', '.join(DateOrder)}, found {value!r}") from error


def _read_source(entry: object, columns: Collection[str], location: YamlLocation) -> Source:
    if not isinstance(entry, dict):
        raise location.error(f"a source must be a mapping, found {entry!r}")
    for key in entry:
        if key not in _KEYS:
            raise location.error(f"unknown key {key!r} in a source", next_step=f"known: {', '.join(_KEYS)}")
    values = _Entry(entry, location)
    source = Source(
        name=values.required_text("name"),
        glob=values.required_text("glob"),
        encoding=values.encoding(),
        delimiter=values.delimiter(),
        quote=values.character("quote"),
        escape=values.character("escape"),
        header=values.flag("header"),
        column_names=values.texts("columnNames", may_be_empty=False) or (),
        skip_lines=values.count("skipLines"),
        footer_lines=values.count("footerLines"),
        record_path=values.record_path(),
        where=values.text("where"),
        fill_down=values.texts("fillDown", may_be_empty=False) or (),
        columns=values.columns(columns),
        formats=values.formats(columns),
        date_order=read_date_order(entry.get("dateOrder"), location.at("dateOrder")),
        decimal_mark=values.decimal_mark(),
        timezone=values.timezone(),
        null_words=values.texts("nullWords"),
        currency_signs=values.currency_signs(),
        currency=values.text("currency"),
        minor_units=bool(values.flag("minorUnits")),
    )
    _check_dialect(source, location)
    _check_combinations(source, location)
    return source


def _check_dialect(source: Source, location: YamlLocation) -> None:
    """Raise ContractError if delimiter, quote and escape are not distinct."""
    quote = source.quote or DEFAULT_QUOTE
    if source.delimiter is not None and quote in source.delimiter:
        raise location.at("delimiter").error(
            f"the delimiter {source.delimiter!r} contains the quote {quote!r}",
            next_step="if the files quote nothing, set a quote that does not occur in them",
        )
    if source.escape is not None and (source.escape == quote or source.escape in (source.delimiter or "")):
        raise location.at("escape").error(
            f"the escape {source.escape!r} is the quote or part of the delimiter",
            next_step="remove it if quotes are doubled, which needs no escape",
        )


def _check_combinations(source: Source, location: YamlLocation) -> None:
    """Raise ContractError for contradicting keys."""
    names = [strip_name(name) for name in source.column_names]
    for number, name in enumerate(names):
        if not name or name in names[:number]:
            raise location.at("columnNames", number).error(
                f"empty or duplicate name {source.column_names[number]!r}"
            )
    if source.minor_units and source.currency is None:
        raise location.at("minorUnits").error(
            "minorUnits needs the currency, which determines the smallest unit",
            next_step="add currency: a source column or a code such as EUR",
        )
    if source.record_path and (source.column_names or source.skip_lines or source.footer_lines):
        raise location.at("recordPath").error(
            "recordPath is for JSON; columnNames, skipLines and footerLines are for delimited text",
            next_step="use one or the other",
        )


class _Entry(Values):
    """The values of one source."""

    def __init__(self, entry: dict[str, object], location: YamlLocation) -> None:
        super().__init__({key: (value, location.at(key)) for key, value in entry.items()})
        self._location = location

    def required_text(self, key: str) -> str:
        text = self.text(key)
        if text is None:
            raise self._location.error(f"a source needs {key}")
        return text

    def count(self, key: str) -> int:
        found = self.raw(key) if key in self._values else 0
        if isinstance(found, int) and not isinstance(found, bool) and found >= 0:
            return found
        raise self.location(key).error(f"{key} must be a number of lines, found {found!r}")

    def character(self, key: str) -> str | None:
        text = self.text(key)
        if text is None or (len(text) == 1 and text not in "\r\n"):
            return text
        raise self.location(key).error(f"{key} must be one character, found {text!r}")

    def delimiter(self) -> str | None:
        text = self.text("delimiter")
        if text is None or not {"\r", "\n"} & set(text):
            return text
        raise self.location("delimiter").error(f"a delimiter cannot contain a line break, found {text!r}")

    def encoding(self) -> str | None:
        name = self.text("encoding")
        if name is None:
            return None
        try:
            "".encode(codecs.lookup(name).name)  # fails for codecs that are not of text, such as zlib
        except (LookupError, ValueError) as error:
            raise self.location("encoding").error(
                f"unknown text encoding {name!r}", next_step="use a Python codec name, such as windows-1252"
            ) from error
        return name

    def record_path(self) -> tuple[str, ...]:
        text = self.text("recordPath")
        keys = () if text is None else tuple(text.split("."))
        if all(keys):
            return keys
        raise self.location("recordPath").error(f"expected a dotted path such as data.items, found {text!r}")

    def columns(self, known: Collection[str]) -> dict[str, str]:
        found = self._by_column("columns", "source columns", known)
        for column, spec in found.items():
            if not isinstance(spec, str) or not spec.strip():
                location = self.location("columns").at(column)
                raise location.error(
                    f"expected a source column or a Spark SQL expression, found {spec!r}",
                    next_step="put it in quotes",
                )
        return {column: str(spec) for column, spec in found.items()}

    def formats(self, known: Collection[str]) -> dict[str, tuple[str, ...]]:
        found = self._by_column("formats", "lists of datetime patterns", known)
        return {
            column: ()
            if patterns is None
            else read_texts(patterns, column, self.location("formats").at(column), may_be_empty=False)
            for column, patterns in found.items()
        }

    def _by_column(self, key: str, of: str, known: Collection[str]) -> dict[str, object]:
        """Return a mapping whose keys must be contract columns."""
        found = self.raw(key)
        if found is None:
            return {}
        location = self.location(key)
        if not isinstance(found, dict):
            raise location.error(f"{key} must map contract columns to {of}, found {found!r}")
        for column in found:
            if column not in known:
                raise location.error(f"unknown column {column!r}", next_step=f"known: {', '.join(known)}")
        return found

    def decimal_mark(self) -> str | None:
        mark = self.text("decimalMark")
        if mark is None or mark in _DECIMAL_MARKS:
            return mark
        raise self.location("decimalMark").error(f"decimalMark must be '.' or ',', found {mark!r}")

    def timezone(self) -> str | None:
        name = self.text("timezone")
        if name is None:
            return None
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise self.location("timezone").error(
                f"unknown time zone {name!r}", next_step="use an IANA name, such as Europe/London"
            ) from error
        return name

    def currency_signs(self) -> tuple[str, ...]:
        signs = self.texts("currencySigns", may_be_empty=False) or ()
        for number, sign in enumerate(signs):
            if sign != sign.strip() or any(character.isdigit() or character in "+-()" for character in sign):
                location = self.location("currencySigns").at(number)
                raise location.error(
                    f"expected a sign such as kr or Rs., found {sign!r}",
                    next_step="remove surrounding blanks, digits, + - ( and )",
                )
        return signs
