"""Checks of contracts for authors and CI, and their reports."""
