"""Random messy RAW zones through the whole pipeline, compared row by row with the independent oracle."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from dags.settings import read_settings
from tests.oracle.mess import make_mess
from tests.oracle.mess_values import AS_OF
from tests.oracle.oracle import expected
from tests.oracle.warm import run_and_compare, run_dialects, run_warm_round

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_a_messy_raw_zone_comes_to_what_the_specification_says(
    compiled_spark: SparkSession, tmp_path: Path
) -> None:
    assert run_warm_round(tmp_path, compiled_spark, seed=6, files=4, sourced=1, with_change=False) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_so_does_a_changed_raw_zone_in_the_next_run(compiled_spark: SparkSession, tmp_path: Path) -> None:
    assert run_warm_round(tmp_path, compiled_spark, seed=501, files=22) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_so_does_one_with_many_files_and_one_that_expands_without_end(
    compiled_spark: SparkSession, tmp_path: Path
) -> None:
    make_mess(tmp_path / "raw", Random(600), files=60, with_bomb=True)
    settings = read_settings(lake=str(tmp_path))
    assert run_and_compare(settings, tmp_path, compiled_spark, expected(tmp_path / "raw", AS_OF)) == []


@pytest.mark.slow
def test_texts_of_random_dialects_come_to_what_the_specification_says(
    compiled_spark: SparkSession, tmp_path: Path
) -> None:
    assert run_dialects(tmp_path, compiled_spark, range(30)) == []
