"""Data Docs: static HTML pages of gate results for data stewards, analysts and engineers."""
