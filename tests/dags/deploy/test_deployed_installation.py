"""Jobs deployed by `lakegate deploy` process files from RAW to the warehouse."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from dags.deploy.target import job_name
from dags.pipeline.run import TRANSITIONS
from tests.dags.lake_runs import EVENTS, TRANSACTIONS, USERS
from tests.stand_ins.airflow import until
from tests.stand_ins.aws import REGION, aws_on_loopback, client, free_port
from tests.stand_ins.glue.runs import FOLDER
from tests.stand_ins.redshift.data_api import DataApiServer
from tests.stand_ins.redshift.database import RedshiftDatabase

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.dags.deploy.conftest import Deployed

COPY_ROLE = "arn:aws:iam::123456789012:role/lakegate-redshift-copy"
BUCKET = "new-shop"
ON_SPARK = ("bronze_to_silver", "silver_to_gold")
ENDED = ("SUCCEEDED", "FAILED", "STOPPED")


def ended_run(services: Mapping[str, str], transition: str) -> dict[str, Any]:
    """Start a transition's job without further arguments; return its run when it has ended."""
    glue, name = client(services, "glue"), job_name(transition)
    run_id = glue.start_job_run(JobName=name)["JobRunId"]

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return run if run["JobRunState"] in ENDED else None

    found: dict[str, Any] = until(ended, 600)
    return found


@pytest.mark.aws
@pytest.mark.timeout(1800)
def test_deployed_jobs_carry_files_dropped_into_raw_to_the_warehouse(
    lakegate: Callable[..., Deployed], dist: Path, tmp_path: Path
) -> None:
    port = free_port()
    more = {
        FOLDER: str(tmp_path / "glue"),
        "AWS_ENDPOINT_URL_REDSHIFT_DATA": f"http://127.0.0.1:{port}",
    }
    with aws_on_loopback("tests.stand_ins.glue", tmp_path / "aws.log", more) as services:
        s3 = client(services, "s3")
        database = RedshiftDatabase(s3, roles=(COPY_ROLE,))
        with DataApiServer(database, port=port) as data_api, patch.dict(os.environ, services):
            options = f"schema=gold&iam_role={COPY_ROLE}&region={REGION}"
            warehouse = f"redshift-data://{data_api.workgroup}/{database.name}?{options}"
            deploy = ("deploy", "--lake", f"s3://{BUCKET}", "--warehouse", warehouse, "--dist", dist)
            first, second = (lakegate(*deploy, "--create-roles") for _ in range(2))
            assert first.status == 0, first.err
            assert second.out.endswith("nothing was changed.\n")
            data_api.identity = "IAMR:lakegate-glue"  # the jobs' role: no superuser
            for name, content in (("events", EVENTS), ("users", USERS), ("transactions", TRANSACTIONS)):
                s3.put_object(Bucket=BUCKET, Key=f"raw/{name}/{name}.csv", Body=content.encode())
            for transition in TRANSITIONS:
                run = ended_run(services, transition)
                assert run["JobRunState"] == "SUCCEEDED", run["ErrorMessage"]
                log = Path(run["LogGroupName"], "log").read_text()
                assert ("GlueContext made" in log) == (transition in ON_SPARK)
        loaded = database.query("SELECT count(*) FROM fact_transactions", search_path="gold")
    assert loaded == [(TRANSACTIONS.count("\n") - 1,)]
