"""Who drives: the transitions in their order, the command line, the sample, Glue and Airflow."""
