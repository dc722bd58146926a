"""Where data lies and how it becomes current: storage, layout, manifests, promotion, the ledger."""
