"""Metrics of every run: one JSON document per result, and one table over all runs."""
