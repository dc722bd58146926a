"""Small random texts in random dialects, each with the source that reads it: `random_dialect_file`.

Values are plain; what varies is how they are cut into records: line ends, delimiters of several characters,
quotes, escapes, preambles, footers, byte-order marks glued in, headers again, names by position, JSON in all
forms with garbage between.
"""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.oracle.contract import COLUMNS, DATASETS, Column
from tests.oracle.delimited import BOM, Dialect
from tests.oracle.mess_dialects_json import concatenated, json_lines, wrapped
from tests.oracle.mess_files import respelling
from tests.oracle.sources import NO_SOURCE, Computed, Source, as_entry

Fields = tuple[str, ...]
_SHIPPED_DELIMITERS = [",", "\t", ";", "|"]
_OTHER_DELIMITERS = ["||", "~|~", "::", "^", "$$", "\x01", "<>", ".*"]
_IS_SALE = Computed("kind = 'sale'", ("kind",), lambda kind: None if kind is None else kind == "sale")


@dataclass(frozen=True)
class DialectFile:
    """`written`: the fields of its records as they were written, or None where some of them are malformed."""

    dataset: str
    key: str
    content: bytes
    source: Source | None
    written: tuple[Fields, ...] | None = None

    @property
    def entry(self) -> dict[str, Any] | None:
        """The entry of `sources` that reads the file."""
        return None if self.source is None else as_entry(self.key, self.source)


def random_dialect_file(rng: Random, name: str = "d") -> DialectFile:
    """`name` is the file's folder and begins the keys of its rows, so that files share none."""
    dataset = rng.choice(DATASETS)
    makers = [_table, _of_json(concatenated), _of_json(json_lines), _of_json(wrapped)]
    file = rng.choices(makers, [7, 1, 1, 1])[0](rng, dataset, name)
    if rng.random() < 0.1:
        file = replace(file, key=f"{file.key}.gz", content=gzip.compress(file.content, mtime=0))
    source = None if file.source in (None, NO_SOURCE) else replace(file.source, glob=file.key)
    return replace(file, source=source)


def _of_json(make: Any) -> Any:
    def write(rng: Random, dataset: str, name: str) -> DialectFile:
        extension, content, source = make(rng, dataset, _good_rows(rng, dataset, name))
        return DialectFile(dataset, f"{name}/part-0.{extension}", content, source)

    return write


# --- rows --------------------------------------------------------------------------------------------------


def _good_value(rng: Random, column: Column, name: str, number: int) -> str | None:
    """None for a column of free text."""
    match column.name:
        case "event_id" | "tx_id":
            return f"{name}-{number}"
        case "user_id":
            return f"{name}-{number if rng.random() < 0.8 else 0}"
        case "status":
            return rng.choice(["paid", "shipped"])
        case "kind":
            return rng.choice(["sale", "sale", "test", ""])
    match column.type:
        case "timestamp":
            month = "02" if column.name == "delivered_at" else "01"
            return f"2024-{month}-{rng.randrange(10, 28)}T03:04:05Z"
        case "int":
            return str(rng.randrange(18, 80))
        case "decimal" | "double":
            return rng.choice(["12.50", "7", "0.5"])
    return None


def _good_rows(rng: Random, dataset: str, name: str) -> list[dict[str, str]]:
    columns = [*COLUMNS[dataset][:5], Column("kind", "string")]
    return [
        {c.name: _good_value(rng, c, name, number) or rng.choice(["x{y", 'q"}', "é"]) for c in columns}
        for number in range(rng.choice([2, 3, 6]))
    ]


def _text(rng: Random, dialect: Dialect) -> str:
    """Text that a careless reader cuts in two."""
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape or "\\"
    return rng.choice(
        [
            *("plain", "it's", 'say "hi"', "", "\u00e9", "#x", "x{y}", "back\\slash", "tail\\", f"b{BOM}om"),
            *(
                f"a{delimiter}b",
                f"{quote}starts",
                f"ends{quote}",
                f"{quote}both{quote}",
                delimiter,
                quote * 2,
            ),
            *("two\nlines", "cr\r\nlf", "lone\rcr", "\nfirst", "last\n", " padded ", f"{escape}n", escape),
            f"x{delimiter}{quote}y",
        ]
    )


