"""What can go wrong with a lake, as types that tell a caller to retry, to give up, or that he was late."""

# ruff: noqa: N818 - the names say what happened; "Error" would say nothing more

from __future__ import annotations

from contracts.faults import ConfigurationError, LakegateError, TransientError


class StorageError(LakegateError):
    """One sentence: what is wrong, where, what was expected and found, and what to do next."""

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
        """Survive a trip through a process pool, which rebuilds exceptions from their arguments."""
        return _rebuilt, (type(self), self.what, self.where, self.expected, self.found, self.next_step)


def _rebuilt(
    kind: type[StorageError],
    what: str,
    where: str,
    expected: str,
    found: str,
    next_step: str,
) -> StorageError:
    error = kind.__new__(kind)
    StorageError.__init__(error, what, where, expected=expected, found=found, next_step=next_step)
    return error


class TransientStorageError(StorageError, TransientError):
    """It may work a moment later: throttling, a broken connection, an I/O error. Retry."""


class StorageUnreachable(TransientStorageError):
    """Nobody takes a connection, and the client has knocked more than once: a retry at once is no use."""


class TerminalStorageError(StorageError):
    """It will fail again until somebody changes something. Do not retry."""


class LakeUnreadable(TerminalStorageError):
    """The lake, or a zone of it, is not there or may not be read."""


class StorageFull(TerminalStorageError):
    """There is no room left for what should be written."""


class ObjectNotFound(TerminalStorageError):
    """Nothing lies under that path."""


class PreconditionFailed(StorageError):
    """What a conditional write or copy expected is not what it found; nothing was changed."""


class DocumentDamaged(TerminalStorageError):
    """A manifest, release, pointer or ledger cannot be read as what it should be."""


class PromotionConflict(StorageError):
    """Another run or a rollback changed what is current since this run looked; nothing was promoted."""


class PromotionRefused(TerminalStorageError):
    """The candidate must not become current: it was blocked, or its files are not what the manifest says."""


class NothingToRollBackTo(TerminalStorageError):
    """There is no earlier version that is still kept."""


class NeverPromoted(TerminalStorageError):
    """No version of that name has ever been promoted."""


class UnknownName(NeverPromoted, ConfigurationError):
    """No version of that name has ever been promoted, though versions of others were: check the name."""


class BronzeDamaged(TerminalStorageError):
    """A file in BRONZE is not the one that the ledger vouches for."""


class UnsupportedLake(TerminalStorageError, ConfigurationError):
    """The lake's URI names a scheme or a form that no storage here speaks."""
