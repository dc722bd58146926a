"""The DAG `bronze_to_silver` for Airflow: a Glue job, then the gate that reads its verdict."""

from __future__ import annotations

from dags.tasks.glue_dag import glue_dag

dag = glue_dag(
    "bronze_to_silver",
    promotes=("silver", "all"),
    most_minutes=130,
    description="rows cleaned, routed, gated, promoted to SILVER",
)
