"""Small random JSON texts: objects one after another with garbage between, lines, one object around all.

Each function returns the file's extension, its bytes, and the source that reads it, or None.
"""

import json
from collections.abc import Mapping, Sequence
from random import Random

from tests.oracle.delimited import BOM
from tests.oracle.sources import Computed, Source

Rows = Sequence[Mapping[str, str]]
Written = tuple[str, bytes, Source | None]

_GARBAGE = [
    ",",
    "xyz",
    "null",
    "[1]",
    "}",
    '"text"',
    '{"a": }',
    '{"b": {"c": 1}, "d"}',
    '{"e": "}" 1}',
    "{}x",
]
_BAD_LINES = ['{"a": 1}}', "[1, 2]", "not json", '{"a": 1,}', '{"a" 1}', "42", '{"a": "two\tparts"}', '"{"']
_BLANKS = ["", "", " ", "\n", "\r\n", "\t", "\n\n", "\r"]
_IS_SALE = Computed("kind = 'sale'", ("kind",), lambda kind: None if kind is None else kind == "sale")


def concatenated(rng: Random, dataset: str, rows: Rows) -> Written:
    """The first two objects stand side by side, so that the form can be told."""
    first, second, *others = [_object(rng, row) for row in rows]
    text = rng.choice(["", BOM, "\n"]) + first + rng.choice(["", " ", "\t", "\r", BOM]) + second
    for piece in others:
        if rng.random() < 0.3:
            text += rng.choice(_BLANKS) + rng.choice(_GARBAGE)
        text += rng.choice([*_BLANKS, BOM, f"\n{BOM}"]) + piece
    text += rng.choice(["", "\n", "\r\n", BOM, " x", first[:-1], first[: len(first) // 2]])
    return rng.choice(["json", "jsonl", "ndjson", "txt"]), text.encode(), _source_or_none(rng)


def json_lines(rng: Random, dataset: str, rows: Rows) -> Written:
    lines = [_object(rng, row) for row in rows]
    for _ in range(rng.choice([0, 1, 2])):
        lines.insert(rng.randrange(1, len(lines) + 1), rng.choice([*_BAD_LINES, "", " "]))
    lines = [BOM + line if rng.random() < 0.15 else line for line in lines]
    end = rng.choice(["\n", "\r\n"])
    text = end.join(lines) + rng.choice(["", end])
    return rng.choice(["json", "jsonl", "ndjson", "txt"]), text.encode(), _source_or_none(rng)


def wrapped(rng: Random, dataset: str, rows: Rows) -> Written:
    path = rng.choice(["data", "data.items", "a.b.c"])
    elements = [_object(rng, row) for row in rows][: rng.choice([0, 1, 9, 9])]
    if rng.random() < 0.2:
        elements.append(rng.choice(["1", "null", "[]", '"x"', "NaN"]))
    blank = rng.choice(["", " ", "\n  "])
    text = "[" + f"{blank},{blank}".join(elements) + blank + "]"
    for step in reversed(path.split(".")):
        text = f'{{"count": 3,{blank}{json.dumps(step)}:{blank}{text}, "next": null}}'
    told = f"{path}.rows" if rng.random() < 0.08 else path
    return "json", text.encode(), Source(record_path=told)


def _object(rng: Random, row: Mapping[str, str]) -> str:
    members = [(key, value) for key, value in row.items() if value or rng.random() < 0.5]
    separators = rng.choice([(",", ":"), (", ", ": ")])
    return json.dumps(dict(members), ensure_ascii=rng.random() < 0.5, separators=separators)


def _source_or_none(rng: Random) -> Source | None:
    return Source(where=_IS_SALE) if rng.random() < 0.2 else None
