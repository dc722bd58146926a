"""Benchmarks: what a run costs, against baselines taken in the same run. `make bench` runs them."""
