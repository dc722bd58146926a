"""What is promised: one contract a dataset or table, and everything that is derived from it."""
