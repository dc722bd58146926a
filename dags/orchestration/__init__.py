"""DAG files for Airflow's `dags_folder` or a bundle; they define order only."""
