"""SILVER to GOLD: the ten tables."""
