"""Errors of lake and storage; their types tell a caller whether to retry."""

from __future__ import annotations

from contracts.errors import ConfigurationError, LakegateError, TransientError


class StorageError(LakegateError):
    """Base of all errors here. One sentence: what, where, expected, found, next step."""

    def __init__(
        self,
        what: str,
        where: str,
        *,
        expected: str = "",
        found: str = "",
        next_step: str = "",
    ) -> None:
        super().__init__(what, where=where, expected=expected, found=found, next_step=next_step)

    def _sentence(self) -> str:
        clauses = [f"{self.what}: {self.where}"]
        if self.expected:
            clauses.append(f"expected {self.expected}")
        if self.found:
            clauses.append(f"found {self.found}")
        sentence = ", ".join(clauses)
        return f"{sentence}; {self.next_step}" if self.next_step else sentence

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle all fields: by default an exception is rebuilt from its positional arguments alone."""
        return _rebuild, (type(self), self.what, self.where, self.expected, self.found, self.next_step)


def _rebuild(
    kind: type[StorageError],
    what: str,
    where: str,
    expected: str,
    found: str,
    next_step: str,
) -> StorageError:
    return kind(what, where, expected=expected, found=found, next_step=next_step)


class TransientStorageError(StorageError, TransientError):
    """Throttling, a broken connection or an I/O error. Retry."""


class StorageUnreachableError(TransientStorageError):
    """Connection refused after the client's own retries. Do not retry immediately."""


class TerminalStorageError(StorageError):
    """Fails again until its cause is removed. Do not retry."""


class LakeUnreadableError(TerminalStorageError):
    """The lake, or a zone of it, is missing or may not be read."""


class StorageFullError(TerminalStorageError):
    """No space left for a write."""


class ObjectNotFoundError(TerminalStorageError):
    """No file under that path."""


class PreconditionFailedError(StorageError):
    """A conditional write or copy found another version than expected, and changed nothing."""


class DamagedDocumentError(TerminalStorageError):
    """A manifest, release, pointer or ledger cannot be parsed, or differs from its checksum."""


class PromotionConflictError(StorageError):
    """Another run or a rollback changed the current version since this run began; nothing was promoted."""


class PromotionRefusedError(TerminalStorageError):
    """The candidate must not become current: it was blocked, or its files differ from its manifest."""


class NoEarlierVersionError(TerminalStorageError):
    """A rollback found no earlier version that is still kept."""


class NeverPromotedError(TerminalStorageError):
    """No version of that name has ever been promoted."""


class UnknownNameError(NeverPromotedError, ConfigurationError):
    """No version of that name has ever been promoted, but versions of other names were: probably a typo."""


class DamagedBronzeError(TerminalStorageError):
    """A file in BRONZE differs from its entry in the ledger, or is missing."""


class UnsupportedLakeError(TerminalStorageError, ConfigurationError):
    """The lake's URI has an unsupported scheme or form."""
