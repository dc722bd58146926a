"""The peers' job: one table, nine rules, and a script for each contestant, each in its own environment."""
