"""Spark on this machine without the classes for S3."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
from dags.settings import Settings
from dags.spark.local import spark_for_few_rows

spark = spark_for_few_rows(Settings(lake="s3://lake", spark_options={"spark.master": "local[1]"}))
print(spark.range(3).count(), spark.conf.get("spark.jars.packages", "no packages"))
"""


def test_few_rows_beside_a_lake_on_s3_need_no_classes_for_s3() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert ended.stdout.strip() == "3 no packages", ended.stderr[-3000:]
