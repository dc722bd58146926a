"""What should happen when a promise is broken: one policy a dataset, and the decision that follows."""
