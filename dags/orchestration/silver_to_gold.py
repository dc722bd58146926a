"""The DAG `silver_to_gold` for Airflow: a Glue job, then the gate that reads its verdict."""

from __future__ import annotations

from dags.tasks.glue_dag import glue_dag

dag = glue_dag(
    "silver_to_gold",
    promotes=("gold", "release"),
    most_minutes=70,
    description="ten tables, gated, released together in GOLD",
)
