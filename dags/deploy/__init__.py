"""Deployment to AWS: compare the account with the target, show the differences, apply them."""
