"""Airflow DAG `silver_to_gold`: a Glue job, then the gate."""

from __future__ import annotations

from dags.tasks.glue_dag import glue_dag

dag = glue_dag(
    "silver_to_gold",
    reads=[("silver", "all")],
    promotes=("gold", "release"),
    max_minutes=70,
    description="all tables, gated, released together in GOLD",
)
