"""Makes a RAW zone of many small files with every format, every mess and every rule, from a seed alone.

It keeps to what the spec says plainly: the spots that this package's docstring lists as ambiguous are left
out, so that a difference is a fault, of the project or of the oracle.
"""

import gzip
import io
import zipfile
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import COLUMNS, DATASETS
from tests.oracle.mess_files import (
    MessyRow,
    compress,
    concatenated_json,
    delimited,
    ids_as_numbers,
    json_array,
    json_lines,
    json_object,
    parquet,
)
from tests.oracle.mess_values import bad, good, null_word, word

_UNKNOWN = [
    "favColor",
    "Loyalty Tier",
    "gr\u00f6\u00dfe",
    "\u6570\u91cf",
    "year",
    "Month",
    "x-y.z",
    "note 2",
    "fav_color",
]
_FOLDERS = ["", "", "", "a/", "b/", "a/b c/", "year=2024/month=01/", "\u00fcn\u00ef/", "100%25/"]
_NAMES = [
    "part-0",
    "part-1",
    "data",
    "sp ace",
    "50%20#1",
    "a:b",
    "what?",
    "star*",
    "set[0]",
    "{a,b}",
    "_underscore",
    "back\\slash",
    "quote'\"",
    "\u65e5\u672c",
    "e\u0301",
    "x=1",
    "~tilde",
    "and&more+",
    "dots.in.name",
    "new\nline",
]


def make_mess(raw: Path, rng: Random, files: int = 24, *, with_bomb: bool = False) -> None:
    """Writes `raw/<dataset>/**`: `files` messy ones a dataset, and all that is ignored or rejected."""
    for dataset in DATASETS:
        folder = raw / dataset
        for i in range(files):
            _write_messy_file(folder, rng, dataset, i)
        _write(folder, "steady.csv", delimited(rng, dataset, _rows(rng, dataset, 120, badness=0)), rng)
        _write_ignored(folder, rng)
        _write_rejected(folder, rng, dataset)
        _write_empty_but_valid(folder, rng, dataset)
    if with_bomb:
        _write(
            raw / "events",
            "bomb.csv.gz",
            gzip.compress(b"event_id,user_id,ts\n" + b"a" * (300 << 20), mtime=0),
            rng,
        )


# --- rows --------------------------------------------------------------------------------------------------


def _rows(rng: Random, dataset: str, count: int, badness: float = 0.25) -> list[MessyRow]:
    """Rows of one layout; each row is bad in one or two columns with the probability `badness`."""
    columns = list(COLUMNS[dataset])
    layout = [c for c in columns if c.is_required or rng.random() < 0.75]
    if rng.random() < 0.5:
        rng.shuffle(layout)
    if rng.random() < 0.25:
        layout = columns
    names = [column.name for column in layout]
    if layout is not columns:
        if rng.random() < 0.3:
            names.insert(rng.randrange(len(names)), rng.choice(names))  # a conflict of two columns
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            names.insert(rng.randrange(len(names) + 1), rng.choice(_UNKNOWN))
    types = {column.name: column.type for column in columns}
    required = {column.name for column in columns if column.is_required}
    rows: list[MessyRow] = []
    for _ in range(count):
        row: list[tuple[str, str | None]] = []
        for name in names:
            value: str | None = (
                good(rng, name, types[name]) if name in types else rng.choice([word(rng), null_word(rng)])
            )
            if name not in required and rng.random() < 0.15:
                value = rng.choice([None, null_word(rng)])
            row.append((name, value))
        if rng.random() < badness:
            for at in rng.sample(range(len(names)), k=rng.choice([1, 1, 2])):
                if names[at] in types:
                    row[at] = (
                        names[at],
                        rng.choice([bad(rng, names[at], types[names[at]])] * 5 + [None, "-"]),
                    )
        rows.append(row)
        if rng.random() < 0.08:
            rows.append(rng.choice(rows))
    return rows


# --- files that are read -----------------------------------------------------------------------------------


def _write_messy_file(folder: Path, rng: Random, dataset: str, i: int) -> None:
    rows = _rows(rng, dataset, rng.choice([1, 3, 8, 20]))
    form = [
        "csv",
        "tsv",
        "txt",
        "jsonl",
        "ndjson",
        "json",
        "object",
        "lines.json",
        "lines.txt",
        "parquet",
        "ids",
        "concatenated",
    ][i % 12]
    match form:
        case "csv" | "tsv" | "txt":
            content, extension = delimited(rng, dataset, rows), form
        case "jsonl" | "ndjson":
            content, extension = json_lines(rng, dataset, rows), form
        case "json":
            content, extension = json_array(rng, dataset, rows), "json"
        case "object":
            content, extension = json_object(rng, dataset, rows[0]).replace(",", ",\n", 1).encode(), "json"
        case "lines.json" | "lines.txt":
            content, extension = json_lines(rng, dataset, rows), form.split(".")[1]
        case "concatenated":
            content, extension = concatenated_json(rng, dataset, rows), rng.choice(["json", "jsonl", "txt"])
        case "parquet":
            content, extension = parquet(rng, dataset, rows), "parquet"
        case _:
            content, extension = _parquet_with_numbers_as_ids(rng, dataset, rows), "parquet"
    if extension != "parquet" and rng.random() < 0.3:
        content = compress(rng, content)
        inner = rng.choice(
            [f".{extension}"] * 3 + (["", ".log", ".2024-01"] if extension in ("json", "txt") else [])
        )
        extension = f"{inner}.gz".removeprefix(".")
    extension = extension.upper() if rng.random() < 0.2 else extension
    _write(folder, f"{rng.choice(_FOLDERS)}{rng.choice(_NAMES)}-{i}.{extension}", content, rng)
    if rng.random() < 0.1:
        _write(folder, f"copy/of-{i}.{extension}", content, rng)


