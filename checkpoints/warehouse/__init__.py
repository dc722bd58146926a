"""The warehouse that BI queries: one interface, implemented for DuckDB and Redshift."""
