"""Entry point for Glue and spark-submit: one transition of one run."""
