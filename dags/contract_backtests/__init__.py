"""Backtests of contracts: what the working contracts would make of a lake's BRONZE, against a base."""
