"""A Redshift Serverless for tests: one executor (`database`), behind the Data API and the wire protocol."""
