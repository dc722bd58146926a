"""Section 3's sentences, each with its example."""

import gzip
from random import Random

import pytest

from tests.oracle.files import look_at_file, look_at_files, records_of
from tests.oracle.mess import make_mess
from tests.oracle.sources import Source

HEADER = b"user_id,name\n"


def zipped(content: bytes) -> bytes:
    """Compress without the time of day, so that a test has the same name whenever it is collected."""
    return gzip.compress(content, mtime=0)


def look(tmp_path, name, content, dataset="users", sources=None):
    path = tmp_path / "file"
    path.write_bytes(content)
    return look_at_file(dataset, name, path, sources)


def fields(file):
    return [record.cells and [cell.text for _, cell in record.cells] for record in records_of(file)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.xlsx", b"", "unsupported_format"),
        ("x.parquet.gz", b"x", "unsupported_format"),
        ("x.csv", b"", "empty"),
        ("x.csv", b"\xef\xbb\xbf \r\n", "empty"),
        ("x.json.gz", zipped(b" \n"), "empty"),
        ("x.csv", zipped(HEADER), "content_mismatch"),
        ("x.json", b"PAR1xx", "content_mismatch"),
        ("x.csv.gz", zipped(b"PK\x03\x04xx"), "content_mismatch"),
        ("x.csv.gz", zipped(HEADER)[:-3], "corrupt_gzip"),
        ("x.csv.gz", HEADER, "corrupt_gzip"),
        ("x.parquet", HEADER, "corrupt_parquet"),
        ("x.csv", HEADER + b"\xe9,1\n", "undecodable"),
        ("x.jsonl", b"[1]\n2\n", "content_mismatch"),
        ("x.json", b"hello\n", "content_mismatch"),
        ("x.csv", HEADER + b"\0,1\n", "content_mismatch"),
        ("x.csv", b' {"user_id": 1}\n', "content_mismatch"),
        ("x.csv", b"a,b\n1,2\n", "content_mismatch"),
        ("x.csv", b"name,email\nx,y\n", "content_mismatch"),
        ("x.json", b'[{"a": 1}', "corrupt_json"),
        ("x.json", b"[1] x", "corrupt_json"),
        ("x.json", b'{"a": 1,\n"b"', "corrupt_json"),
        ("x.json", b'{"a": 1\n}\n{"a": 2\n}\n', "corrupt_json"),
        ("x.csv", b"user_id,name\\n1,Ann\\n", "content_mismatch"),
        ("x.csv", b'user_id,"na\nme"\n1,Ann\n', "content_mismatch"),
        ("x.csv", "user_id,a\u2028b\n1,Ann\n".encode(), "content_mismatch"),
        ("x.csv", b"user_id,name\r1,Ann\n", "content_mismatch"),
    ],
)
def test_a_file_is_rejected_with_its_reason(tmp_path, name, content, reason):
    assert look(tmp_path, name, content).reason == reason


@pytest.mark.parametrize(
    ("name", "content", "shape"),
    [
        ("x.CSV", HEADER, "delimited"),
        ("x.json", b" [] ", "json_array"),
        ("x.json", b'{"a":\n1}', "json_object"),
        ("x.json", b'{"a":\n{"a": 1}\n', "json_lines"),
        ("x.json", b'not json\n{"a": 1}\n', "json_lines"),
        ("x.txt", b'x\n{"a": 1}\n', "json_lines"),
        ("x.txt", b"user_id|name\n1|2\n", "delimited"),
        ("x.log.gz", zipped(b'[{"a": 1}]'), "json_array"),
        ("x.gz", zipped(HEADER), "delimited"),
        ("x.csv", HEADER.decode().encode("utf-16"), "delimited"),
        ("x.ndjson", b'\xef\xbb\xbf{"a": 1}\n', "json_lines"),
        ("x.csv.gz", zipped(b"user_") + zipped(b"id,name\n"), "delimited"),
        ("x.json", b'{"a": 1}{"a": 2}', "concatenated_json"),
        ("x.jsonl", b'\n{"a": 1} , {"a": 2}\n[1]', "concatenated_json"),
        ("x.txt", b'{"a":\n1}{"a": 2}', "concatenated_json"),
        ("x.json", b'{"a": 1}\r{"a": 2}\r', "concatenated_json"),
        ("x.json", b'{"a": 1}\n{"a": 2}{"a": 3}\n', "json_lines"),
        ("x.json", b'{"a": 1} {"a": \n{"a": 2}\n', "json_lines"),
        ("x.csv", b"\xef\xbb\xbfuser_id,name\r1,Ann\r", "delimited"),
    ],
)
def test_a_valid_file_has_a_shape(tmp_path, name, content, shape):
    file = look(tmp_path, name, content)
    assert (file.shape, file.reason) == (shape, None)


