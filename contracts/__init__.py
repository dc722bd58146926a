"""Data contracts: what each dataset and table guarantees, and what is derived from that."""
