"""S3's many error codes, told apart as the few kinds that a caller acts on; the curable are retried here."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from tenacity import (
    Retrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from checkpoints import aws_trouble
from checkpoints.aws_trouble import WHAT_TO_CHECK, Trouble, code_of, message_of, trouble_of
from checkpoints.lake.errors import (
    LakeUnreadable,
    ObjectNotFound,
    StorageError,
    StorageUnreachable,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from checkpoints.aws_trouble import AwsError

P = ParamSpec("P")
T = TypeVar("T")

MISSING_CODES: Final = frozenset({"404", "NoSuchKey", "NotFound"})
CONFLICT_CODES: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})


def explained(what: str, where: str) -> AbstractContextManager[None]:
    """Turn what boto3 raises into one sentence of the right kind."""
    return aws_trouble.explained(partial(_explanation, what, where))


def _explanation(what: str, where: str, error: AwsError) -> StorageError:
    code = code_of(error)
    if code == "NoSuchBucket":
        return LakeUnreadable(
            what, where, found="no such bucket", next_step="create it, or point --lake at another"
        )
    if code in MISSING_CODES:
        return ObjectNotFound(what, where, found="nothing there")
    match trouble_of(error):
        case Trouble.NO_LOGIN:
            return LakeUnreadable(
                what, where, found="no AWS credentials", next_step="log in or set AWS_PROFILE, then run again"
            )
        case Trouble.UNREACHABLE:
            return StorageUnreachable(
                f"{what}, as S3 cannot be reached", where, found=message_of(error), next_step=WHAT_TO_CHECK
            )
        case Trouble.NO_ANSWER:
            return TransientStorageError(
                what, where, found=f"no answer from S3 ({error})", next_step="check the network and run again"
            )
        case Trouble.DENIED | Trouble.REFUSED_LOGIN:
            return LakeUnreadable(
                what,
                where,
                found=f"access denied ({code})",
                next_step="give this role access to it, then run again",
            )
        case Trouble.PASSING:
            return TransientStorageError(what, where, found=f"{code} from S3", next_step="run again")
        case _:
            told = message_of(error)
            return TerminalStorageError(what, where, found=f"{code}: {told}" if code else told)


def retried(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call again, after growing random pauses, while the trouble is of the kind that passes.

    botocore retries single requests; this is for what outlasts that, and for clients given without retries.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(TransientStorageError)
        & retry_if_not_exception_type(StorageUnreachable),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(4),
        reraise=True,
    )
    return attempts(call, *args, **kwargs)
