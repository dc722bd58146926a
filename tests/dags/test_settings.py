"""Settings: precedence, and errors that name the setting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from dags.pipeline.context import find_lake, new_run
from dags.settings import read_settings


def test_what_is_given_wins_over_the_environment_and_that_over_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LAKEGATE_LAKE", raising=False)
    assert read_settings().lake == "./lake"
    monkeypatch.setenv("LAKEGATE_LAKE", "/srv/lake")
    assert read_settings(lake=None).lake == "/srv/lake"
    assert read_settings(lake="/mine").lake == "/mine"


@pytest.mark.parametrize(
    ("variable", "value", "read"),
    [
        ("LAKEGATE_CONTRACTS", "/etc/contracts", Path("/etc/contracts")),
        ("LAKEGATE_SHOWN_RUNS", "7", 7),
        ("LAKEGATE_SPARK_OPTIONS", '{"spark.driver.memory": "3g"}', {"spark.driver.memory": "3g"}),
    ],
)
def test_every_setting_can_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, read: object
) -> None:
    monkeypatch.setenv(variable, value)
    assert getattr(read_settings(), variable.removeprefix("LAKEGATE_").lower()) == read


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LAKEGATE_SHOWN_RUNS", "0"),
        ("LAKEGATE_SHOWN_RUNS", "many"),
        ("LAKEGATE_INGEST_THREADS", "-1"),
        ("LAKEGATE_SPARK_OPTIONS", '{"spark.driver.memory": {}}'),
        ("LAKEGATE_SPARK_OPTIONS", "spark.driver.memory=3g"),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        read_settings()
    assert variable in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_zone_can_have_a_root_of_its_own(tmp_path: Path) -> None:
    lake = find_lake(read_settings(lake=str(tmp_path / "lake"), raw_root=str(tmp_path / "drop")))
    assert lake.raw("events").uri == str(tmp_path / "drop" / "events")
    assert lake.bronze("events").uri == str(tmp_path / "lake" / "bronze" / "events")


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2024-05-01", datetime(2024, 5, 1, tzinfo=UTC)),
        ("2024-05-01T12:00:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00Z", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T12:00:00+02:00", datetime(2024, 5, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_runs_clock_is_read_as_utc(text: str, clock: datetime) -> None:
    run = new_run(as_of=text)
    assert run.as_of == clock
    assert run.as_of.tzinfo is UTC
    assert run.parameters == {"as_of": clock, "as_of_limit": clock + timedelta(hours=24)}


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"as_of": "yesterday"}, "--as-of"),
        ({"as_of": ""}, "--as-of"),
        ({"as_of": "9999-12-31T23:59:59Z"}, "--as-of"),
        *(
            ({"run_id": wrong}, "--run-id")
            for wrong in (" ", "", "../up", "a/b", ".hidden", "a b", "x" * 121, "ä\n")
        ),
    ],
)
def test_a_wrong_clock_or_id_is_named(given: dict[str, str], where: str) -> None:
    with pytest.raises(ConfigurationError, match=where):
        new_run(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("run_id", ["nightly", "manual__2024-05-01T00:00:00+00:00", "x" * 120])
def test_a_given_id_is_the_runs_id(run_id: str) -> None:
    assert new_run(run_id=run_id).id == run_id


def test_two_runs_without_an_id_get_two() -> None:
    assert new_run().id != new_run().id
