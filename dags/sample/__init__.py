"""A messy RAW zone of any size, made from a seed, and the truth about it."""
