"""Fixtures of the driver's tests: an empty lake, or a copy of one after earlier runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dags.lake_runs import LakeRuns, SparkWanted, wanting_spark

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

FIRST_RUN = "first"


@pytest.fixture
def lake(tmp_path: Path, spark: SparkSession) -> LakeRuns:
    """A lake without a file in it."""
    return LakeRuns(tmp_path / "lake", spark)


@pytest.fixture(scope="session")
def _messy_shop(tmp_path_factory: pytest.TempPathFactory, spark: SparkSession) -> LakeRuns:
    lake = LakeRuns(tmp_path_factory.mktemp("messy_shop") / "lake", spark)
    lake.drop_messy_shop()
    lake.run(run_id=FIRST_RUN, only="raw_to_bronze")
    with pytest.raises(SparkWanted):
        lake.run(run_id=FIRST_RUN, only="bronze_to_silver", start_spark=wanting_spark)
    assert set(lake.pointers()) == {"bronze"}
    lake.run(run_id=FIRST_RUN)
    return lake


@pytest.fixture
def messy_shop(_messy_shop: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of a lake in which one run, ``first``, took the messy shop from RAW to the warehouse.

    Its first attempt died when it started Spark; the second one had the same run id.
    """
    return _messy_shop.copied_to(tmp_path / "lake")


@pytest.fixture(scope="session")
def _twice_promoted_shop(_messy_shop: LakeRuns, tmp_path_factory: pytest.TempPathFactory) -> LakeRuns:
    lake = _messy_shop.copied_to(tmp_path_factory.mktemp("twice_promoted") / "lake")
    lake.run(run_id="second", force=True)
    return lake


@pytest.fixture
def twice_promoted_shop(_twice_promoted_shop: LakeRuns, tmp_path: Path) -> LakeRuns:
    """A copy of the messy shop after a second, forced run, ``second``, on the same files."""
    return _twice_promoted_shop.copied_to(tmp_path / "twice" / "lake")
