"""Metrics: what every run counted, as one JSON a result and as one table over all runs."""
