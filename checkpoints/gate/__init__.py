"""The gate: row routing, measurement, and judging by Great Expectations."""
