"""Sample data: a messy RAW zone generated from a seed, and the results expected from it."""