def _parquet_with_numbers_as_ids(rng: Random, dataset: str, rows: list[MessyRow]) -> bytes:
    table = pq.read_table(
        io.BytesIO(parquet(rng, dataset, [[cell for cell in row if cell[0] != "user_id"] for row in rows]))
    )
    table = table.append_column("userId", ids_as_numbers(rng, len(rows)))
    return _parquet_bytes(table)


def _parquet_bytes(table: pa.Table) -> bytes:
    content = io.BytesIO()
    pq.write_table(table, content)
    return content.getvalue()


def _write_empty_but_valid(folder: Path, rng: Random, dataset: str) -> None:
    names = [column.name for column in COLUMNS[dataset]]
    _write(folder, "zero/header-alone.csv", (",".join(names) + "\n").encode(), rng)
    twice = "\n\ufeff".join([",".join(names), ",".join(names).upper()])
    _write(folder, "zero/header-twice.csv", twice.encode(), rng)
    _write(folder, "zero/array.json", b" [ ]\n", rng)
    _write(
        folder,
        "zero/none.parquet",
        _parquet_bytes(pa.table({name: pa.array([], pa.string()) for name in names})),
        rng,
    )


# --- files that are not ------------------------------------------------------------------------------------

_IGNORED = """
_SUCCESS _committed_123 _started_9 x.csv.crc .part-0.csv.crc data_$folder$ .hidden.csv .dir/x.csv
a/.git/x.json _temporary/0/x.csv b/_delta_log/0.json .DS_Store""".split()  # noqa: SIM905


def _write_ignored(folder: Path, rng: Random) -> None:
    for key in _IGNORED:
        _write(folder, key, rng.choice([b"", b"event_id,user_id,ts\n1,2,2024-01-01\n"]), rng)


def _write_rejected(folder: Path, rng: Random, dataset: str) -> None:
    header = ",".join(column.name for column in COLUMNS[dataset]).encode()
    good_csv = header + b"\n" + b",".join([b"1"] * len(COLUMNS[dataset])) + b"\n"
    good_gzip = gzip.compress(good_csv * 50, mtime=0)
    good_parquet = _parquet_bytes(pa.table({c.name: pa.array(["1"], pa.string()) for c in COLUMNS[dataset]}))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr(zipfile.ZipInfo("x.csv"), good_csv)
    bad_crc = bytearray(good_gzip)
    bad_crc[-6] ^= 0xFF
    first = COLUMNS[dataset][0].name.encode()
    without_required = header.replace(first, b"unheard_of", 1)
    rejected = {
        "bad/book.xlsx": b"PK\x03\x04",
        "bad/README": good_csv,
        "bad/x.parquet.gz": gzip.compress(good_parquet, mtime=0),
        "bad/x.csv.bak": good_csv,
        "bad/x.zip": zipped.getvalue(),
        "bad/nothing.csv": b"",
        "bad/nothing.parquet": b"",
        "bad/blanks.json": b" \r\n\t\n",
        "bad/bom.txt": b"\xef\xbb\xbf",
        "bad/bom16.csv": b"\xff\xfe \x00",
        "bad/nothing.csv.gz": gzip.compress(b"", mtime=0),
        "bad/blanks.ndjson.gz": gzip.compress(b"\n \n", mtime=0),
        "bad/gzip.csv": good_gzip,
        "bad/parquet.json": good_parquet,
        "bad/zip.txt": zipped.getvalue(),
        "bad/parquet.csv.gz": gzip.compress(good_parquet, mtime=0),
        "bad/twice.csv.gz": gzip.compress(good_gzip, mtime=0),
        "bad/cut.csv.gz": good_gzip[:-9],
        "bad/crc.csv.gz": bytes(bad_crc),
        "bad/plain.csv.gz": good_csv,
        "bad/cut.parquet": good_parquet[: len(good_parquet) // 2],
        "bad/text.parquet": good_csv,
        "bad/torn.parquet": b"PAR1" + b"\0" * 40 + b"PAR1",
        "bad/latin1.csv": good_csv + "caf\u00e9,1\n".encode("latin-1"),
        "bad/latin1.jsonl": '{"name": "caf\u00e9"}\n'.encode("latin-1"),
        "bad/odd.txt": b"\xff\xfea\x00b",
        "bad/none.jsonl": b'[1]\n42\n"x"\nnot json\n',
        "bad/prose.json": b"Dear sirs,\nplease find attached.\n",
        "bad/nul.csv": good_csv + b"\0",
        "bad/nul.jsonl": b'{"a": 1}\n\0\n',
        "bad/json.csv": b'{"event_id": 1}\n',
        "bad/array.tsv": b'[{"event_id": 1}]\n',
        "bad/strangers.csv": b"alpha,beta,gamma\n1,2,3\n",
        "bad/required.csv": without_required + b"\n" + good_csv,
        "bad/required.parquet": _parquet_bytes(pa.table({"name": ["x"], "email": ["a@b.co"]})),
        "bad/one-line.csv": header + b"\\n" + header + b"\\n1,2,3",
        "bad/lines-in-a-name.csv": b'"pay\nload",' + good_csv,
        "bad/narrow.csv": b"1,2\n3,4\n",
        "bad/cut.json": b'[{"a": 1}, {"a": ',
        "bad/object.json": b'{"a": 1,\n "b": ',
        "bad/two.json": b"[1][2]",
        "bad/trailing.json": b'[{"a": 1}] x',
        "bad/comma.json": b'[{"a": 1},]',
    }
    for key, content in rejected.items():
        if rng.random() < 0.7:
            _write(folder, key, content, rng)


def _write(folder: Path, key: str, content: bytes, rng: Random) -> None:
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
