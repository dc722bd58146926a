"""What the stand-in for Redshift says no with."""

from __future__ import annotations


class RedshiftRefusal(Exception):  # noqa: N818 - it says what happened
    """An error of the server, with the SQLSTATE that a driver would see."""

    def __init__(self, message: str, sqlstate: str = "XX000") -> None:
        super().__init__(message)
        self.message, self.sqlstate = message, sqlstate


class Untranslated(RedshiftRefusal):
    """SQL that the stand-in cannot carry out as Redshift would; a test must not go on as if it had."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the stand-in for Redshift does not translate {what}", "0A000")
