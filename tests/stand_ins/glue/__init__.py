"""Glue on loopback that runs job scripts; see ``runs``."""
