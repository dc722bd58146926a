"""Section 4.0, key by key, each with its example."""

from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.oracle.files import look_at_file, records_of
from tests.oracle.judging import judge
from tests.oracle.sources import Computed, Source, as_entry
from tests.oracle.spark_sql import moment, moment_cell, number, number_cell, text_cell


def look(tmp_path, content, source, name="x.csv", dataset="users"):
    path = tmp_path / "file"
    path.write_bytes(content.encode())
    return look_at_file(dataset, name, path, {dataset: [source]})


def fields(file):
    return [record.cells and tuple(cell.text for _, cell in record.cells) for record in records_of(file)]


def orders(tmp_path, source, text, key="a.csv"):
    return judge(tmp_path, {"transactions": [source]}, transactions={key: text}).datasets["transactions"]


def amounts(dataset):
    return [row[2] for row in dataset.silver_rows]


# --- how text is cut ---------------------------------------------------------------------------------------


def test_a_delimiter_may_have_several_characters(tmp_path):
    file = look(tmp_path, 'user_id||name\n1||a|b\n2||"c||d"\n||\n', Source(delimiter="||"))
    assert fields(file) == [("1", "a|b"), ("2", "c||d"), ("", "")]


def test_an_escape_makes_the_next_character_literal_inside_quotes_alone(tmp_path):
    text = 'user_id,name\n1,"a\\"b\\\\"\n2,"c""d"\n3,e\\"f\n4,"g\\\nh"\n'
    assert fields(look(tmp_path, text, Source(escape="\\"))) == [
        ("1", 'a"b\\'),
        ("2", 'c"d'),
        ("3", 'e\\"f'),
        ("4", "g\nh"),
    ]


def test_given_names_go_by_position(tmp_path):
    source = Source(column_names=("user_id", " mail "), columns={"email": "mail"})
    file = look(tmp_path, "1,a@b.co\nuser_id,mail\n2\n", source)
    assert file.layout.names == ("user_id", "mail")
    assert fields(file) == [("1", "a@b.co"), ("user_id", "mail"), None]


def test_given_names_replace_those_that_stand_there(tmp_path):
    source = Source(column_names=("user_id", "name"), header=True)
    assert fields(look(tmp_path, "No.,N\n1,Ann\nno,n\n2,Bob\n", source)) == [("1", "Ann"), ("2", "Bob")]


@pytest.mark.parametrize("header", [None, True])
def test_given_names_of_another_number_are_a_mismatch(tmp_path, header):
    source = Source(column_names=("user_id", "name"), header=header)
    assert look(tmp_path, "1,Ann,x\n2,Bob\n", source).reason == "content_mismatch"


def test_lines_at_both_ends_are_counted_without_regard_to_quotes(tmp_path):
    text = '"Report\nof users"\n\nuser_id,name\n1,"a\nb"\n2,c\nTotal,2\n\n'
    assert fields(look(tmp_path, text, Source(skip_lines=3, footer_lines=2))) == [("1", "a\nb"), ("2", "c")]


def test_lines_at_both_ends_may_end_in_cr(tmp_path):
    text = "Report\r\ruser_id,name\r1,a\rTotal,1\r"
    assert fields(look(tmp_path, text, Source(skip_lines=2, footer_lines=1))) == [("1", "a")]


def test_a_record_path_leads_to_the_records(tmp_path):
    text = '{"n": 3, "data": {"items": [{"user_id": 1}, 7, {"user_id": 2}]}}'
    source = Source(record_path="data.items")
    assert fields(look(tmp_path, text, source, "x.json")) == [("1",), None, ("2",)]
    for other in ('{"data": []}', '[{"user_id": 1}]', '{"data": {"items": {}}}', '{"a": 1}\n{"a": 2}\n'):
        assert look(tmp_path, other, source, "x.json").reason == "content_mismatch"


def test_files_without_rows_are_counted(tmp_path):
    sources = {"users": [Source("in/*", record_path="data")]}
    files = {"h.csv": "user_id,name\n\nUSER_ID,NAME\n", "in/a.json": '{"data": []}', "b.csv": "user_id\n1\n"}
    found = judge(tmp_path, sources, users=files).datasets["users"].files
    assert found.without_rows == ("h.csv", "in/a.json")
    assert len(found.valid) == 3


# --- which records are rows --------------------------------------------------------------------------------

IS_SOLD = Computed("kind = 'sale'", ("kind",), lambda kind: None if kind is None else kind == "sale")


