"""A lake that is what the oracle expects shows no difference; one changed value shows just that."""

import json
from collections import Counter
from dataclasses import replace
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.oracle import gold
from tests.oracle.compare import _TYPES_OF_NAMES, compare
from tests.oracle.contract import COLUMNS, DATASETS, HISTORY_COLUMNS
from tests.oracle.mess import make_mess
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import expected

_ARROW = {
    "int": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "decimal": pa.decimal128(18, 4),
    "wide decimal": pa.decimal128(38, 4),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
_TYPES = {name: _ARROW[type_] for type_, names in _TYPES_OF_NAMES.items() for name in names.split()}


def write(path, columns, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = [pa.array([row[i] for row in rows], _TYPES.get(c, pa.string())) for i, c in enumerate(columns)]
    pq.write_table(pa.Table.from_arrays(arrays, names=list(columns)), path)


def write_lake(lake, wanted):
    """The lake and the report that a faultless run would leave."""
    for name in DATASETS:
        dataset = wanted.datasets[name]
        for key in dataset.files.valid:
            copy(lake, f"raw/{name}/{key}", f"bronze/{name}/{key}")
        for reason, keys in dataset.files.quarantined.items():
            for key in keys:
                copy(lake, f"raw/{name}/{key}", f"quarantine/files/{name}/{key}")
                (lake / f"quarantine/files/{name}/{key}.reason.json").write_text(
                    json.dumps({"reason": reason})
                )
        by_date = {}
        for row in dataset.silver_rows:
            extra = None if row[-3] is None else json.dumps(row[-3], ensure_ascii=False)
            by_date.setdefault(row[-1], []).append((*row[:-3], extra, row[-2]))
        columns = (*(c.name for c in COLUMNS[name]), "_extra", "_source_file")
        for day, rows in by_date.items():
            write(lake / f"silver/{name}/v1/event_date={day}/part-0.parquet", columns, rows)
        quarantined = pa.Table.from_pylist(
            [
                {
                    "run_id": "r1",
                    "dataset": name,
                    "source_file": row.source_file,
                    "raw": row.raw,
                    "failed_rules": list(row.failed_rules),
                    "contract_version": "1.0.0",
                }
                for row in dataset.quarantined
            ]
        )
        (lake / f"quarantine/rows/{name}/r1").mkdir(parents=True)
        pq.write_table(quarantined, lake / f"quarantine/rows/{name}/r1/part-0.parquet")
        account = lake / f"metrics/r1/bronze_to_silver/{name}.json"
        account.parent.mkdir(parents=True, exist_ok=True)
        account.write_text(json.dumps({"files": account_by_file(dataset)}))
    write(lake / "silver/users_history/v1/part-0.parquet", HISTORY_COLUMNS, wanted.users_history)
    for table, columns in gold.COLUMNS.items():
        write(lake / f"gold/{table}/v1/part-0.parquet", columns, wanted.gold[table])
    return {"run_id": "r1", "verdict": wanted.verdict, "transitions": list(transitions(wanted))}


def account_by_file(dataset):
    quarantined = Counter(row.source_file for row in dataset.quarantined)
    account = []
    for key in dataset.files.valid:
        promoted = dataset.rows_promoted_by_file.get(key, 0)
        deduplicated = dataset.rows_deduplicated_by_file.get(key, 0)
        account.append(
            {
                "file": key,
                "rows_read": promoted + deduplicated + quarantined[key],
                "rows_promoted": promoted,
                "rows_quarantined": quarantined[key],
                "rows_deduplicated": deduplicated,
                "rows_excluded": dataset.rows_excluded_by_file.get(key, 0),
            }
        )
    return account


def copy(lake, source, target):
    (lake / target).parent.mkdir(parents=True, exist_ok=True)
    (lake / target).write_bytes((lake / source).read_bytes())


def transitions(wanted):
    for name, verdict in wanted.verdicts.items():
        entries = []
        for dataset, d in wanted.datasets.items() if name == "raw_to_bronze" else ():
            files = {
                "valid": len(d.files.valid),
                "without_rows": len(d.files.without_rows),
                "ignored": len(d.files.ignored),
                "quarantined": {reason: len(keys) for reason, keys in d.files.quarantined.items()},
            }
            entries.append({"dataset": dataset, "verdict": d.bronze_verdict, "files": files})
        for dataset, d in wanted.datasets.items() if name == "bronze_to_silver" else ():
            entries.append(
                {
                    "dataset": dataset,
                    "verdict": d.silver_verdict,
                    "rows_read": d.rows_read,
                    "rows_promoted": len(d.silver_rows),
                    "rows_quarantined": len(d.quarantined),
                    "rows_deduplicated": d.rows_deduplicated,
                    "rows_conflicting": d.rows_conflicting,
                    "rows_excluded": d.rows_excluded,
                    "rows_by_rule": {**d.rows_by_rule, "never_broken": 0},
                    "rows_warned": d.rows_warned,
                    "failed": list(d.failed),
                }
            )
        for table, rows in wanted.gold.items() if name == "silver_to_gold" else ():
            entries.append(
                {"dataset": table, "verdict": wanted.gold_verdicts[table], "rows_promoted": len(rows)}
            )
        yield {"name": name, "verdict": verdict, "datasets": entries}


@pytest.fixture(scope="module")
def wanted_and_lake(tmp_path_factory):
    lake = tmp_path_factory.mktemp("lake")
    make_mess(lake / "raw", Random(5), files=11)
    wanted = expected(lake / "raw", AS_OF)
    assert wanted.verdicts["bronze_to_silver"] == "warn"
    return wanted, lake, write_lake(lake, wanted)


def differences(lake, report, wanted):
    return [str(d) for d in compare(lake, report, wanted, lambda name: lake / name / "v1")]


def test_a_lake_as_expected_shows_no_difference(wanted_and_lake):
    wanted, lake, report = wanted_and_lake
    assert differences(lake, report, wanted) == []


def test_a_changed_value_is_told_by_dataset_key_and_column(wanted_and_lake):
    wanted, lake, report = wanted_and_lake
    users = wanted.datasets["users"]
    first, *others = users.silver_rows
    changed = replace(users, silver_rows=[(first[0], "Somebody", *first[2:]), *others])
    found = differences(lake, report, replace(wanted, datasets={**wanted.datasets, "users": changed}))
    assert found == [f"users {(first[0],)} name: expected 'Somebody', found {first[1]!r}"]


def test_missing_rows_rules_and_counts_are_told(wanted_and_lake):
    wanted, lake, report = wanted_and_lake
    events = wanted.datasets["events"]
    row = events.quarantined[0]
    changed = replace(
        events,
        quarantined=(replace(row, failed_rules=("malformed", "other")), *events.quarantined[1:]),
        rows_read=events.rows_read + 1,
        silver_rows=events.silver_rows[1:],
    )
    found = differences(lake, report, replace(wanted, datasets={**wanted.datasets, "events": changed}))
    assert [line.split(":")[0].split(" ")[0] for line in found] == [
        "report",
        "report",
        "quarantine/rows/events",
        "events",
    ]
    assert f"rows_read: expected {events.rows_read + 1}, found {events.rows_read}" in found[0]
    assert "found 'no such row'" not in found[2]
    assert "expected 'no such row'" in found[3]
