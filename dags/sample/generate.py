"""Generation of a sample: parts in every file format, files to reject, and the expected results."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from random import Random
from typing import TYPE_CHECKING

from dags.sample.days import DAYS, FIRST_DATE, clock_after, day_by_slot
from dags.sample.defects import COLUMNS
from dags.sample.files import FLAVOURS, Flavour, open_writer
from dags.sample.records import (
    NUMERIC,
    Part,
    write_events,
    write_transactions,
    write_users,
)
from dags.sample.truth import ActivityTruth, DatasetTruth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PART_BYTES = 24 * 1024 * 1024  # small enough for one task in any layout
LATE = Flavour(".late.ndjson", "json_lines")
BYTES_A_ROW = {"events": 150, "users": 110, "transactions": 125}  # averages over all flavours
SHARE = {"events": 0.70, "users": 0.05, "transactions": 0.25}


@dataclass(frozen=True)
class PartPlan:
    """One worker's task. ``first``: the index of the first user, for the dataset users."""

    out: Path
    seed: int
    dataset: str
    number: int
    rows: int
    first: int
    users: int

    @property
    def flavour(self) -> Flavour:
        """The parts use all flavours in rotation."""
        return FLAVOURS[self.number % len(FLAVOURS)]


def generate(
    out: Path, size_bytes: int, seed: int, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Path:
    """Write a RAW zone of about ``size_bytes`` to ``out``; return the path of its expected results.

    The same size and seed give the same bytes, for any number of cores. Memory is bounded by one part per
    process, and by one bit per user and day for the expected results.

    Args:
        out: the folder for ``<dataset>/…``; the expected results go to ``out.truth.json``.
        size_bytes: the approximate size.
        seed: of the random numbers.
        progress: called with the number of parts done and in total.
    """
    plans = list(_plan(out, size_bytes, seed))
    truths = {dataset: DatasetTruth() for dataset in COLUMNS}
    activity = ActivityTruth()
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for done, (plan, (truth, part_activity)) in enumerate(
            zip(plans, pool.map(_write_part, plans), strict=True)
        ):
            truths[plan.dataset].add(truth)
            activity.add(part_activity)
            progress(done + 1, len(plans))
    for dataset, truth in truths.items():
        _write_odd_files(out / dataset, dataset, truth)
    days = [(FIRST_DATE + timedelta(days=day)).isoformat() for day in range(DAYS)]
    document = {
        "seed": seed,
        "as_of": clock_after(DAYS).isoformat(),
        "size_bytes": size_bytes,
        "written_bytes": sum(p.stat().st_size for p in out.rglob("*") if p.is_file()),
        "datasets": {dataset: truth.document() for dataset, truth in truths.items()},
        "gold": activity.document(
            days[0], days, truths["users"].rows_promoted, truths["events"].rows_promoted
        ),
    }
    path = out.with_name(f"{out.name}.truth.json")
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _plan(out: Path, size_bytes: int, seed: int) -> Iterator[PartPlan]:
    rows = {d: max(400, int(size_bytes * SHARE[d] / BYTES_A_ROW[d])) for d in COLUMNS}
    users = rows["users"]
    for dataset, count in rows.items():
        parts = max(len(FLAVOURS), -(-count * BYTES_A_ROW[dataset] // PART_BYTES))
        edges = [count * i // parts for i in range(parts + 1)]
        for number in range(parts):
            first, last = edges[number], edges[number + 1]
            yield PartPlan(out, seed, dataset, number, last - first, first, users)


def _write_part(plan: PartPlan) -> tuple[DatasetTruth, ActivityTruth]:
    flavour, columns, numeric = plan.flavour, COLUMNS[plan.dataset], NUMERIC[plan.dataset]
    folder = plan.out / plan.dataset / f"drop={plan.number // 10:03d}"
    slots = () if plan.dataset == "users" else day_by_slot(plan.dataset, plan.seed, DAYS)
    with (
        open_writer(folder / f"part-{plan.number:05d}{flavour.extension}", flavour, columns, numeric) as main,
        open_writer(folder / f"part-{plan.number:05d}{LATE.extension}", LATE, columns, numeric) as late,
    ):
        random = Random(f"{plan.seed}/{plan.dataset}/{plan.number}")  # noqa: S311 - not used for security
        part = Part(random, plan.number, plan.users, DAYS, slots, main, late, flavour.is_typed)
        if plan.dataset == "events":
            write_events(part, plan.rows)
        elif plan.dataset == "transactions":
            write_transactions(part, plan.rows)
        else:
            write_users(part, plan.first, plan.rows)
        part.truth.valid_files = 1
    late_path = folder / f"part-{plan.number:05d}{LATE.extension}"
    if late_path.stat().st_size == 0:
        late_path.unlink()
    else:
        part.truth.valid_files += 1
    return part.truth, part.activity


def _write_odd_files(folder: Path, dataset: str, truth: DatasetTruth) -> None:
    """Write files without rows, files to reject for every reason, and files to ignore."""
    header = ",".join(COLUMNS[dataset])
    rows = f"{header}\n{',' * (len(COLUMNS[dataset]) - 1)}\n"
    odd: list[tuple[str, bytes, str | None]] = [
        ("odd/header_alone.csv", f"{header}\n".encode(), None),
        ("odd/empty_array.json", b"[]", None),
        ("odd/report.xlsx", b"PK\x03\x04", "unsupported_format"),
        ("odd/late.parquet.gz", gzip.compress(b"PAR1", mtime=0), "unsupported_format"),
        ("odd/nothing.csv", b"", "empty"),
        ("odd/blanks.json", b" \n\t\r\n", "empty"),
        ("odd/disguised.csv", gzip.compress(rows.encode(), mtime=0), "content_mismatch"),
        ("odd/other_table.csv", b"alpha,beta\n1,2\n", "content_mismatch"),
        ("odd/prose.jsonl", b"this is\nno JSON at all\n", "content_mismatch"),
        ("odd/nul.txt", f"{header}\n\0\n".encode(), "content_mismatch"),
        ("odd/cut.csv.gz", gzip.compress(rows.encode() * 50, mtime=0)[:-12], "corrupt_gzip"),
        ("odd/bomb.csv.gz", gzip.compress(b"a" * (258 * 1024 * 1024), 9, mtime=0), "oversized_expansion"),
        ("odd/broken.parquet", b"PAR1 not really PAR1", "corrupt_parquet"),
        ("odd/latin1.csv", f"{header}\nÄÖÜ\n".encode("latin-1"), "undecodable"),
        ("odd/cut.json", b'[{"a": 1}, {"a"', "corrupt_json"),
    ]
    for key, content, reason in odd:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        if reason is None:
            truth.valid_files += 1
            truth.files_without_rows += 1
        else:
            truth.rejected_files[reason] += 1
    for key in (
        "_SUCCESS",
        "odd/.hidden.csv",
        "odd/_committed_1",
        "_temporary/0/part-0.csv",
        "odd/part.csv.crc",
    ):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"ignored")
        truth.ignored_files += 1
