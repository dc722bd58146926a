"""What a run tells others: alerts once a run; metrics, events and lineage of every transition."""
