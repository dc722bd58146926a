"""A whole installation on loopback: buckets, Glue jobs, Redshift, a topic and Airflow.

Each stand-in's module lists what it does not cover.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dags.glue.job
from checkpoints.lake.layout import open_lake
from dags.pipeline.run import TRANSITIONS
from tests.stand_ins.airflow import AirflowOnLoopback, airflow_on_loopback
from tests.stand_ins.aws import REGION, aws_on_loopback, client
from tests.stand_ins.glue.runs import FOLDER
from tests.stand_ins.redshift.data_api import DataApiServer
from tests.stand_ins.redshift.database import RedshiftDatabase

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checkpoints.lake.layout import Lake

ROLE = "arn:aws:iam::123456789012:role/lakegate-glue"
COPY_ROLE = "arn:aws:iam::123456789012:role/lakegate-copy"


@dataclass
class Installation:
    """One lake on the shared services."""

    name: str  # of the bucket and of the warehouse's schema
    airflow: AirflowOnLoopback
    environment: Mapping[str, str]
    database: RedshiftDatabase
    glue_folder: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def uri(self) -> str:
        """URI of the lake."""
        return f"s3://{self.name}"

    @property
    def lake(self) -> Lake:
        """The opened lake; needs the services' environment variables."""
        return open_lake(self.uri)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return client(self.environment, service)

    def drop(self, key: str, content: str | bytes) -> None:
        """Drop a file into RAW: ``drop("events/a.csv", ...)``."""
        body = content.encode() if isinstance(content, str) else content
        self.client("s3").put_object(Bucket=self.name, Key=f"raw/{key}", Body=body)

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Query the warehouse."""
        return self.database.query(sql, search_path=self.name)

    def configure(self, **settings: object) -> None:
        """Update the settings; configure Airflow and the Glue jobs with them."""
        self.settings |= settings
        self.airflow.set_variable("lakegate", self.settings)
        glue = self.client("glue")
        arguments = {f"--{name}": str(value) for name, value in self.settings.items()}
        for transition in TRANSITIONS:
            job = {
                "Role": ROLE,
                "Command": {"Name": "glueetl", "ScriptLocation": f"{self.uri}/artifacts/job.py"},
                "DefaultArguments": {**arguments, "--transition": transition, "--on_block": "succeed"},
                "ExecutionProperty": {"MaxConcurrentRuns": 1},
                "GlueVersion": "6.0",
            }
            name = f"lakegate-{transition}"
            glue.delete_job(JobName=name)  # moto's UpdateJob does not work; this also deletes the job's runs
            glue.create_job(Name=name, **job)

    def job_runs(self, transition: str) -> list[dict[str, Any]]:
        """Return the runs of a transition's job in this lake, the oldest first."""
        runs = self.client("glue").get_job_runs(JobName=f"lakegate-{transition}")["JobRuns"]
        return [run for run in runs if run["Arguments"].get("--lake") == self.uri]

    def alerts(self) -> list[dict[str, str]]:
        """Return subjects and messages published to the topic."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{self.name}-alerts")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(one["Body"]) for one in found]


@dataclass(frozen=True)
class Services:
    """Services shared by all lakes."""

    airflow: AirflowOnLoopback
    environment: Mapping[str, str]
    data_api: DataApiServer
    database: RedshiftDatabase
    glue_folder: Path

    def install(self, name: str) -> Installation:
        """Return a new, empty lake, and configure Airflow, jobs and warehouse for it.

        Waits for runs triggered by the previous lake's assets, as they would process this lake.
        """
        self.airflow.wait_for_rest()
        s3, sns, sqs = (client(self.environment, service) for service in ("s3", "sns", "sqs"))
        s3.create_bucket(Bucket=name)
        s3.upload_file(str(Path(dags.glue.job.__file__)), name, "artifacts/job.py")
        topic = sns.create_topic(Name=f"{name}-alerts")["TopicArn"]
        queue = sqs.create_queue(QueueName=f"{name}-alerts")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        self.database.query(f"CREATE SCHEMA {name}")
        made = Installation(name, self.airflow, self.environment, self.database, self.glue_folder)
        options = f"schema={name}&iam_role={COPY_ROLE}&region={REGION}"
        warehouse = f"redshift-data://{self.data_api.workgroup}/{self.database.name}?{options}"
        made.configure(lake=made.uri, warehouse=warehouse, topic=topic)
        return made


@contextmanager
def services_on_loopback(folder: Path) -> Iterator[Services]:
    """Run all services with their files below ``folder``; they stop at the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    glue_folder = folder / "glue"
    more = {FOLDER: str(glue_folder)}
    with aws_on_loopback("tests.stand_ins.glue", folder / "aws.log", more) as environment:
        client(environment, "iam").create_role(RoleName="lakegate-glue", AssumeRolePolicyDocument="{}")
        database = RedshiftDatabase(client(environment, "s3"), roles=(COPY_ROLE,))
        with DataApiServer(database) as data_api:
            endpoints = {
                "AWS_ENDPOINT_URL_REDSHIFT_DATA": data_api.url,
                "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": data_api.url,
            }
            everything = {**environment, **endpoints}
            with airflow_on_loopback(folder / "airflow", everything) as airflow:
                yield Services(airflow, everything, data_api, database, glue_folder)
