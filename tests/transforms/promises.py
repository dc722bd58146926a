"""The shipped contracts, as the tests of the transforms need them."""

from __future__ import annotations

from contracts.loader import load_contracts

CONTRACTS = load_contracts()
EVENTS = CONTRACTS.silver("events")
USERS = CONTRACTS.silver("users")
TRANSACTIONS = CONTRACTS.silver("transactions")
USERS_HISTORY = CONTRACTS.silver("users_history")
GOLD = CONTRACTS.gold
