"""Policies on broken rules, one for each dataset, and the decision that follows from them."""
