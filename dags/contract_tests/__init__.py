"""Contract tests: YAML cases that say what the pipeline makes of given files under the contracts."""
