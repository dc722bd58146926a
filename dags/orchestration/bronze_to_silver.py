"""Airflow DAG `bronze_to_silver`: a Glue job, then the gate."""

from __future__ import annotations

from dags.tasks.dag_defaults import dataset_names
from dags.tasks.glue_dag import glue_dag

dag = glue_dag(
    "bronze_to_silver",
    reads=[("bronze", dataset) for dataset in dataset_names()],
    promotes=("silver", "all"),
    max_minutes=130,
    description="rows cleaned, routed, gated, promoted to SILVER",
)
