"""File formats: parsers of CSV, JSON, gzip, Parquet and text, shared by all transitions."""
