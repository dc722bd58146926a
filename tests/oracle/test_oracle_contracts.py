"""What the oracle assumes of contracts can be written down as contracts that load."""

from dataclasses import replace
from pathlib import Path
from random import Random

import yaml

import contracts
from tests.oracle.changes import Counts, after_change, keep
from tests.oracle.contract import DATASETS, SHIPPED, Column
from tests.oracle.dialects import make_dialects
from tests.oracle.mess_sources import make_sourced_mess
from tests.oracle.sources import write_contracts

FOLDER = Path(contracts.__file__).parent


def written(folder, dataset):
    document = yaml.safe_load((folder / "silver" / f"{dataset}.yaml").read_text())
    properties = {p["property"]: p["value"] for p in document["customProperties"]}
    return properties, [p["name"] for p in document["schema"][0]["properties"]]


def test_every_source_of_the_mess_is_an_entry(tmp_path):
    for sources in (make_sourced_mess(tmp_path, Random(1)), make_dialects(tmp_path, range(50))):
        folder = write_contracts(FOLDER, tmp_path / "contracts", sources)
        for dataset in DATASETS:
            properties, _ = written(folder, dataset)
            assert [s["glob"] for s in properties["sources"]] == [s.glob for s in sources[dataset]]
            assert len({s["name"] for s in properties["sources"]}) == len(sources[dataset])


def test_columns_and_recency_are_added(tmp_path):
    shipped = SHIPPED["transactions"]
    columns = (*shipped.columns, Column("updated_at", "timestamp"))
    grown = {**SHIPPED, "transactions": replace(shipped, columns=columns, recency=("updated_at",))}
    properties, names = written(write_contracts(FOLDER, tmp_path, {}, grown), "transactions")
    assert properties["recency"] == ["updated_at"]
    assert names[: len(columns)] == [column.name for column in columns]


def test_files_without_rows_are_counted_among_new_and_unchanged_ones(tmp_path):
    raw = tmp_path / "raw"
    for dataset in DATASETS:
        (raw / dataset).mkdir(parents=True)
    (raw / "users" / "a.csv").write_text("user_id,name\n")
    (raw / "users" / "b.csv").write_text("user_id,name\n1,Ann\n")
    before = keep(raw, tmp_path / "before")
    (raw / "users" / "c.json").write_text("[]")
    _, counts = after_change(before, raw, tmp_path / "shadow")
    assert counts["users"] == Counts(valid=1, unchanged=2, ignored=0, without_rows=2, quarantined={})
