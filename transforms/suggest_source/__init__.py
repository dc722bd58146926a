"""Suggestion of the ``sources`` entry that makes a file acceptable under a contract."""
