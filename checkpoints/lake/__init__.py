"""Versions of datasets in a lake: layout, ledger, manifests, promotion, rollback, pruning."""
