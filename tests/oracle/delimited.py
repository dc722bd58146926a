"""Delimited text, cut by hand: line ends, blank lines, fields and quotes (sections 3 and 4.0)."""

from collections.abc import Iterator
from dataclasses import dataclass

BOM = "\ufeff"


@dataclass(frozen=True)
class Dialect:
    """How text is cut. `delimiter` has one or more characters; `line_end` is a line feed, or CR alone."""

    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    line_end: str = "\n"


@dataclass(frozen=True)
class Line:
    """A delimited record, still without names."""

    raw: str
    fields: tuple[str, ...]
    is_broken: bool


def delimited_lines(text: str, dialect: Dialect) -> Iterator[Line]:
    """The records of a text. Lines of blanks only are left out, a BOM before a record too."""
    at = 0
    while at < len(text):
        while text[at : at + 1] == BOM:
            at += 1
        end_of_line = text.find(dialect.line_end, at)
        end_of_line = len(text) if end_of_line < 0 else end_of_line
        if _is_blank(text[at:end_of_line], dialect):
            at = end_of_line + 1
            continue
        line, at = _read_record(text, at, dialect)
        yield line


def line_end_of(text: str, dialect: Dialect) -> str:
    """CR where the text has no line feed outside quotes; a quote opens a field after either of them."""
    is_at_start_of_field = True
    at = 0
    while at < len(text):
        if is_at_start_of_field and text.startswith(dialect.quote, at):
            _, at, _ = _read_quoted(text, at, dialect)
            is_at_start_of_field = False
        elif text[at] == "\n":
            return "\n"
        elif text.startswith(dialect.delimiter, at):
            at += len(dialect.delimiter)
            is_at_start_of_field = True
        else:
            is_at_start_of_field = text[at] == "\r" or (is_at_start_of_field and text[at] == BOM)
            at += 1
    return "\r"


def physical_lines(text: str, line_end: str) -> list[str]:
    """All lines with their ends, blank ones too; quotes do not matter."""
    lines = text.split(line_end)
    last = [lines[-1]] if lines[-1] else []
    return [line + line_end for line in lines[:-1]] + last


def without_outer_lines(text: str, line_end: str, first: int, last: int) -> str:
    lines = physical_lines(text, line_end)
    return "".join(lines[first : max(first, len(lines) - last)])


def _is_blank(line: str, dialect: Dialect) -> bool:
    return dialect.delimiter not in line and (line == "" or line.isspace())


def _read_record(text: str, start: int, dialect: Dialect) -> tuple[Line, int]:
    fields: list[str] = []
    is_broken = False
    at = start
    while True:
        value = ""
        if text.startswith(dialect.quote, at):
            value, at, is_closed = _read_quoted(text, at, dialect)
            if not is_closed:
                return Line(_without_line_end(text[start:]), (*fields, value), True), len(text)
            if not _ends_field(text, at, dialect):
                is_broken = True
        while not _ends_field(text, at, dialect):
            value += text[at]
            at += 1
        fields.append(value)
        if text.startswith(dialect.delimiter, at):
            at += len(dialect.delimiter)
            continue
        raw = text[start:at]
        at += 2 if text.startswith("\r\n", at) and dialect.line_end == "\n" else 1
        return Line(raw, tuple(fields), is_broken), at


def _read_quoted(text: str, at: int, dialect: Dialect) -> tuple[str, int, bool]:
    """Reads from an opening quote: the value, where it ends, and whether it was closed."""
    quote, escape = dialect.quote, dialect.escape
    value = ""
    at += 1
    while at < len(text):
        if escape is not None and text[at] == escape and at + 1 < len(text):
            value += text[at + 1]
            at += 2
        elif text[at] == quote and text[at + 1 : at + 2] == quote:
            value += quote
            at += 2
        elif text[at] == quote:
            return value, at + 1, True
        else:
            value += text[at]
            at += 1
    return value, at, False


def _ends_field(text: str, at: int, dialect: Dialect) -> bool:
    if at >= len(text) or text.startswith(dialect.delimiter, at) or text[at] == dialect.line_end:
        return True
    return dialect.line_end == "\n" and text.startswith("\r\n", at)


def _without_line_end(text: str) -> str:
    for end in ("\r\n", "\n", "\r"):
        if text.endswith(end):
            return text.removesuffix(end)
    return text
