"""A RAW zone of a few words, and what the oracle says that it comes to."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.oracle.contract import SHIPPED, Contracts
from tests.oracle.files import Accepted
from tests.oracle.oracle import Expected, expected
from tests.oracle.sources import Sources

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
Content = str | bytes | pa.Table | Sequence[Any]  # a sequence: JSON lines, each a mapping or a text


def judge(
    folder: Path,
    sources: Sources | None = None,
    *,
    as_of: datetime = AS_OF,
    contracts: Contracts = SHIPPED,
    accepted: Mapping[str, Accepted] | None = None,
    **files: Content | Mapping[str, Content],
) -> Expected:
    """`events={key: content}` writes one file a key; `events=[…]` is a.jsonl."""
    for dataset, contents in files.items():
        named = contents if isinstance(contents, Mapping) else {"a.jsonl": contents}
        for key, content in named.items():
            write(folder / dataset / key, content)
    return expected(folder, as_of, sources, contracts, accepted)


def write(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            path.write_bytes(content.encode())
        case pa.Table():
            pq.write_table(content, path)
        case rows:
            lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
            path.write_text("\n".join(lines) + "\n")
