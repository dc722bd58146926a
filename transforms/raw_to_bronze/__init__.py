"""Inspection of RAW files from their bytes alone: pure Python, bounded memory, no lake and no Spark."""
