"""BRONZE to SILVER: raw records become typed, deduplicated rows."""