# --- delimited text ----------------------------------------------------------------------------------------


@dataclass
class _Table:
    """Delimited text in the making: records, blank lines, headers again and faults, in order."""

    dialect: Dialect
    lines: list[str] = field(default_factory=list)
    written: list[Fields] = field(default_factory=list)
    is_sound: bool = True


def _table(rng: Random, dataset: str, name: str) -> DialectFile:
    layout = rng.choice(["header", "header", "header", "contract", "given", "replaced"])
    dialect, source = _dialect(rng, layout)
    columns = _columns(rng, dataset, layout)
    names, listed = _names(rng, columns, layout)
    header = [f"h{number}" for number in range(len(names))] if layout == "replaced" else names
    has_header = layout in ("header", "replaced")
    source = replace(source, columns=listed)
    if layout in ("given", "replaced"):
        source = replace(source, column_names=tuple(names), header=True if has_header else None)
    if "kind" in names and rng.random() < 0.6:
        source = replace(source, where=_IS_SALE, fill_down=("kind",) if rng.random() < 0.5 else ())
    table = _Table(dialect)
    for number in range(rng.choice([0, 1, 2, 5, 9] if has_header else [1, 2, 5, 9])):
        good = [_good_value(rng, column, name, number) for column in columns]
        fields = tuple(_text(rng, dialect) if value is None else value for value in good)
        table.lines.append(_line(rng, fields, dialect))
        table.written.append(fields)
    if has_header:
        table.lines.insert(0, _line(rng, header, dialect))
    _add_what_is_no_row(rng, table, header if has_header else None)
    if rng.random() < 0.3:
        _add_faults(rng, table)
    text = _with_outer_lines(rng, table, source)
    if rng.random() < 0.05:
        source = _told_wrongly(table, source)
    encoding, content = _encoded(rng, text)
    extension = rng.choice(["csv", "csv", "tsv", "txt", "CSV"])
    key = f"{name}/{rng.choice(['part-0', 'a b', 'x=1', 'é'])}.{extension}"
    written = tuple(table.written) if table.is_sound else None
    return DialectFile(dataset, key, content, replace(source, encoding=encoding), written)


def _dialect(rng: Random, layout: str) -> tuple[Dialect, Source]:
    """How the text is cut, and what must be told of it: a shipped delimiter is found, a line end always."""
    is_told = layout in ("given", "replaced") or rng.random() < 0.4
    delimiter = rng.choice([*_SHIPPED_DELIMITERS, *(_OTHER_DELIMITERS if is_told else [])])
    quote, escape = '"', None
    if rng.random() < 0.5:
        quote, escape = rng.choice(['"', '"', "'", "%"]), rng.choice([None, "\\", "!"])
    dialect = Dialect(delimiter, quote, escape, rng.choice(["\n", "\r\n", "\r"]))
    source = Source(
        delimiter=delimiter if is_told else None,
        quote=quote,
        escape=escape,
        skip_lines=rng.choice([0, 0, 0, 1, 3]),
        footer_lines=rng.choice([0, 0, 0, 1, 2]),
    )
    return dialect, source


def _columns(rng: Random, dataset: str, layout: str) -> list[Column]:
    columns = list(COLUMNS[dataset])
    if layout == "contract":
        return columns
    kept = [column for column in columns if column.is_required or rng.random() < 0.5]
    kept += [Column(name, "string") for name in ("kind", "note") if rng.random() < 0.5]
    while len(kept) < 3:
        kept.append(Column(f"extra_{len(kept)}", "string"))
    rng.shuffle(kept)
    return kept


def _names(rng: Random, columns: Sequence[Column], layout: str) -> tuple[list[str], dict[str, str]]:
    """The names of the columns; those that no alias knows are listed: contract column to name."""
    names = [column.name for column in columns]
    listed = {}
    if layout != "contract" and rng.random() < 0.3:
        at = rng.randrange(len(columns))
        if columns[at].name not in ("kind", "note") and not columns[at].name.startswith("extra"):
            listed[columns[at].name] = names[at] = rng.choice(["N° da fatura", "Col #1", "Größe", "a b"])
    return names, listed


