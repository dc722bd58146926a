"""The gate: routes rows, measures what is left, and lets Great Expectations judge it."""
