"""OpenLineage events of each transition: START, then COMPLETE or FAIL, with the datasets' facets.

Specification: https://openlineage.io/spec/2-0-2/OpenLineage.json. The job's namespace is the lake. A blocked
transition completed its work and promoted nothing: FAIL, with the broken rules.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import NAMESPACE_URL, uuid5

from checkpoints.aws import PROBE
from checkpoints.aws_secrets import read_secret
from contracts.model import Zone
from dags.pipeline.context import selected_datasets, warehouse_uri
from quarantine_policies.decision import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openlineage.client.event_v2 import Job, RunEvent
    from openlineage.client.transport import Transport

    from checkpoints.storage.place import Place
    from contracts.model import Contract
    from dags.notifications.transition_event import TransitionEvent
    from dags.pipeline.report import DatasetReport
    from dags.settings import Settings

_PRODUCER: Final = "https://pypi.org/project/lakegate"
_RUN: Final = "run"  # name of the job that is the parent of a run's transitions


def announce(event: TransitionEvent) -> None:
    """Send the event to the URL, or append it as a line to the file.

    The client retries what may help; the API key, of the secret or of ``OPENLINEAGE_API_KEY``, is the bearer
    token. Raises the client's errors, and boto3's.
    """
    _transport(event.setup.settings).emit(lineage_event(event))


def _transport(settings: Settings) -> Transport:
    from openlineage.client.transport.file import FileConfig, FileTransport
    from openlineage.client.transport.http import (
        ApiKeyTokenProvider,
        HttpConfig,
        HttpTransport,
        TokenProvider,
    )

    target = str(settings.openlineage)
    if not target.startswith(("http://", "https://")):
        return FileTransport(FileConfig(log_file_path=target.removeprefix("file://"), append=True))
    secret = settings.openlineage_secret
    key = read_secret(secret, wait=PROBE).strip() if secret else os.environ.get("OPENLINEAGE_API_KEY")
    auth = ApiKeyTokenProvider({"api_key": key}) if key else TokenProvider({})
    return HttpTransport(HttpConfig(url=target.removesuffix("/api/v1/lineage"), auth=auth))


def lineage_event(event: TransitionEvent) -> RunEvent:
    """Return the event in the client's classes; ids are the same for attempts at the same run."""
    from openlineage.client.event_v2 import Job, Run, RunEvent

    namespace = event.setup.lake.root.uri
    parts = (namespace, event.run.id, event.name, *([event.run.dataset] if event.run.dataset else []))
    inputs, outputs = _datasets(event)
    return RunEvent(
        eventType=_type_of(event),
        eventTime=(event.ended_at or event.started_at).isoformat(),
        run=Run(str(uuid5(NAMESPACE_URL, "/".join(parts))), _run_facets(event, Job(namespace, _RUN))),
        job=Job(namespace, event.name, _job_facets()),
        producer=_PRODUCER,
        inputs=inputs,
        outputs=outputs,
    )


def _type_of(event: TransitionEvent) -> Any:  # noqa: ANN401 - an enum of the client
    from openlineage.client.event_v2 import RunState

    if event.outcome is None:
        return RunState.START
    report = event.outcome.report
    return RunState.FAIL if report is None or report.verdict is Verdict.BLOCK else RunState.COMPLETE


def _run_facets(event: TransitionEvent, parent: Job) -> dict[str, Any]:
    from openlineage.client.generated import error_message_run, nominal_time_run, parent_run

    whole = str(uuid5(NAMESPACE_URL, f"{parent.namespace}/{event.run.id}"))
    facets: dict[str, Any] = {
        "nominalTime": nominal_time_run.NominalTimeRunFacet(event.run.as_of.isoformat(), producer=_PRODUCER),
        "parent": parent_run.ParentRunFacet(
            parent_run.Run(whole), parent_run.Job(parent.namespace, parent.name), producer=_PRODUCER
        ),
    }
    if message := _failure(event):
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(message, "PYTHON", producer=_PRODUCER)
    return facets


def _failure(event: TransitionEvent) -> str:
    """Return why a transition failed or is blocked; empty if it is neither."""
    if event.outcome is None:
        return ""
    if event.outcome.error is not None:
        return event.outcome.error.sentence
    report = event.outcome.report
    blocked = [one for one in report.datasets if one.verdict is Verdict.BLOCK] if report else []
    return "; ".join(f"{one.dataset} blocked: {', '.join(one.failed)}" for one in blocked)


def _job_facets() -> dict[str, Any]:
    from openlineage.client.generated.job_type_job import JobTypeJobFacet

    return {"jobType": JobTypeJobFacet("BATCH", "LAKEGATE", "TRANSITION", producer=_PRODUCER)}


@dataclass(frozen=True, slots=True)
class _Edge:
    """A table that a transition makes, where it lies, and the tables that it is made of."""

    contract: Contract
    place: tuple[str, str]  # namespace and name
    sources: tuple[tuple[Contract, tuple[str, str]], ...]


