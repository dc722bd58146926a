"""Errors of the Redshift stand-in."""

from __future__ import annotations


class RedshiftServerError(Exception):
    """A server error with its SQLSTATE."""

    def __init__(self, message: str, sqlstate: str = "XX000") -> None:
        super().__init__(message)
        self.message, self.sqlstate = message, sqlstate


class UnsupportedSqlError(RedshiftServerError):
    """SQL that the stand-in cannot run as Redshift would; fails the test instead of deviating."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the stand-in for Redshift does not translate {what}", "0A000")
