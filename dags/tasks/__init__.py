"""What the tasks of the Airflow DAGs do; each module imports what is heavy only when a task runs."""