def test_records_that_the_condition_excludes_are_no_rows_and_malformed_ones_stay(tmp_path):
    text = """tx_id,user_id,amount,created_at,kind
t1,u1,5,2024-01-01,sale
t2,u1,x,2024-01-01,test
t3,u1,7,2024-01-01,
t4,u1
"""
    found = orders(tmp_path, Source(where=IS_SOLD), text)
    assert (found.rows_read, found.rows_excluded_by_file) == (2, {"a.csv": 2})
    assert (amounts(found), found.rows_by_rule) == ([5], {"malformed": 1})


def test_records_for_which_the_condition_fails_are_excluded(tmp_path):
    positive = Computed("cast(qty as int) > 0", ("qty",), lambda qty: qty is not None and int(qty) > 0)
    text = "tx_id,user_id,amount,created_at,qty\nt1,u1,5,2024-01-01,1\nt2,u1,6,2024-01-01,many\n"
    found = orders(tmp_path, Source(where=positive), text)
    assert (amounts(found), found.rows_excluded) == ([5], 1)


def test_empty_cells_take_the_value_of_the_record_before_also_of_an_excluded_one(tmp_path):
    text = """tx_id,user_id,amount,created_at,kind
t0,,1,2024-01-01,sale
t1,u1,5,2024-01-01,test
bad
t2,,6,2024-01-01,sale
t3,,7,2024-01-01,sale
"""
    found = orders(tmp_path, Source(fill_down=("user_id",), where=IS_SOLD), text)
    assert [row[:3] for row in found.silver_rows] == [("t2", "u1", 6), ("t3", "u1", 7)]
    assert found.rows_by_rule == {"malformed": 1, "user_id_required": 1}


# --- columns -----------------------------------------------------------------------------------------------


def test_an_empty_cell_is_null_to_an_expression_and_a_null_word_is_not(tmp_path):
    name = Computed("coalesce(nick, 'nobody')", ("nick",), lambda nick: text_cell(nick or "nobody"))
    source = Source(computed={"name": name})
    rows = "user_id,nick\n1,\n2,-\n3,Ann\n"
    found = judge(tmp_path, {"users": [source]}, users={"a.csv": rows}).datasets["users"]
    assert [row[1] for row in found.silver_rows] == ["nobody", None, "Ann"]


def test_number_and_moment_read_by_the_conventions_of_the_source(tmp_path):
    source = Source(
        computed={
            "amount": Computed(
                "number(price) / 1", ("price",), lambda price: number_cell(number(price, source))
            ),
            "created_at": Computed("moment(at)", ("at",), lambda at: moment_cell(moment(at, source))),
        },
        decimal_mark=",",
        date_order="DMY",
        timezone="Europe/Paris",
        null_words=("leer",),
        currency_signs=("kr",),
    )
    text = """tx_id;user_id;price;at
t1;u1;1.234,56 kr;25.12.2023 9:00
t2;u1;7;25.12.2023
t3;u1;1.5;25.12.2023
t4;u1;leer;25.12.2023
t5;u1;-;25.12.2023
"""
    found = orders(tmp_path, source, text)
    assert [row[2:5:2] for row in found.silver_rows] == [
        (Decimal("1234.56"), datetime(2023, 12, 25, 8, tzinfo=UTC)),
        (7, datetime(2023, 12, 25, tzinfo=UTC)),
    ]
    assert [q.failed_rules for q in found.quarantined] == [
        ("amount_uncastable",),
        ("amount_required",),
        ("amount_uncastable",),
    ]


def test_a_moment_has_a_time_also_that_of_a_date():
    assert moment("2024-01-02", Source()) == datetime(2024, 1, 2, tzinfo=UTC)
    assert moment_cell(moment("2024-01-02", Source())).moment.is_date_only is False
    assert number("0.00005", Source()) == Decimal("0.0001")


def test_the_position_is_unique_and_ascending_within_a_file(tmp_path):
    key = Computed("string(_position)", ("_position",), lambda position: text_cell(str(position)))
    text = "user_id,amount,created_at\nu1,1,2024-01-01\nbad\nu1,2,2024-01-01\n"
    found = orders(tmp_path, Source(computed={"tx_id": key}), text)
    first, second = (int(row[0]) for row in found.silver_rows)
    assert first < second


def test_a_name_that_no_file_of_the_source_has_is_told(tmp_path):
    city = Computed("upper(Twon)", ("Twon",), lambda town: text_cell(town and town.upper()))
    sources = {"users": [Source("in/*", computed={"city": city}), Source("out/*", columns={"name": "gone"})]}
    files = {"in/a.csv": "user_id\n1\n", "in/b.csv": "user_id,Town\n2,Oslo\n"}
    found = judge(tmp_path, sources, users=files).datasets["users"]
    assert (found.failed, found.silver_verdict) == (("source_column_missing",), "warn")


