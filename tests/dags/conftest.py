"""What the tests of the driver share: an empty lake of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dags.lake_runs import LakeRuns

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


@pytest.fixture
def lake(tmp_path: Path, spark: SparkSession) -> LakeRuns:
    """A lake without a file in it."""
    return LakeRuns(tmp_path / "lake", spark)
