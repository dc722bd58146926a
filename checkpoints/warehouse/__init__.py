"""The warehouse that BI reads: one interface, DuckDB and Redshift behind it."""