@pytest.mark.parametrize(
    "key",
    [
        "_SUCCESS",
        "_committed_1",
        "_started_1",
        "x.crc",
        "a/x_$folder$",
        ".x.csv",
        ".a/x.csv",
        "a/_temporary/0/x.csv",
        "_delta_log/0.json",
    ],
)
def test_what_other_tools_leave_behind_is_ignored(tmp_path, key):
    assert look(tmp_path, key, b"").is_ignored


def test_an_underscore_alone_does_not_make_a_file_ignored(tmp_path):
    assert look(tmp_path, "_data.csv", HEADER).is_valid


def test_a_bomb_is_not_expanded_further(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.oracle.files.MAX_EXPANDED_BYTES", 1 << 16)
    assert look(tmp_path, "x.csv.gz", zipped(HEADER + b"a" * (1 << 20))).reason == "oversized_expansion"


def test_the_delimiter_is_the_one_that_finds_most_names(tmp_path):
    assert look(tmp_path, "x.csv", b"user_id;name,x;email\n").layout.dialect.delimiter == ";"
    assert look(tmp_path, "x.csv", b"user_id\n").layout.dialect.delimiter == ","
    assert look(tmp_path, "x.csv", b"1|2|3|4|5|6|7\n").layout.dialect.delimiter == "|"


def test_a_first_record_is_a_header_by_half_its_names_or_by_all_required(tmp_path):
    assert look(tmp_path, "x.csv", b"user_id,a,b,c,d\n").layout.header == ("user_id", "a", "b", "c", "d")
    assert look(tmp_path, "x.csv", b"1,Ann,a@b.co,,Oslo,34,\n").layout.header is None
    assert "user_id" in look(tmp_path, "x.csv", b"name,email\n").detail


def test_records_follow_rfc_4180(tmp_path):
    content = HEADER + b'1,"a ""b""\nc"\n \t \n2,x"y"\nuser_id,name\n"3"z,4\n5\n6,,\n,\n7,"never\nclosed,8\n'
    file = look(tmp_path, "x.csv", content)
    assert fields(file) == [["1", 'a "b"\nc'], ["2", 'x"y"'], None, None, None, ["", ""], None]
    assert [record.raw for record in records_of(file)] == [
        '1,"a ""b""\nc"',
        '2,x"y"',
        '"3"z,4',
        "5",
        "6,,",
        ",",
        '7,"never\nclosed,8',
    ]


def test_a_cr_ends_lines_where_no_line_feed_stands_outside_quotes(tmp_path):
    file = look(tmp_path, "x.csv", b'user_id,name\r1,"a\nb"\r"2",c\r\r3,d')
    assert fields(file) == [["1", "a\nb"], ["2", "c"], ["3", "d"]]
    assert [record.raw for record in records_of(file)] == ['1,"a\nb"', '"2",c', "3,d"]
    assert fields(look(tmp_path, "x.csv", b'user_id,name\n1,"a\rb"\n2,c\rd\n')) == [
        ["1", "a\rb"],
        ["2", "c\rd"],
    ]


def test_a_bom_at_the_beginning_of_a_record_belongs_to_no_value(tmp_path):
    bom = "\ufeff".encode()
    content = bom + HEADER + bom + b'"1",Ann\n' + bom + b"\n" + bom + HEADER + b"2,Bob\n"
    assert fields(look(tmp_path, "x.csv", content)) == [["1", "Ann"], ["2", "Bob"]]
    lines = look(tmp_path, "x.jsonl", bom + b'{"id": 1}\n' + bom + b'{"id": 2}\n' + bom + b"\n")
    assert fields(lines) == [["1"], ["2"]]
    assert fields(look(tmp_path, "x.json", b'{"id": 1}' + bom + b'{"id": 2}\n' + bom)) == [["1"], ["2"]]


def test_a_record_with_the_names_of_the_header_is_no_row(tmp_path):
    content = b"user_id,First Name\nUserId,first-name\n`USER ID` , _first.name\nuser_id,name\n"
    assert fields(look(tmp_path, "x.csv", content)) == [["user_id", "name"]]


def test_what_is_no_object_between_objects_is_one_malformed_record_each(tmp_path):
    content = b'{"a": 1}{"a": 2} , x\n{"a": }{"b": "}"]} }{"a": 3}\n{"a": {"b": 4}'
    file = look(tmp_path, "x.json", content)
    assert [(r.raw, r.cells is None) for r in records_of(file)] == [
        ('{"a": 1}', False),
        ('{"a": 2}', False),
        (", x", True),
        ('{"a": }', True),
        ('{"b": "}"]}', True),
        ("}", True),
        ('{"a": 3}', False),
        ('{"a": {"b": 4}', True),
    ]


def test_a_tab_is_no_blank_where_it_delimits(tmp_path):
    assert fields(look(tmp_path, "x.tsv", b"user_id\tname\n\t\n  \n1\t2\r\n")) == [["", ""], ["1", "2"]]


def test_json_records_keep_their_raw_text_and_bad_lines_are_rows(tmp_path):
    file = look(tmp_path, "x.jsonl", b'{"id": 1.50, "id": 2}\r\n\n[1]\n{"a": NaN}\n{"a" 1}\n')
    assert fields(file) == [["1.50", "2"], None, [None], None]
    assert [record.raw for record in records_of(file)] == [
        '{"id": 1.50, "id": 2}',
        "[1]",
        '{"a": NaN}',
        '{"a" 1}',
    ]
    array = look(tmp_path, "x.json", b'[ {"a": [1, 2.0]} ,\n 7]')
    assert [record.raw for record in records_of(array)] == ['{"a": [1, 2.0]}', "7"]
    assert fields(array) == [["[1,2.0]"], None]


def test_a_source_names_encoding_delimiter_header_and_quote(tmp_path):
    source = Source("in/*.csv", {"user_id": "No"}, "cp1252", "~", None, "'")
    file = look(tmp_path, "in/x.csv", b"No~name\n1~'caf\xe9~'\n", sources={"users": [source]})
    assert fields(file) == [["1", "caf\u00e9~"]]
    assert (
        look(tmp_path, "in/deeper/x.csv", b"No~name\n", sources={"users": [source]}).reason
        == "content_mismatch"
    )


def test_the_mess_is_made_by_the_seed_alone(tmp_path):
    for name in ("a", "b"):
        make_mess(tmp_path / name, Random(3), files=11)
    found = [{f.key: f.path.read_bytes() for f in look_at_files(tmp_path / n, "events")} for n in ("a", "b")]
    assert found[0] == found[1]


def test_the_mess_holds_every_reason_and_rejects_what_it_means_to(tmp_path):
    make_mess(tmp_path, Random(3), files=11)
    files = look_at_files(tmp_path, "users") + look_at_files(tmp_path, "events")
    reasons = {file.reason for file in files} - {None}
    assert reasons == {
        "unsupported_format",
        "empty",
        "content_mismatch",
        "corrupt_gzip",
        "corrupt_parquet",
        "undecodable",
        "corrupt_json",
    }
    assert not [file.key for file in files if file.key.startswith("bad/") and file.is_valid]
