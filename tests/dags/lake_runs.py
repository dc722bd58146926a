"""A lake in a folder of a test's own: drop RAW files, run the pipeline in this process, see what came out.

Cold Spark costs more than all else in a tiny run, so runs here share the session of ``tests/conftest.py``.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import patch
from urllib.parse import unquote

import duckdb
import pyarrow.dataset as pds
import pyarrow.parquet as pq

from dags.cli.main import main
from dags.pipeline.context import find_lake, new_run
from dags.pipeline.progress import Quiet
from dags.pipeline.report import as_document
from dags.pipeline.run import run_pipeline
from dags.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from checkpoints.lake.layout import Lake
    from dags.pipeline.report import RunReport
    from dags.settings import Settings

AS_OF = "2024-06-30T00:00:00+00:00"

EVENTS = """event_id,user_id,ts,country,email,name,price,amount,age
e1,u1,2024-05-01T10:00:00Z,DE,ada@example.com,Ada,10.00,1.00,36
e2,u1,2024-05-02T10:00:00Z,FR,ada@example.com,Ada,20.00,2.00,36
e3,u2,2024-05-02T11:00:00Z,DE,bob@example.com,Bob,30.00,3.00,41
"""
USERS = """user_id,name,email,phone,city,age,updated_at
u1,Ada,ada@example.com,+49 30 1111111,Berlin,36,2024-04-01T00:00:00Z
u2,Bob,bob@example.com,+49 30 2222222,Paris,41,2024-04-02T00:00:00Z
"""
TRANSACTIONS = """tx_id,user_id,amount,status,created_at,delivered_at,email,name,age
t1,u1,10.50,delivered,2024-05-01T12:00:00Z,2024-05-03T12:00:00Z,ada@example.com,Ada,36
t2,u2,20.25,paid,2024-05-02T12:00:00Z,,bob@example.com,Bob,41
t3,u2,0.25,shipped,2024-05-02T13:00:00Z,,bob@example.com,Bob,41
"""

MESSY_SHOP = {
    "events/web.csv": """event_id,user_id,ts,country,email,name,price,amount,age,contact
