"""Who drives: settings, the Spark session, and the ordered list of transitions."""
