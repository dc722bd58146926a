"""Quarantine of rejected files and rejected rows."""
