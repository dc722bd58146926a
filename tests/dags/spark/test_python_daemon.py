"""An idle Python worker exits quietly when Spark closes its connection."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING, BinaryIO

import pytest

from dags.spark.java import ensure_java
from dags.spark.python_daemon import CLOSED, exit_when_closed, without_own_archives

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

A_RUN_OF_WORKERS = """
import time
from dags.spark.session import spark_session
spark = spark_session({"spark.master": "local[2]", "spark.ui.enabled": "false"})
spark.range(0, 20, 1, 2).mapInArrow(lambda batches: batches, "id long").collect()
time.sleep(1)
spark.stop()  # closes the sockets of the workers that wait
time.sleep(2)
print("done")
"""


def test_a_worker_without_work_ends_and_writes_nothing() -> None:
    def work(incoming: BufferedReader, outgoing: BinaryIO) -> None:
        pytest.fail("there was no task")

    written = io.BytesIO()
    with pytest.raises(SystemExit) as left:
        exit_when_closed(work)(io.BufferedReader(io.BytesIO(b"")), written)
    assert (left.value.code, written.getvalue()) == (CLOSED, b"")


def test_a_task_reaches_the_worker_whole() -> None:
    def work(incoming: BufferedReader, outgoing: BinaryIO) -> None:
        outgoing.write(incoming.read())

    written = io.BytesIO()
    exit_when_closed(work)(io.BufferedReader(io.BytesIO(b"task")), written)
    assert written.getvalue() == b"task"


@pytest.mark.slow
def test_a_spark_that_stops_leaves_no_traceback() -> None:
    ensure_java()
    ran = subprocess.run(
        [sys.executable, "-c", A_RUN_OF_WORKERS], capture_output=True, text=True, check=False, timeout=120
    )
    assert (ran.returncode, ran.stdout.strip()) == (0, "done"), ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_archives_of_an_installed_pyspark_are_left_out_and_no_others(tmp_path: Path) -> None:
    home = tmp_path / "pyspark"
    home.mkdir()
    (home / "__init__.py").touch()
    own = [str(home / "python/lib/pyspark.zip"), str(home / "jars/spark-core.jar")]
    kept = [str(tmp_path / "mine.zip"), str(tmp_path)]
    assert without_own_archives([*own, *kept]) == kept


def test_the_archives_are_recognised_where_the_environment_is_a_link(tmp_path: Path) -> None:
    (tmp_path / "real" / "pyspark").mkdir(parents=True)
    (tmp_path / "real" / "pyspark" / "__init__.py").touch()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    archive = str(tmp_path / "real" / "pyspark" / "python/lib/pyspark.zip")
    assert without_own_archives([archive, str(tmp_path / "link")]) == [str(tmp_path / "link")]


def test_archives_stay_where_nothing_else_holds_pyspark(tmp_path: Path) -> None:
    path = [str(tmp_path / "pyspark.zip"), str(tmp_path)]
    assert without_own_archives(path) == path
