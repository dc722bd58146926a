"""Docs and metrics below a place in the lake, also when several processes publish at once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from checkpoints.docs.index import IndexEntry, publish_index, read_runs
from checkpoints.docs.site import RunFacts
from checkpoints.lake.layout import Place
from checkpoints.lake.local import LocalStorage
from dags.pipeline.places import exchanger, reader, writer
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_many_change_at_once_keeps_every_change(tmp_path: Path) -> None:
    exchange = exchanger(Place(LocalStorage(tmp_path)))

    def add(number: int) -> None:
        exchange("numbers.json", lambda content: json.dumps([*json.loads(content or "[]"), number]).encode())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))
    assert sorted(json.loads((tmp_path / "numbers.json").read_text())) == list(range(20))


def test_the_first_page_shows_what_several_published_at_once(tmp_path: Path) -> None:
    docs = Place(LocalStorage(tmp_path))
    run = RunFacts("r1", datetime(2024, 5, 1, tzinfo=UTC))

    def publish(dataset: str) -> None:
        entry = IndexEntry("raw_to_bronze", dataset, Verdict.PASS, f"{dataset}.html")
        publish_index(reader(docs), writer(docs), run, [entry], exchange=exchanger(docs))

    datasets = {"events", "users", "transactions"}
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(publish, datasets))
    (shown,) = read_runs(reader(docs))
    assert {entry.dataset for entry in shown.entries} == datasets
    page = (tmp_path / "index.html").read_text()
    assert all(f"{dataset}.html" in page for dataset in datasets)
