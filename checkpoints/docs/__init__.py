"""Data Docs: static pages on what every checkpoint found, for a steward, an analyst and an engineer."""
