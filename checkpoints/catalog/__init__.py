"""Catalog: promoted versions as Apache Iceberg tables over the very same data files."""