e1,u1,2024-05-01T10:00:00Z,DE,ada@secret.example,Ada Lovelace,10.00,1.00,36,call ada
e1,u1,2024-04-30T10:00:00Z,DE,ada@secret.example,Ada Lovelace,10.00,1.00,36,call ada
e2,u1,2024-05-02T10:00:00Z,FR,ada@secret.example,Ada Lovelace,20.00,2.00,36,
e3,u2,2024-05-02T11:00:00Z,DE,bob@secret.example,Bob Kahn,30.00,3.00,41,
e4,u2,2024-05-03T11:00:00Z,DE,bob@secret.example,Bob Kahn,30.00,3.00,41,
e5,u3,2024-05-03T12:00:00Z,<script>alert('country')</script>,,Grace Hopper,5.00,1.00,52,
e6,u3,2024-05-04T12:00:00Z,US,no-address-secret,Grace Hopper,5.00,1.00,52,
e7,u1,not a time,DE,mallory@secret.example,<script>alert('name')</script>,1.00,1.00,33,
e8,u1,2024-05-04T12:00:00Z,DE,mallory@secret.example,Mallory Broken,1.00,1.00,300,
""",
    "events/app.jsonl": """{"event_id": "e9", "user_id": "u2", "ts": "2024-05-04T13:00:00Z", "name": "Bob K."}
{"event_id": "e10", "email": "malformed@secret.example", "name": "Malformed Person
{"event_id": "e11", "user_id": "u2", "ts": "2024-05-04T14:00:00Z"}
""",
    "events/<script>alert(1)</script>.csv": "event_id,user_id,ts\ne12,u1,2024-05-05T00:00:00Z\n",
    "users/crm.csv": """user_id,name,email,phone,city,age,updated_at
u1,Ada Lovelace,ada@secret.example,+49 170 1111111,Berlin,36,2024-04-01T00:00:00Z
u1,Ada Byron,ada@secret.example,+49 170 1111111,London,35,2024-03-01T00:00:00Z
u2,Bob Kahn,bob@secret.example,+49 170 2222222,Paris,41,2024-04-02T00:00:00Z
u3,Grace Hopper,grace@secret.example,+49 170 3333333,Boston,52,2024-04-03T00:00:00Z
u4,Edsger Broken,edsger@secret.example,+49 170 4444444,Nuenen,very old,2024-04-03T00:00:00Z
""",
    "users/cut.json": '[{"user_id": "u9", "name": "Hidden Person", "email": "hidden@secret.example"}, {',
    "transactions/shop.csv": """tx_id,user_id,amount,status,created_at,delivered_at,email,name,age
t1,u1,10.50,delivered,2024-05-01T12:00:00Z,2024-05-03T12:00:00Z,ada@secret.example,Ada Lovelace,36
t2,u2,20.25,paid,2024-05-02T12:00:00Z,,bob@secret.example,Bob Kahn,41
t3,u2,0.25,shipped,2024-05-02T13:00:00Z,,bob@secret.example,Bob Kahn,41
t4,u3,4.00,lost,2024-05-03T13:00:00Z,,grace@secret.example,Grace Hopper,52
t5,u3,-5.00,paid,2024-05-03T13:00:00Z,,grace@secret.example,Grace Hopper,52
""",
    "transactions/report.xlsx": "no table",
    "transactions/_SUCCESS": "",
}
SECRETS = (
    "secret.example", "no-address-secret", "Lovelace", "Byron", "Kahn", "Hopper", "Mallory",
    "Malformed Person", "Edsger", "Hidden Person", "+49 170", "1111111", "4444444", "call ada",
)  # fmt: skip
"""Values of personal-data columns, also of records that cannot be parsed."""


class SparkWanted(BaseException):
    """Raised when a transition is about to compute something; ends its run there."""


def wanting_spark() -> NoReturn:
    """Stand in for Spark's start: raise ``SparkWanted``, as if Spark was needed, or died."""
    raise SparkWanted


def no_spark() -> NoReturn:
    """Stand in for Spark's start: fail, since nothing has to be computed."""
    raise AssertionError("Spark was started, though nothing had to be computed")


@dataclass(frozen=True)
class LakeRuns:
    """One local lake, and what it takes to run the pipeline on it.

    ``given``: further settings by field name, such as ``contracts``, ``policies``, ``shown_runs``.
    """

    root: Path
    spark: SparkSession
    given: Mapping[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return read_settings(lake=str(self.root), **self.given)

    @property
    def lake(self) -> Lake:
        return find_lake(self.settings)

    def with_settings(self, **given: object) -> LakeRuns:
        """Return the same lake under further settings."""
        return LakeRuns(self.root, self.spark, {**self.given, **given})

    def copied_to(self, root: Path) -> LakeRuns:
        """Return a copy of the lake: a full run costs seconds, a copy of what it left costs none."""
        shutil.copytree(self.root, root)
        return LakeRuns(root, self.spark, self.given)

    def drop(self, key: str, content: str | bytes) -> Path:
        """Write a RAW file: ``drop("events/a.csv", …)``."""
        path = self.root / "raw" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def drop_shop(self) -> None:
        """Write three tiny files without a fault, one a dataset."""
        self.drop("events/events.csv", EVENTS)
        self.drop("users/users.csv", USERS)
        self.drop("transactions/transactions.csv", TRANSACTIONS)

    def drop_messy_shop(self) -> None:
        """Write files of every fate: rows promoted, deduplicated, warned of and quarantined, files rejected.

        Names, addresses, a country and a file's name are such as must not show, or not run, in Data Docs.
        """
        for key, content in MESSY_SHOP.items():
            self.drop(key, content)

    def report(
        self,
        *,
        run_id: str | None = None,
        as_of: str = AS_OF,
        only: str | None = None,
        force: bool = False,
        start_spark: Callable[[], SparkSession] | None = None,
    ) -> RunReport:
        """Carry out a run and return its report."""
        return run_pipeline(
            self.settings,
            new_run(as_of=as_of, run_id=run_id, is_forced=force),
            Quiet(),
            only=only,
            start_spark=start_spark or (lambda: self.spark),
        )

    def run(self, **how: Any) -> dict[str, Any]:
        """Carry out a run and return its document, as `lakegate run --json` prints it."""
        document: dict[str, Any] = json.loads(json.dumps(as_document(self.report(**how)), default=str))
        return document

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a promoted version, in the order of its columns: ``rows("gold/dim_users")``."""
        files = sorted(str(path) for path in self.folder(name).rglob("*.parquet"))
        if not files:
            return []
        table = pds.dataset(files).to_table()
        found: list[dict[str, Any]] = table.to_pylist()
        return sorted(found, key=lambda row: [(value is None, str(value)) for value in row.values()])

    def folder(self, name: str) -> Path:
        """Return the folder of a promoted version: ``silver/events``."""
        from checkpoints.lake.promotion import current_manifest, current_place
        from contracts.model import Zone

        zone, _, rest = name.partition("/")
        manifest = current_manifest(self.lake, Zone(zone), rest)
        return type(self.root)(current_place(self.lake, Zone(zone), manifest).uri)

    def warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query on the default warehouse gives."""
        with duckdb.connect(str(self.root / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def pointers(self) -> dict[str, bytes]:
        """Return the documents whose replacement is a promotion, by zone."""
        return {
            path.parts[-3]: path.read_bytes() for path in sorted(self.root.glob("*/_manifests/current.json"))
        }

    def files(self) -> dict[str, tuple[int, int]]:
        """Return size and modification time of every file in the lake, by its path."""
        return {
            path.relative_to(self.root).as_posix(): (path.stat().st_size, path.stat().st_mtime_ns)
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }

    def published(self) -> dict[str, str]:
        """Return the text of every file below docs/ and metrics/ by path; of a Parquet file, its rows."""
        return {
            path.relative_to(self.root).as_posix(): str(pq.ParquetFile(path).read().to_pylist())
            if path.suffix == ".parquet"
            else path.read_text("utf-8")
            for folder in ("docs", "metrics")
            for path in sorted((self.root / folder).rglob("*"))
            if path.is_file()
        }

    def broken_links(self) -> list[str]:
        """Return the links of pages in docs/ that lead to no page."""
        return [
            f"{path.relative_to(self.root)} -> {target}"
            for path in sorted((self.root / "docs").rglob("*.html"))
            for target in re.findall(r'href="([^"#]+)', path.read_text("utf-8"))
            if not (path.parent / unquote(target)).resolve().is_file()
        ]


def transition(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one transition of a run's document."""
    found: dict[str, Any] = next(one for one in document["transitions"] if one["name"] == name)
    return found


def dataset(document: Mapping[str, Any], transition_name: str, name: str) -> dict[str, Any]:
    """Return one dataset, or table, of one transition of a run's document."""
    datasets = transition(document, transition_name)["datasets"]
    found: dict[str, Any] = next(one for one in datasets if one["dataset"] == name)
    return found


def verdicts(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the verdict of each transition that a run came to."""
    return {one["name"]: one["verdict"] for one in document["transitions"]}


@dataclass(frozen=True)
class CommandResult:
    """Exit status and output of a command."""

    status: int
    out: str
    err: str
    logs: str = ""  # from INFO on

    @property
    def document(self) -> dict[str, Any]:
        """Stdout, which must be one JSON document."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def lakegate(*arguments: object) -> CommandResult:
    """Run `lakegate` in this process, on its own stdout and stderr."""
    out, err, logs = io.StringIO(), io.StringIO(), io.StringIO()
    status = 0
    with (
        _logging_to(logs),
        patch.object(sys, "argv", ["lakegate", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else int(left.code is not None)
    return CommandResult(status, out.getvalue(), err.getvalue(), logs.getvalue())


@contextlib.contextmanager
def _logging_to(stream: io.StringIO) -> Iterator[None]:
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
