"""The list of transitions: functions with the common signature, which start Spark for a size."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

import pytest

from dags.pipeline.context import new_run, read_setup
from dags.pipeline.progress import Quiet
from dags.pipeline.run import TRANSITIONS, load_transition
from tests.dags.lake_runs import AS_OF, LakeRuns, SparkWanted, no_spark

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", TRANSITIONS)
def test_each_transition_is_a_function_of_its_name_with_the_common_signature(name: str) -> None:
    transition = load_transition(name)
    assert transition.__name__ == name  # type: ignore[attr-defined]
    assert list(inspect.signature(transition).parameters) == ["setup", "run", "start_spark", "progress"]


def test_an_unknown_transition_is_refused_with_the_known_names() -> None:
    with pytest.raises(ValueError, match=r"unknown transition 'x'; expected one of raw_to_bronze, .*"):
        load_transition("x")


def test_spark_starts_for_the_bytes_that_the_run_reads(tmp_path: Path) -> None:
    lake = LakeRuns(tmp_path / "lake", None)  # type: ignore[arg-type]  # no session is started
    lake.drop_shop()
    size_bytes = sum(path.stat().st_size for path in (lake.root / "raw").rglob("*.csv"))
    begun: list[int] = []

    def start(input_bytes: int) -> NoReturn:
        begun.append(input_bytes)
        raise SparkWanted

    def begin(name: str, *, is_whole: bool) -> None:
        run = replace(new_run(as_of=AS_OF), is_whole=is_whole)
        with pytest.raises(SparkWanted):
            load_transition(name)(read_setup(lake.settings), run, start, Quiet())

    begin("raw_to_bronze", is_whole=True)  # the session also serves the transitions that follow
    lake.run(only="raw_to_bronze", start_spark=no_spark)
    begin("bronze_to_silver", is_whole=False)
    assert begun == [size_bytes, size_bytes]
