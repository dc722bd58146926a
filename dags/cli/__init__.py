"""The command line: the face of the pipeline for a person and for CI."""
