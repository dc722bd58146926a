"""Lets `python -m tests.benchmarks` run the bench."""

from tests.benchmarks.run import main

main()
