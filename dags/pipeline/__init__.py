"""The pipeline: the transitions of a run, and the steps that they share."""
