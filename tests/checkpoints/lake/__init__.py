"""Tests of checkpoints/lake."""
