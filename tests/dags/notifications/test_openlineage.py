"""OpenLineage events: valid by the standard's schema, the same from every entry point."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from jsonschema import Draft202012Validator
from openlineage.client.serde import Serde

from dags.glue.main import run_job
from dags.notifications.openlineage import announce, lineage_event
from dags.pipeline.report import DatasetReport, TransitionReport
from quarantine_policies.decision import Verdict
from tests.dags.lake_runs import AS_OF, EVENTS, lakegate
from tests.dags.notifications.conftest import BLOCKED, WARNED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dags.notifications.transition_event import TransitionEvent
    from tests.dags.notifications.conftest import Receiver

TEXT, COUNT = {"type": "string"}, {"type": "integer"}
MOMENT, URI = {"type": "string", "format": "date-time"}, {"type": "string", "format": "uri"}


def objects(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [*required],
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


def facet(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return objects({"_producer": URI, "_schemaURL": URI, **required}, optional)


# RunEvent of OpenLineage 2-0-2 and the facets used here, stricter: no other property is allowed.
JOB = {"namespace": TEXT, "name": TEXT}
EMPTY = {"facets": {"maxProperties": 0}}
RUN_ID = {"runId": {"type": "string", "format": "uuid"}}
FIELD = objects(
    {"name": TEXT, "type": TEXT}, {"description": TEXT, "fields": {"type": "array", "maxItems": 0}}
)
ASSERTION = objects(
    {"assertion": TEXT, "success": {"type": "boolean"}},
    {"column": TEXT, "severity": {"enum": ["error", "warn"]}, "name": TEXT, "description": TEXT,
     "params": {"type": "object"}},
)  # fmt: skip
DATASET_FACETS = objects(
    {"schema": facet({"fields": {"type": "array", "items": FIELD, "minItems": 1}})},
    {
        "dataQualityAssertions": facet({"assertions": {"type": "array", "items": ASSERTION, "minItems": 1}}),
        "dataQualityMetrics": facet({"columnMetrics": {"type": "object"}}, {"rowCount": COUNT}),
    },
)
DATASET = {"namespace": TEXT, "name": TEXT, "facets": DATASET_FACETS}
STATISTICS = facet({}, {"rowCount": COUNT, "size": COUNT, "fileCount": COUNT})
SCHEMA = objects(
    {
        "eventTime": MOMENT,
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "producer": URI,
        "schemaURL": {"const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"},
        "job": objects({
            **JOB,
            "facets": objects(
                {"jobType": facet({"processingType": TEXT, "integration": TEXT, "jobType": TEXT})}
            ),
        }),
        "run": objects({
            **RUN_ID,
            "facets": objects(
                {
                    "nominalTime": facet({"nominalStartTime": MOMENT}),
                    "parent": facet({"run": objects(RUN_ID, EMPTY), "job": objects(JOB, EMPTY)}),
                },
                {"errorMessage": facet({"message": TEXT, "programmingLanguage": TEXT})},
            ),
        }),
        "inputs": {"type": "array", "items": objects(DATASET, {"inputFacets": {"maxProperties": 0}})},
        "outputs": {
            "type": "array",
            "items": objects(DATASET, {"outputFacets": objects({}, {"outputStatistics": STATISTICS})}),
        },
    }
)  # fmt: skip
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def document(event: TransitionEvent) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Serde.to_json(lineage_event(event)))
    VALIDATOR.validate(found)
    return found


@pytest.mark.parametrize(
    "transition", ["raw_to_bronze", "bronze_to_silver", "silver_to_gold", "gold_to_redshift"]
)
@pytest.mark.parametrize("lake", ["s3://shop/lake", "/data/lake"])
def test_the_start_of_every_transition_is_a_valid_event(
    event: Callable[..., TransitionEvent], transition: str, lake: str
) -> None:
    warehouse = "redshift-data://analytics/dev?region=eu-west-1"
    found = document(event(None, transition, lake=lake, warehouse=warehouse))
    assert found["eventType"] == "START"
    assert found["job"]["name"] == transition
    assert found["inputs"]
    assert found["outputs"]


def test_datasets_are_named_as_openlineage_names_them(event: Callable[..., TransitionEvent]) -> None:
    given = {"lake": "s3://shop/lake", "gold_root": "s3://gold"}
    warehouse = "redshift-data://analytics/dev?region=eu-west-1"
    silver = document(event(None, "bronze_to_silver", **given))
    assert ("s3://shop", "lake/silver/users_history") in names(silver["outputs"])
    assert names(silver["inputs"]) == {
        ("s3://shop", f"lake/bronze/{name}") for name in ("events", "users", "transactions")
    }
    loaded = document(event(None, "gold_to_redshift", warehouse=warehouse, **given))
    assert ("s3://gold", "fact/fact_events") in names(loaded["inputs"])
    assert ("redshift://analytics.eu-west-1:5439", "dev.gold.fact_events") in names(loaded["outputs"])


def names(datasets: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(one["namespace"], one["name"]) for one in datasets}


def test_an_end_has_schema_assertions_and_statistics(event: Callable[..., TransitionEvent]) -> None:
    found = document(event(WARNED))
    assert found["eventType"] == "COMPLETE"
    (events,) = (one for one in found["outputs"] if one["name"].endswith("/silver/events"))
    columns = {one["name"]: one["type"] for one in events["facets"]["schema"]["fields"]}
    assert (columns["price"], columns["event_date"]) == ("decimal(18,4)", "date")
    results = {one["name"]: one for one in events["facets"]["dataQualityAssertions"]["assertions"]}
    assert (results["age_range"]["success"], results["age_range"]["severity"]) == (False, "error")
    assert (results["email_format"]["success"], results["email_format"]["severity"]) == (False, "warn")
    assert results["keys_unique"]["success"] is True
    assert events["facets"]["dataQualityMetrics"]["rowCount"] == 900
    assert events["outputFacets"]["outputStatistics"]["rowCount"] == 900


def test_a_blocked_transition_fails_and_names_the_rules(event: Callable[..., TransitionEvent]) -> None:
    found = document(event(BLOCKED))
    assert found["eventType"] == "FAIL"
    assert found["run"]["facets"]["errorMessage"]["message"] == "events blocked: quarantine_ratio"
    assert all(not one.get("outputFacets") for one in found["outputs"])
    (events,) = (one for one in found["outputs"] if one["name"].endswith("/silver/events"))
    results = {one["name"]: one["success"] for one in events["facets"]["dataQualityAssertions"]["assertions"]}
    assert (results["quarantine_ratio"], results["keys_unique"]) == (False, True)


def test_an_unchanged_transition_completes_without_results(event: Callable[..., TransitionEvent]) -> None:
    unchanged = (DatasetReport("events", Verdict.UNCHANGED, rows_promoted=3),)
    found = document(event(TransitionReport("bronze_to_silver", Verdict.UNCHANGED, 0.1, unchanged)))
    assert found["eventType"] == "COMPLETE"
    assert all([*one["facets"]] == ["schema"] for one in found["outputs"])


@pytest.mark.parametrize(("given", "key"), [({}, None), ({"openlineage_secret": ""}, "from-the-secret")])
def test_a_server_gets_the_event_with_the_key_of_the_secret(
    event: Callable[..., TransitionEvent],
    aws: None,
    receiver: Receiver,
    given: dict[str, str],
    key: str | None,
) -> None:
    if given:
        secrets = boto3.client("secretsmanager")
        given = {"openlineage_secret": secrets.create_secret(Name="key", SecretString=f"{key}\n")["ARN"]}
    announce(event(WARNED, openlineage=f"{receiver.url}/api/v1/lineage", **given))
    ((path, headers, body),) = receiver.accepted
    assert path == "/api/v1/lineage"
    assert headers.get("Authorization") == (key and f"Bearer {key}")
    VALIDATOR.validate(body)


def written(file: Path) -> list[dict[str, Any]]:
    events = [json.loads(line) for line in file.read_text().splitlines()]
    for one in events:
        VALIDATOR.validate(one)
        one.pop("eventTime")
    return events


def test_command_line_and_job_write_the_same_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = tmp_path / "lake"
    found = []
    for number in (1, 2):
        file = lake / "raw/events/web.csv"
        file.parent.mkdir(parents=True)
        file.write_text(EVENTS)
        lines = tmp_path / f"{number}.ndjson"
        monkeypatch.setenv("LAKEGATE_OPENLINEAGE", lines.as_uri() if number == 1 else str(lines))
        run = ("--lake", str(lake), "--as-of", AS_OF, "--run-id", "r1")
        if number == 1:
            assert lakegate("run", "--only", "raw_to_bronze", *run).status == 0
        else:
            assert run_job(["--transition", "raw_to_bronze", *run]) == 0
        found.append(written(lines))
        lake.rename(tmp_path / f"lake{number}")
    assert [one["eventType"] for one in found[0]] == ["START", "COMPLETE"]
    assert found[0][1]["outputs"][0]["outputFacets"]["outputStatistics"]["fileCount"] == 1
    assert found[0] == found[1]
