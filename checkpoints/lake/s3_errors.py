"""S3's many error codes, told apart as the few kinds that a caller acts on; the curable are retried here."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ResponseStreamingError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from checkpoints.lake.errors import (
    LakeUnreadable,
    ObjectNotFound,
    StorageError,
    TerminalStorageError,
    TransientStorageError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

P = ParamSpec("P")
T = TypeVar("T")

MISSING_CODES: Final = frozenset({"404", "NoSuchKey", "NotFound"})
CONFLICT_CODES: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_DENIED_CODES = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
    }
)
_TRANSIENT_CODES = frozenset(
    {
        "500",
        "502",
        "503",
        "504",
        "BandwidthLimitExceeded",
        "InternalError",
        "OperationAborted",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_BROKEN_CONNECTION = (BotoConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)


def code_of(error: ClientError) -> str:
    """Return S3's error code; for HEAD, which has no body, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(what: str, where: str) -> Iterator[None]:
    """Turn what boto3 raises into one sentence of the right kind."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _explanation(what, where, error) from error


def _explanation(what: str, where: str, error: ClientError | BotoCoreError) -> StorageError:
    if isinstance(error, (NoCredentialsError, PartialCredentialsError)):
        return LakeUnreadable(
            what, where, found="no AWS credentials", next_step="log in or set AWS_PROFILE, then run again"
        )
    if isinstance(error, _BROKEN_CONNECTION):
        return TransientStorageError(
            what, where, found=f"no answer from S3 ({error})", next_step="check the network and run again"
        )
    if not isinstance(error, ClientError):
        return TerminalStorageError(what, where, found=str(error))
    code = code_of(error)
    if code == "NoSuchBucket":
        return LakeUnreadable(
            what, where, found="no such bucket", next_step="create it, or point --lake at another"
        )
    if code in MISSING_CODES:
        return ObjectNotFound(what, where, found="nothing there")
    if code in _DENIED_CODES:
        return LakeUnreadable(
            what,
            where,
            found=f"access denied ({code})",
            next_step="give this role access to it, then run again",
        )
    if code in _TRANSIENT_CODES:
        return TransientStorageError(what, where, found=f"{code} from S3", next_step="run again")
    message = str(error.response.get("Error", {}).get("Message", "")).rstrip(".")
    return TerminalStorageError(what, where, found=f"{code}: {message}")


def retried(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call again, after growing random pauses, while the trouble is of the kind that passes.

    botocore retries single requests; this is for what outlasts that, and for clients given without retries.
    """
    attempts = Retrying(
        retry=retry_if_exception_type(TransientStorageError),
        wait=wait_random_exponential(multiplier=0.2, max=5),
        stop=stop_after_attempt(4),
        reraise=True,
    )
    return attempts(call, *args, **kwargs)