@pytest.mark.parametrize(
    "source",
    [
        Source(where=Computed("Twon = 'x'", ("Twon",), lambda town: True)),
        Source(fill_down=("Twon",)),
        Source(columns={"city": "geo.city"}),
    ],
)
def test_so_is_a_name_in_a_condition_or_a_list(tmp_path, source):
    found = judge(tmp_path, {"users": [source]}, users=[{"user_id": 1, "Town": "x"}]).datasets["users"]
    assert found.failed == ("source_column_missing",)


def test_a_name_that_one_file_has_is_not_told(tmp_path):
    sources = {"users": [Source(columns={"city": "Town"})]}
    files = {"a.csv": "user_id\n1\n", "b.csv": "user_id,Town \n2,Oslo\n"}
    assert judge(tmp_path, sources, users=files).datasets["users"].failed == ()


# --- how values are read -----------------------------------------------------------------------------------


def test_formats_are_tried_before_the_shipped_forms_on_text_alone(tmp_path):
    source = Source(formats={"created_at": ("yyyyMMdd HHmm", "dd|MM|yyyy")}, timezone="Europe/Oslo")
    rows = [
        {"tx_id": 1, "user_id": 1, "amount": 1, "created_at": "20240102 0304"},
        {"tx_id": 2, "user_id": 1, "amount": 1, "created_at": "02|01|2024"},
        {"tx_id": 3, "user_id": 1, "amount": 1, "created_at": "2024-01-02T03:04Z"},
        {"tx_id": 4, "user_id": 1, "amount": 1, "created_at": 1704164645},
    ]
    found = judge(tmp_path, {"transactions": [source]}, transactions=rows).datasets["transactions"]
    assert [row[4] for row in found.silver_rows] == [
        datetime(2024, 1, 2, 2, 4, tzinfo=UTC),
        datetime(2024, 1, 2, tzinfo=UTC),
        datetime(2024, 1, 2, 3, 4, tzinfo=UTC),
        datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
    ]


def test_null_words_stand_in_place_of_the_shipped_ones_also_in_extra(tmp_path):
    sources = {"users": [Source(null_words=("leer", "0"))]}
    row = {"user_id": "1", "name": "LEER", "city": "n/a", "x": "-", "y": "leer", "z": 0}
    (found,) = judge(tmp_path, sources, users=[row]).datasets["users"].silver_rows
    assert found[1:5] == (None, None, None, "n/a")
    assert found[7] == {"x": "-", "z": "0"}


def test_minor_units_hold_for_every_decimal_column_typed_and_computed_ones_too(tmp_path):
    source = Source(
        columns={"price": "each"},
        computed={
            "amount": Computed(
                "number(each) * 2", ("each",), lambda each: number_cell(number(each, source) * 2)
            )
        },
        currency="EUR",
        minor_units=True,
    )
    table = pa.table({"id": ["e1"], "uid": ["u1"], "ts": ["2024-01-01"], "each": [1250], "temperature": [7]})
    found = judge(tmp_path, {"events": [source]}, events={"a.parquet": table}).datasets["events"]
    assert found.silver_rows[0][8:11] == (Decimal("12.50"), Decimal("25.00"), 7.0)
    assert found.failed == ("freshness",)


def test_a_currency_in_the_value_counts_before_the_one_apart(tmp_path):
    text = """tx_id,user_id,amount,created_at,cur
t1,u1,EUR 1250,2024-01-01,JPY
t2,u1,1250,2024-01-01,
t3,u1,1250,2024-01-01,dollars
t4,u1,1250,2024-01-01,EUR
"""
    found = orders(tmp_path, Source(currency="cur", minor_units=True), text)
    assert amounts(found) == [Decimal("12.50"), Decimal("12.50")]
    assert found.rows_by_rule == {"amount_uncastable": 2}
    assert "currency_mixed" not in found.failed


def test_a_currency_apart_without_minor_units_is_only_looked_at(tmp_path):
    text = "tx_id,user_id,amount,created_at,cur\nt1,u1,5,2024-01-01,EUR\nt2,u1,6,2024-01-01,SEK\n"
    found = orders(tmp_path, Source(currency="cur"), text)
    assert (amounts(found), found.failed) == ([5, 6], ("currency_mixed", "freshness"))


# --- written down ------------------------------------------------------------------------------------------


def test_a_source_is_written_as_an_entry_of_a_contract():
    source = Source("in/**", {"name": "N"}, skip_lines=2, where=IS_SOLD, null_words=(), record_path="a.b")
    assert as_entry("s", source) == {
        "name": "s",
        "glob": "in/**",
        "skipLines": 2,
        "recordPath": "a.b",
        "where": "kind = 'sale'",
        "columns": {"name": "N"},
        "nullWords": [],
    }
    assert as_entry("s", Source()) == {"name": "s", "glob": "**"}
