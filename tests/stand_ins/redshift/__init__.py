"""Redshift Serverless for tests: one database behind the Data API and the wire protocol."""
