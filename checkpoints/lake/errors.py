"""What can go wrong with a lake, as types that tell a caller to retry, to give up, or that he was late."""

# ruff: noqa: N818 - the names say what happened; "Error" would say nothing more

from __future__ import annotations


class StorageError(Exception):
    """One sentence: what is wrong, where, what was expected and found, and what to do next."""

    def __init__(
        self,
        what: str,
        where: str,
        *,
        expected: str | None = None,
        found: str | None = None,
        next_step: str | None = None,
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.found = found
        self.next_step = next_step
        clauses = [f"{what}: {where}"]
        if expected is not None:
            clauses.append(f"expected {expected}")
        if found is not None:
            clauses.append(f"found {found}")
        sentence = ", ".join(clauses)
        super().__init__(f"{sentence}; {next_step}." if next_step else f"{sentence}.")

    def __reduce__(self) -> tuple[object, ...]:
        """Survive a trip through a process pool, which rebuilds exceptions from their arguments."""
        return _rebuilt, (type(self), self.what, self.where, self.expected, self.found, self.next_step)


def _rebuilt(
    kind: type[StorageError],
    what: str,
    where: str,
    expected: str | None,
    found: str | None,
    next_step: str | None,
) -> StorageError:
    error = kind.__new__(kind)
    StorageError.__init__(error, what, where, expected=expected, found=found, next_step=next_step)
    return error


class TransientStorageError(StorageError):
    """It may work a moment later: throttling, a broken connection, an I/O error. Retry."""


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
    """No version of that name has ever been promoted, or there is no such name."""


class BronzeDamaged(TerminalStorageError):
    """A file in BRONZE is not the one that the ledger vouches for."""


class UnsupportedLake(TerminalStorageError):
    """The lake's URI names a scheme or a form that no storage here speaks."""
