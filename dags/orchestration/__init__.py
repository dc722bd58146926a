"""The DAG files: Airflow's `dags_folder` points here, or a bundle does. They hold order, and nothing else."""