def _datasets(event: TransitionEvent) -> tuple[list[Any], list[Any]]:
    """Return the inputs, each once, and the outputs with what was measured of them."""
    from openlineage.client.event_v2 import InputDataset, OutputDataset

    edges = list(_edges(event))
    report = event.outcome.report if event.outcome else None
    reports = {one.dataset: one for one in report.datasets} if report else {}
    sources = {place: contract for edge in edges for contract, place in edge.sources}
    inputs = [InputDataset(*place, facets=_schema(one)) for place, one in sources.items()]
    outputs = [
        OutputDataset(
            *edge.place,
            facets={**_schema(edge.contract), **_measured(edge.contract, reports.get(edge.contract.name))},
            outputFacets=_statistics(reports.get(edge.contract.name)),
        )
        for edge in edges
    ]
    return inputs, outputs


def _edges(event: TransitionEvent) -> Iterator[_Edge]:
    setup, lake = event.setup, event.setup.lake
    contracts, area = setup.contracts, setup.lake.area
    silver = {one.name: (one, _named(area(Zone.SILVER).child(one.name))) for one in contracts.silver_tables}
    match event.name:
        case "raw_to_bronze":
            for one in selected_datasets(contracts, event.run.dataset):
                yield _Edge(one, _named(lake.bronze(one.name)), ((one, _named(lake.raw(one.name))),))
        case "bronze_to_silver":
            for one, place in silver.values():
                dataset = contracts.silver(one.dataset)
                yield _Edge(one, place, ((dataset, _named(lake.bronze(dataset.name))),))
        case _:
            gold = {one.name: (one, _named(lake.gold_table(one.name))) for one in contracts.gold}
            for one, place in gold.values():
                if event.name == "silver_to_gold":
                    sources = tuple({**silver, **gold}[name] for name in one.derived_from)
                    yield _Edge(one, place, sources)
                else:
                    yield _Edge(one, _table(warehouse_uri(setup), one.name), ((one, place),))


def _named(place: Place) -> tuple[str, str]:
    """Return a folder's namespace and name: ``s3://bucket`` and the key, or ``file`` and the path."""
    if not place.uri.startswith("s3://"):
        return "file", place.uri
    bucket, _, key = place.uri.removeprefix("s3://").partition("/")
    return f"s3://{bucket}", key


def _table(warehouse: str, table: str) -> tuple[str, str]:
    """Return the namespace and name of a table of the warehouse."""
    if not warehouse.startswith("redshift"):
        return warehouse, table
    from checkpoints.warehouse.redshift_uri import read_address

    address = read_address(warehouse)
    host = address.host or ".".join(part for part in (address.workgroup, address.region) if part)
    return f"redshift://{host}:{address.port}", f"{address.database}.{address.schema}.{table}"


def _schema(contract: Contract) -> dict[str, Any]:
    from openlineage.client.generated.schema_dataset import SchemaDatasetFacet, SchemaDatasetFacetFields

    fields = [
        SchemaDatasetFacetFields(one.name, str(one.type), one.description or None)
        for one in contract.silver_columns
    ]
    return {"schema": SchemaDatasetFacet(fields, producer=_PRODUCER)}


def _measured(contract: Contract, report: DatasetReport | None) -> dict[str, Any]:
    """Return the facets of a table that was judged: its rules with their results, and its rows."""
    from openlineage.client.generated.data_quality_assertions_dataset import (
        Assertion,
        DataQualityAssertionsDatasetFacet,
    )
    from openlineage.client.generated.data_quality_metrics_dataset import DataQualityMetricsDatasetFacet

    if report is None or report.files is not None or report.verdict is Verdict.UNCHANGED:
        return {}
    broken = {*report.failed, *(report.rows_by_rule or {}), *(report.rows_warned or {})}
    assertions = [
        Assertion(
            one.expectation,
            one.name not in broken,
            column=one.column,
            severity=one.severity.value,
            name=one.name,
            description=one.description or None,
        )
        for one in contract.rules
    ]
    facets: dict[str, Any] = {
        "dataQualityAssertions": DataQualityAssertionsDatasetFacet(assertions, producer=_PRODUCER)
    }
    if report.rows_promoted is not None:
        facets["dataQualityMetrics"] = DataQualityMetricsDatasetFacet(
            {}, rowCount=report.rows_promoted, producer=_PRODUCER
        )
    return facets


def _statistics(report: DatasetReport | None) -> dict[str, Any]:
    """Return how many rows, or files of BRONZE, were written; nothing when nothing was promoted."""
    from openlineage.client.generated.output_statistics_output_dataset import (
        OutputStatisticsOutputDatasetFacet,
    )

    if report is None or report.verdict in (Verdict.UNCHANGED, Verdict.BLOCK):
        return {}
    files = None if report.files is None else report.files.valid
    return {
        "outputStatistics": OutputStatisticsOutputDatasetFacet(
            rowCount=report.rows_promoted, fileCount=files, producer=_PRODUCER
        )
    }
