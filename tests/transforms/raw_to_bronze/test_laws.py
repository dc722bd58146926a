"""Properties that hold for any bytes."""

from __future__ import annotations

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import YamlLocation
from contracts.inventory import FileFacts
from contracts.model import Source
from contracts.sources import read_sources
from tests.transforms.raw_to_bronze.example import contract, gz, inspect
from transforms.formats.gzip import ExpansionLimits

TEXT_NAMES = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "JSON"]
NAMES = [*TEXT_NAMES, *(f"{name}.gz" for name in TEXT_NAMES), "gz", "log.gz", "parquet", "xml"]
LIMITS = ExpansionLimits(max_expanded_bytes=500, max_expansion_ratio=10)
SOURCE = Source("s", "**", encoding="gb18030", columns={"tx_id": "a.b", "user_id": "concat(x, 'y')"})
SOURCES = [
    SOURCE,
    Source("s", "**", escape="\\", delimiter="||"),
    Source("s", "**", quote="'", skip_lines=1),
    Source("s", "**", skip_lines=2, footer_lines=1),
    Source("s", "**", footer_lines=2, header=False),
    Source("s", "**", column_names=("tx_id", "uid")),
    Source("s", "**", column_names=("tx_id", "uid", "x"), header=True),
    Source("s", "**", record_path=("a",)),
]

_sink = io.BytesIO()
pq.write_table(pa.table({"id": ["1", "2"], "uid": ["3", None]}), _sink)
PARQUET = _sink.getvalue()

pieces = st.sampled_from(
    [
        *(
            b"tx_id,user_id",
            b"tx_id;uid|total",
            b"\n",
            b"\r\n",
            b",",
            b'"',
            b'""',
            b"\t",
            b" ",
            b"\xef\xbb\xbf",
        ),
        *(
            b"\r",
            b"\\",
            b"||",
            b"tx_id||user_id\r",
            b"User ID,TX_ID\n",
            b'"a\nb",2\r',
            b"\ntx_id,user_id\n1,2",
        ),
        *(b'{"a":[{"id":1}]}', b'{"id":', b"{}", b'{"b":{"c":2}} {"c":3}'),
        *(b'{"id":1}', b'{"a":[{"b":', b"[", b"]", b"{", b"}", b"},{", b":", b"NaN", b"1e5", b"-", b"\\u00"),
        *(b"\xff\xfe", b"\xe9", "é日😀".encode(), "a,é\n".encode("utf-16-le"), b"\0", b"PAR1", b"PK\x03\x04"),
        *(b"x" * 300, PARQUET, gz(b"tx_id,uid\n1,2\n"), gz(b"z" * 9000)),
    ]
)
contents = st.one_of(
    st.binary(max_size=80),
    st.lists(pieces | st.binary(max_size=3), max_size=12).map(b"".join),
)
compressed = st.builds(
    lambda data, end, damage: (gz(data) + end)[: None if damage is None else -damage],
    contents,
    st.sampled_from([b"", b"\0\0", b"x", gz(b"more\n")]),
    st.none() | st.integers(1, 12),
)


@given(st.sampled_from(NAMES), contents | compressed, st.booleans())
@settings(max_examples=400)
def test_any_bytes_under_any_name_give_facts(name: str, data: bytes, has_source: bool) -> None:
    found = inspect(f"a.{name}", data, *([SOURCE] if has_source else []), limits=LIMITS)
    assert isinstance(found, FileFacts)
    assert found.is_valid is (found.detail == "")


@given(st.text(max_size=12), st.binary(max_size=8))
def test_any_key_gives_facts(key: str, data: bytes) -> None:
    assert inspect(key, data).key == key


@given(st.sampled_from(NAMES), contents | compressed, st.sampled_from([1, 2, 3, 5, 17]))
@settings(max_examples=400)
def test_facts_do_not_depend_on_where_chunks_end(name: str, data: bytes, chunk_bytes: int) -> None:
    whole = inspect(f"a.{name}", data, limits=LIMITS)
    assert inspect(f"a.{name}", data, limits=LIMITS, chunk_bytes=chunk_bytes) == whole


@given(st.sampled_from(TEXT_NAMES), contents, st.sampled_from([1, 2, 3, 5, 17]), st.sampled_from(SOURCES))
@settings(max_examples=600)
def test_facts_of_a_source_do_not_depend_on_where_chunks_end(
    name: str, data: bytes, chunk_bytes: int, source: Source
) -> None:
    whole = inspect(f"a.{name}", data, source)
    assert inspect(f"a.{name}", data, source, chunk_bytes=chunk_bytes) == whole


@given(
    st.text('a,;"\n\r\ufeff ', max_size=60).map("tx_id,user_id".__add__)
    | st.lists(
        st.sampled_from(["\r", "\r", '"', "\n", "tx_id,User-ID", "1,2", "\ufeff", " ", ",", '""']),
        max_size=12,
    ).map("".join),
    st.sampled_from([1, 2, 7, 4096]),
)
@settings(max_examples=600)
def test_texts_with_both_line_ends_do_not_depend_on_chunks(text: str, chunk_bytes: int) -> None:
    data = text.encode()
    assert inspect("a.csv", data, chunk_bytes=chunk_bytes) == inspect("a.csv", data)


@given(st.sampled_from(TEXT_NAMES), contents)
@settings(max_examples=300)
def test_compression_changes_only_size_checksum_and_compression(name: str, data: bytes) -> None:
    plain, packed = inspect(f"a.{name}", data), inspect(f"a.{name}.gz", gz(data))
    expected = replace(
        plain,
        hint=plain.hint.replace("glob: a." + name, "glob: a." + name + ".gz"),
        key=packed.key,
        size_bytes=packed.size_bytes,
        checksum=packed.checksum,
        compression="gzip",
    )
    if not data:
        expected = replace(expected, detail="nothing but blanks")
    assert packed == expected


@given(st.sampled_from(TEXT_NAMES), contents)
@settings(max_examples=400)
def test_a_pasted_hint_makes_the_file_acceptable(name: str, data: bytes) -> None:
    found = inspect(f"a.{name}", data)
    if found.hint:
        sources = read_sources(yaml.safe_load(found.hint), contract().column_names, YamlLocation(""))
        again = inspect(f"a.{name}", data, *sources)
        assert (again.reason, again.hint) == (None, "")


def test_threads_do_not_disturb_each_other() -> None:
    files = [
        (f"a.{name}", b'tx_id,uid\n"a\nb",%d\n' % n if name == "csv" else b'[{"id":%d}]' % n)
        for name, n in itertools.product(("csv", "json"), range(40))
    ]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda file: inspect(*file, chunk_bytes=2), files))
    assert together == [inspect(*file) for file in files]