def _line(rng: Random, fields: Sequence[str], dialect: Dialect) -> str:
    return dialect.delimiter.join(_field(rng, text, dialect) for text in fields)


def _field(rng: Random, text: str, dialect: Dialect) -> str:
    delimiter, quote, escape = dialect.delimiter, dialect.quote, dialect.escape
    halves = [delimiter[:length] for length in range(1, len(delimiter))]
    needs_quotes = any(c in text for c in (delimiter, "\n", "\r")) or text.startswith(quote)
    if not (needs_quotes or text.endswith(tuple(halves)) or rng.random() < 0.2):
        return text
    if escape is None:
        return quote + text.replace(quote, quote * 2) + quote
    inner = text.replace(escape, escape * 2).replace(quote, rng.choice([escape + quote, quote * 2]))
    return quote + inner + quote


def _add_what_is_no_row(rng: Random, table: _Table, header: Sequence[str] | None) -> None:
    """Blank lines, byte-order marks before records, and headers again."""
    blanks = ["", " ", "\u00a0 \u3000"] + (["\t"] if table.dialect.delimiter != "\t" else [])
    for _ in range(rng.choice([0, 0, 1, 2])):
        table.lines.insert(rng.randrange(len(table.lines) + 1), rng.choice(blanks))
    if header is not None and rng.random() < 0.3:
        at = next(n for n, line in enumerate(table.lines) if line.strip(" \t\u00a0\u3000"))
        again = _line(rng, [respelling(rng, name) for name in header], table.dialect)
        table.lines.insert(rng.randrange(at + 1, len(table.lines) + 1), again)
    for number, line in enumerate(table.lines):
        if rng.random() < 0.06:
            table.lines[number] = BOM + line


def _add_faults(rng: Random, table: _Table) -> None:
    """Ragged records, text behind a closing quote, a quote that is never closed. The first lines stay."""
    delimiter, quote = table.dialect.delimiter, table.dialect.quote
    if len(table.lines) < 4:
        return
    table.is_sound = False
    for _ in range(rng.choice([1, 1, 2])):
        at = rng.randrange(3, len(table.lines) + 1)
        faults = ["too few", f"a{delimiter}" * 20 + "b", f"{quote}closed{quote}and more{delimiter}x"]
        table.lines.insert(at, rng.choice(faults))
    if rng.random() < 0.2:
        table.lines.append(f"x{delimiter}{quote}never closed")
        table.lines.append(table.lines[0])


def _with_outer_lines(rng: Random, table: _Table, source: Source) -> str:
    """The whole text, with a preamble and a footer: as many physical lines as the source says."""
    quote, end = table.dialect.quote, table.dialect.line_end
    preamble = [
        rng.choice(["Report,2024;x", "", f"it{quote}s a report", f"{quote}all{quote}", "# made by hand"])
    ]
    preamble += ["", "from|to"]
    if source.skip_lines == 3 and rng.random() < 0.3:
        preamble = [f"{quote}Report", f"of all{quote}", ""]  # quoted, and still two physical lines
    footer = [rng.choice(["Total,9", "-- end --", "3 rows", ""]), rng.choice(["", " ", "page 1 of 1"])]
    lines = [*preamble[: source.skip_lines], *table.lines, *footer[: source.footer_lines]]
    is_ended = lines[-1] == "" or rng.random() < 0.6
    return end.join(lines) + (end if is_ended else "")


def _told_wrongly(table: _Table, source: Source) -> Source:
    """A source that does not fit: mostly, the file is then rejected."""
    table.is_sound = False
    if source.column_names:
        return replace(source, column_names=(*source.column_names, "one_more"))
    if source.skip_lines:
        return replace(source, skip_lines=0)
    return replace(source, columns={**source.columns, "user_id": "nobody"})


def _encoded(rng: Random, text: str) -> tuple[str | None, bytes]:
    encoding = rng.choice([None] * 6 + ["cp1252", "utf-16-le"])
    if encoding is None:
        return None, text.encode(rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    try:
        return encoding, text.encode(encoding)
    except UnicodeEncodeError:
        return None, text.encode()
