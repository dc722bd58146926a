"""Operators and task functions of the Airflow DAGs; heavy modules are imported only when a task runs."""
