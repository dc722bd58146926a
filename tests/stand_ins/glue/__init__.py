"""A Glue on loopback that really runs the job's script; see ``runs``."""
