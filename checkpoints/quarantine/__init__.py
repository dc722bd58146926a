"""Quarantine as a steward reads it: which rows, which rules, whose file."""
