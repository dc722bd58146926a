"""The gate and its effects: judging, routing, promotion, quarantine, metrics, docs, the warehouse."""
