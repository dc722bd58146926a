"""Tell what a file of RAW is from its bytes alone: pure Python, bounded memory, no lake and no Spark."""
