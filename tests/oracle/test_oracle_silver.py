"""Sections 4.1, 4.3, 4.4 and 4.5, sentence by sentence, on rows of a few words."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa

from tests.oracle.gold import COLUMNS as GOLD_COLUMNS
from tests.oracle.judging import judge
from tests.oracle.sources import Source

E = {"event_id": "e1", "user_id": "u1", "ts": "2024-01-01"}
T = {"tx_id": "t1", "user_id": "u1", "amount": "5", "created_at": "2024-01-01"}


def rules(tmp_path, dataset, rows):
    return [list(q.failed_rules) for q in judge(tmp_path, **{dataset: rows}).datasets[dataset].quarantined]


def test_the_first_of_two_columns_that_is_not_null_wins_and_an_uncastable_value_is_not_null(tmp_path):
    rows = [
        {**E, "total": "-", "value": "7"},
        {**E, "event_id": "e2", "amount": "abc", "total": "7"},
        {**E, "event_id": "e3", "amount": "Infinity", "total": "7"},
        '{"id": "e4", "uid": "u", "ts": "2024-01-01", "amount": null, "amount": 3}',
    ]
    found = judge(tmp_path, events=rows).datasets["events"]
    assert {row[0]: row[9] for row in found.silver_rows} == {"e1": 7, "e3": 7, "e4": 3}
    assert [q.failed_rules for q in found.quarantined] == [("amount_uncastable",)]


def test_unknown_columns_go_into_extra(tmp_path):
    row = (
        '{"id": "e1", "uid": "u", "ts": "2024-01-01", "favColor": "n/a", "fav_color": " red ", "Zip": 1.50,'
        ' "a b": {"x": [1, 2.0], "y": null}, "year": 2024, "Day": 1, "nan": NaN, "flag": true}'
    )
    (found,) = judge(tmp_path, events=[row]).datasets["events"].silver_rows
    assert found[11] == {"a_b": '{"x":[1,2.0],"y":null}', "fav_color": "red", "flag": "true", "zip": "1.50"}
    assert list(found[11]) == sorted(found[11])


def test_extra_is_null_when_nothing_remains(tmp_path):
    (found,) = judge(tmp_path, events=[{**E, "x": "-", "month": 1}]).datasets["events"].silver_rows
    assert found[11:] == (None, "a.jsonl", date(2024, 1, 1))


def test_typed_sources_follow_their_text_form(tmp_path):
    at = datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    table = pa.table(
        {
            "event_id": pa.array([1001.0], pa.float64()),
            "user_id": pa.array([b"u1"], pa.binary()),
            "ts": pa.array([at], pa.timestamp("us", tz="UTC")),
            "name": pa.array([at], pa.timestamp("us")),
            "message": pa.array([date(2024, 1, 2)]),
            "temperature": pa.array([float("nan")]),
            "price": pa.array([0.1], pa.float32()),
            "amount": pa.array([Decimal("1.23456")]),
            "small": pa.array([1e-7]),
            "nested": pa.array([{"a": 1, "b": ["x"]}]),
        }
    )
    (found,) = judge(tmp_path, events={"a.parquet": table}).datasets["events"].silver_rows
    stamp = "2024-01-02T03:04:05.000006Z"
    expected_row = (
        "1001",
        "u1",
        at,
        None,
        None,
        stamp,
        "2024-01-02",
        None,
        Decimal("0.1000"),
        Decimal("1.2346"),
        None,
    )
    assert found[:11] == expected_row
    assert found[11] == {"nested": '{"a":1,"b":["x"]}', "small": "0.0000001"}


def test_a_row_breaks_every_rule_it_breaks_and_a_malformed_one_nothing_else(tmp_path):
    rows = [
        "not json",
        {**T, "amount": "-5", "delivered_at": "2023-12-31", "age": 121},
        {**T, "created_at": "1999-12-31"},
        {**T, "created_at": "2024-06-02T00:00:00Z"},
        {**T, "created_at": "2024-06-02T00:00:01Z", "user_id": "null"},
        {"amount": "12,50", "created_at": "soon"},
        {**T, "age": "34.7", "created_at": "2024-01-01T10:00Z", "delivered_at": "2024-01-01"},
    ]
    assert rules(tmp_path, "transactions", rows) == [
        ["malformed"],
        ["age_range", "amount_negative", "delivery_before_creation"],
        ["created_at_impossible"],
        ["created_at_impossible", "user_id_required"],
        ["amount_uncastable", "created_at_uncastable", "tx_id_required", "user_id_required"],
        ["age_uncastable"],
    ]


def test_warn_rules_count_valid_rows_before_deduplication(tmp_path):
    rows = [{**E, "email": "a@b", "amount": -1, "price": "(2)"}, {**E, "email": "a@b"}, {"email": "a@b"}]
    found = judge(tmp_path, events=rows, transactions=[{**T, "status": "Lost"}]).datasets
    assert found["events"].rows_warned == {"email_format": 2, "amount_negative": 1, "price_negative": 1}
    assert found["transactions"].rows_warned == {"status_known": 1}


def test_events_keep_the_latest_then_the_greatest_key_then_the_greatest_content(tmp_path):
    files = {
        "a.jsonl": [{**E, "name": "z"}, {**E, "event_id": "e2", "ts": "2024-01-02", "name": "late"}],
        "b.jsonl": [{**E, "name": "a"}, {**E, "name": "b"}, {**E}, {**E, "event_id": "e2", "name": "early"}],
    }
    found = judge(tmp_path, events=files).datasets["events"]
    assert [(row[0], row[5], row[12]) for row in found.silver_rows] == [
        ("e1", "b", "b.jsonl"),
        ("e2", "late", "a.jsonl"),
    ]
    assert found.rows_deduplicated_by_file == {"a.jsonl": 1, "b.jsonl": 3}


def test_transactions_prefer_a_delivery_that_is_not_null_and_latest(tmp_path):
    rows = [
        {**T, "delivered_at": "2024-01-05", "name": "a"},
        {**T, "name": "z"},
        {**T, "delivered_at": "2024-01-03"},
    ]
    (found,) = judge(tmp_path, transactions=rows).datasets["transactions"].silver_rows
    assert found[7] == "a"


def test_rows_conflict_when_their_content_differs_from_the_winner(tmp_path):
    many = [{**E, "event_id": f"e{i}", "user_id": "u2"} for i in range(2, 42)]
    twins = [{**E, "amount": "1.0"}, {**E, "amount": "1.00"}]
    found = judge(tmp_path, events={"a.jsonl": [*twins, *many], "b.jsonl": [{**E, "amount": 1}]})
    events = found.datasets["events"]
    assert (events.rows_deduplicated, events.rows_conflicting, events.failed) == (2, 0, ("freshness",))
    events = judge(tmp_path, events={"c.jsonl": [{**E, "amount": 1, "sku": "A"}]}).datasets["events"]
    assert (events.rows_deduplicated, events.rows_conflicting) == (3, 3)
    assert events.failed == ("duplicates_conflicting", "freshness")


def test_rows_of_users_never_conflict(tmp_path):
    rows = [{"user_id": "u1", "name": "Ann"}, {"user_id": "u1", "name": "Bob"}]
    found = judge(tmp_path, users=rows).datasets["users"]
    assert (found.rows_deduplicated, found.rows_conflicting, found.failed) == (1, 0, ())


def test_a_string_is_too_long_beyond_its_bytes(tmp_path):
    rows = [
        {**E, "event_id": "k" * 1024, "message": "m" * 65_535, "name": "\u00e9" * 2048},
        {**E, "event_id": "k" * 1025, "message": "m" * 65_536, "name": "\u00e9" * 2048 + "x"},
        {**E, "user_id": "\u00e9" * 513},
    ]
    assert rules(tmp_path, "events", rows) == [
        ["event_id_too_long", "message_too_long", "name_too_long"],
        ["user_id_too_long"],
    ]


def test_mangled_keys_are_counted_for_key_and_user(tmp_path):
    rows = [{**T, "tx_id": "'1", "user_id": "1E+05"}, {**T, "tx_id": '="2"'}, {**T, "tx_id": "\u200b'3"}]
    found = judge(tmp_path, transactions=rows).datasets["transactions"]
    assert found.rows_warned == {"tx_id_mangled": 3, "user_id_mangled": 1}


def test_a_user_has_the_latest_of_each_attribute_and_a_history(tmp_path):
    files = {
        "a.jsonl": [
            {"id": "u1", "name": "Old", "city": "Rome", "updated_at": "2024-01-01", "x": "1"},
            {"id": "u1", "email": "a@b.co"},
            {"id": "u1", "name": "New", "updated_at": "2024-01-03"},
            {"id": "u1", "city": "Oslo", "updated_at": "2024-01-03"},
        ],
        "b.jsonl": [
            {"id": "u1", "age": 5, "updated_at": "2024-01-01"},
            {"id": "u1", "updated_at": "2024-01-04"},
        ],
    }
    found = judge(tmp_path, users=files)
    four = datetime(2024, 1, 4, tzinfo=UTC)
    assert found.datasets["users"].silver_rows == [
        ("u1", "New", "a@b.co", None, "Oslo", 5, four, None, "b.jsonl", date(2024, 1, 4))
    ]
    born, one, three = (
        datetime(1900, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=UTC),
        datetime(2024, 1, 3, tzinfo=UTC),
    )
    assert found.users_history == [
        ("u1", None, "a@b.co", None, None, None, born, one, False),
        ("u1", "Old", "a@b.co", "Rome", None, 5, one, three, False),
        ("u1", "New", "a@b.co", "Oslo", None, 5, three, None, True),
    ]


def test_a_user_without_updated_at_is_dated_1900(tmp_path):
    (found,) = judge(tmp_path, users=[{"id": "u1"}]).datasets["users"].silver_rows
    assert found[-1] == date(1900, 1, 1)


def test_table_rules_block_and_warn(tmp_path):
    good = {**T, "amount": "$5"}
    events = [E, {**E, "event_id": "e2", "ts": "2000-01-01"}]
    found = judge(tmp_path, events=events, transactions=[good, {**T, "amount": "5 USD"}], users=["x"])
    assert found.datasets["events"].failed == ("date_span", "freshness")
    assert found.datasets["transactions"].failed == ("currency_mixed", "freshness")
    assert found.datasets["users"].failed == ("strict_fail",)
    assert found.verdicts == {"raw_to_bronze": "warn", "bronze_to_silver": "block"}


def test_a_quarter_of_bad_rows_is_the_limit(tmp_path):
    rows = [{**E, "event_id": f"e{i}", "ts": "2024-05-31"} for i in range(3)]
    assert judge(tmp_path, events=[*rows, "x"]).datasets["events"].failed == ()
    assert judge(tmp_path, events=[*rows, "x", "x"]).datasets["events"].failed == ("quarantine_ratio",)


def test_a_feed_is_late_when_its_latest_timestamp_is_older_than_a_day(tmp_path):
    def failed(ts, as_of):
        return judge(tmp_path, as_of=as_of, events=[{**E, "ts": ts}]).datasets["events"].failed

    assert failed("2024-05-31T00:00:00Z", datetime(2024, 6, 1, tzinfo=UTC)) == ()
    assert failed("2024-05-31T00:00:00Z", datetime(2024, 6, 1, 0, 0, 1, tzinfo=UTC)) == ("freshness",)


def test_a_day_is_out_of_line_with_the_weekday_of_earlier_weeks(tmp_path):
    def judged(last):
        days = [*(date(2024, 5, 3 + 7 * week) for week in range(4) for _ in range(20)), *last]
        rows = [{**T, "tx_id": f"t{i}", "created_at": str(day)} for i, day in enumerate(days)]
        found = judge(tmp_path, transactions=rows)
        return found.datasets["transactions"].failed, found.gold_verdicts["daily_revenue"]

    last = date(2024, 5, 31)  # the day before the clock's
    assert judged([last] * 20) == ((), "pass")
    assert judged([last] * 2) == (("volume_by_day",), "warn")  # 4 * sqrt(20) is 17.9
    assert judged([last] * 3) == ((), "warn")  # the revenue is five times as much: 4 * sqrt(100) is 40


def test_a_source_lists_columns_paths_and_forms(tmp_path):
    source = Source(
        columns={"user_id": "Customer", "country": "geo.src"},
        date_order="DMY",
        decimal_mark=",",
        timezone="Europe/Paris",
    )
    row = (
        '{"id": "e1", "Customer": 7, "user_id": "other", "geo": {"src": "no"}, "ts": "25/12/2023 12:00",'
        ' "amount": "1.234,5", "price": 1.5}'
    )
    (found,) = judge(tmp_path, {"events": [source]}, events=[row]).datasets["events"].silver_rows
    assert found[:4] == ("e1", "7", datetime(2023, 12, 25, 11, tzinfo=UTC), "NO")
    assert (found[8], found[9]) == (Decimal("1.5"), Decimal("1234.5"))
    assert found[11] == {"geo": '{"src":"no"}', "user_id": "other"}


def test_the_ten_tables(tmp_path):
    found = judge(
        tmp_path,
        as_of=datetime(2024, 1, 3, tzinfo=UTC),
        events=[{**E, "country": "no"}, {**E, "event_id": "e2", "user_id": "u2", "ts": "2024-01-03T10:00Z"}],
        users=[{"id": "u1", "city": "Oslo", "age": 5, "email": "a@b.co"}],
        transactions=[
            {**T, "status": "delivered"},
            {**T, "tx_id": "t2", "amount": "0.0001"},
            {**T, "tx_id": "t3", "user_id": "u2", "created_at": "2024-01-02", "status": "canceled"},
        ],
    )
    gold, zero = found.gold, Decimal("0.0000")
    one, three = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 3, 10, tzinfo=UTC)
    first, second, third = date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 3)
    total = Decimal("5.0001")
    assert list(gold) == list(GOLD_COLUMNS)
    assert gold["dim_users"] == [("u1", None, "a@b.co", "Oslo", None, 5, None)]
    assert gold["dim_country"] == [("NO",)]
    assert gold["dim_status"] == [("cancelled",), ("delivered",)]
    assert gold["dim_date"][0] == (first, 2024, 1, 1, "Mon", 1, "January")
    assert [row[0] for row in gold["dim_date"]] == [first, second, third]
    assert gold["fact_events"][1] == ("e2", "u2", three, third, None, None, None, None)
    assert gold["fact_transactions"][0] == (
        *("t1", "u1", Decimal(5), "delivered", one, None, first),
        *("Oslo", 5, "a@b.co"),
    )
    assert gold["fact_user_activity"] == [
        ("u1", first, 1, 2, total, Decimal("2.5001")),
        ("u2", second, 0, 1, Decimal(5), Decimal(5)),
        ("u2", third, 1, 0, zero, zero),
    ]
    assert gold["daily_revenue"] == [
        (first, 2, total, Decimal("2.5001"), 1),
        (second, 1, Decimal(5), Decimal(5), 0),
    ]
    assert gold["daily_active_users"] == [(first, 1, 1, 1), (second, 0, 1, 1), (third, 1, 0, 1)]
    assert gold["user_ltv"] == [
        ("u1", 1, one, one, 2, total, total),
        ("u2", 1, three, three, 1, Decimal(5), Decimal(5)),
    ]
    assert found.gold_verdicts["fact_events"] == "warn"
    assert found.gold_verdicts["dim_users"] == "pass"
    assert found.verdicts["bronze_to_silver"] == "pass"
    assert found.verdict == "warn"
