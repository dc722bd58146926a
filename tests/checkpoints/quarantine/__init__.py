"""Tests of checkpoints/quarantine."""
