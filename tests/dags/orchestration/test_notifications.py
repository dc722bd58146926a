"""S3 notifies a queue and an AssetWatcher starts the ingestion, on a real scheduler."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest

from checkpoints.lake.bronze import current_ledger
from checkpoints.lake.layout import open_lake
from tests.dags.lake_runs import AS_OF, EVENTS
from tests.stand_ins.airflow import airflow_on_loopback, until
from tests.stand_ins.aws import aws_on_loopback, client

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.aws
@pytest.mark.timeout(900)
def test_a_notification_of_s3_starts_the_ingestion(tmp_path: Path) -> None:
    with aws_on_loopback() as environment, patch.dict(os.environ, environment):
        s3, sqs = client(environment, "s3"), client(environment, "sqs")
        queue = sqs.create_queue(QueueName="arrivals")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        s3.create_bucket(Bucket="shop")
        s3.put_bucket_notification_configuration(
            Bucket="shop",
            NotificationConfiguration={
                "QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]
            },
        )
        with airflow_on_loopback(
            tmp_path / "airflow", {**environment, "LAKEGATE_ARRIVALS_QUEUE": queue}
        ) as airflow:
            airflow.set_variable("lakegate", {"lake": "s3://shop"})
            until(lambda: "raw_to_bronze_events" in airflow.dag_ids())
            s3.put_object(Bucket="shop", Key="raw/events/events.csv", Body=EVENTS.encode())
            (run,) = until(lambda: airflow.runs("raw_to_bronze_events")[:1])
            assert airflow.wait("raw_to_bronze_events", run["dag_run_id"]) == "success"
            assert run["run_type"] == "asset_triggered"
        ledger = current_ledger(open_lake("s3://shop"), "events")
    assert ledger is not None
    assert list(ledger.files) == ["events.csv"]
    assert ledger.promoted_at.isoformat() > AS_OF
