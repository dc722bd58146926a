"""The Glue job under spark-submit on a cluster of two workers, processes of their own: as on one machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyspark
import pytest

from dags.pipeline.verdict_file import read_outcome
from tests.dags.lake_runs import AS_OF, LakeRuns
from tests.shipped import DATASETS, GOLD_TABLES, USERS_HISTORY

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CHECKOUT = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
TABLES = [f"silver/{name}" for name in (*DATASETS, USERS_HISTORY)] + [f"gold/{name}" for name in GOLD_TABLES]


def submit(shop: LakeRuns, transition: str) -> subprocess.CompletedProcess[str]:
    """Run the job's script on two workers of one core and 2,048 MB each."""
    return subprocess.run(
        [
            *(str(SPARK_HOME / "bin" / "spark-submit"), "--master", "local-cluster[2,1,2048]"),
            *("--driver-memory", "2g", "--executor-memory", "1g", str(CHECKOUT / "dags" / "glue" / "job.py")),
            *("--transition", transition, "--lake", str(shop.root), "--run_id", "cluster", "--as_of", AS_OF),
        ],
        env={
            **os.environ,
            "SPARK_HOME": str(SPARK_HOME),
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": str(CHECKOUT),
        },
        cwd=shop.root,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_two_workers_promote_what_one_machine_promotes(
    messy_shop: LakeRuns, spark: SparkSession, tmp_path: Path
) -> None:
    shop = LakeRuns(tmp_path / "lake", spark)
    shop.drop_messy_shop()
    shop.run(only="raw_to_bronze", run_id="cluster")
    for transition in ("bronze_to_silver", "silver_to_gold"):
        done = submit(shop, transition)
        assert done.returncode == 0, done.stderr[-2000:]
        outcome = read_outcome(shop.lake, "cluster", transition)
        assert outcome is not None
        assert outcome.error is None
    for table in TABLES:
        assert shop.rows(table) == messy_shop.rows(table), table
