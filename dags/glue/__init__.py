"""The job that Glue, or any spark-submit, runs: one transition of one run."""
