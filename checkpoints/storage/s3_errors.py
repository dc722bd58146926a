"""Translation and retry of S3 errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from checkpoints import aws
from checkpoints.aws import AwsErrorKind
from checkpoints.storage.errors import (
    LakeUnreadableError,
    ObjectNotFoundError,
    PreconditionFailedError,
    StorageError,
    StorageUnreachableError,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from checkpoints.aws import AwsFailure

P = ParamSpec("P")
T = TypeVar("T")

_ERROR_CLASSES: Final[Mapping[AwsErrorKind, type[StorageError]]] = {
    AwsErrorKind.NO_CREDENTIALS: LakeUnreadableError,
    AwsErrorKind.REJECTED_CREDENTIALS: LakeUnreadableError,
    AwsErrorKind.UNREACHABLE: StorageUnreachableError,
    AwsErrorKind.NO_ANSWER: TransientStorageError,
    AwsErrorKind.DENIED: LakeUnreadableError,
    AwsErrorKind.NO_BUCKET: LakeUnreadableError,
    AwsErrorKind.MISSING: ObjectNotFoundError,
    AwsErrorKind.CONFLICT: PreconditionFailedError,
    AwsErrorKind.TRANSIENT: TransientStorageError,
}


def translate_errors(what: str, where: str) -> AbstractContextManager[None]:
    """Raise boto3's errors as ``StorageError``.

    Args:
        what: what failed, such as "cannot read".
        where: the object's URI.
    """

    def storage_error(failure: AwsFailure) -> StorageError:
        error_class = _ERROR_CLASSES.get(failure.kind, TerminalStorageError)
        return error_class(what, where, found=failure.found, next_step=failure.next_step)

    return aws.translate_errors(storage_error)


def retry_transient(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call up to four times, after growing random pauses, while a ``TransientStorageError`` is raised.

    botocore retries single requests; this covers longer disturbances, and clients made without retries.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(TransientStorageError)
        & retry_if_not_exception_type(StorageUnreachableError),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(4),
        reraise=True,
    )
    return attempts(call, *args, **kwargs)
