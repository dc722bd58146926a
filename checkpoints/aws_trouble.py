"""What went wrong at AWS: the many errors of boto3 and its services, as few kinds that a caller acts on."""

from __future__ import annotations

from contextlib import contextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    ProxyConnectionError,
    ResponseStreamingError,
    SSLError,
)
from botocore.exceptions import (
    ConnectionError as BotoConnectionError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from contracts.faults import LakegateError


class Trouble(Enum):
    """A kind of error, by what can be done about it."""

    NO_LOGIN = auto()  # no credentials at all
    REFUSED_LOGIN = auto()  # credentials that AWS does not take, or no longer
    NO_REGION = auto()
    UNREACHABLE = auto()  # nobody takes a connection, however often one knocks
    NO_ANSWER = auto()  # a connection was there, and broke or stayed silent
    DENIED = auto()
    ELSEWHERE = auto()  # it lies in another region
    PASSING = auto()  # it may go well a moment later
    OTHER = auto()


_REFUSED_LOGIN: Final = frozenset(
    {
        *("AuthFailure", "AuthorizationHeaderMalformed", "ExpiredToken", "ExpiredTokenException"),
        *("InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken"),
        *("SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException"),
    }
)
_DENIED: Final = frozenset(
    {
        *("401", "403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled"),
        *("UnauthorizedException", "UnauthorizedOperation"),
    }
)
_ELSEWHERE: Final = frozenset({"301", "PermanentRedirect", "IllegalLocationConstraintException"})
_PASSING: Final = frozenset(
    {
        *("500", "502", "503", "504", "ActiveSessionsExceededException", "ActiveStatementsExceededException"),
        *("ActiveWaitingRequestsExceededException", "BandwidthLimitExceeded", "DatabaseConnectionException"),
        *("InternalError", "InternalFailure", "InternalServerException", "OperationAborted"),
        *("RequestLimitExceeded", "RequestTimeout", "RequestTimeTooSkewed", "ServiceUnavailable"),
        *("ServiceUnavailableException", "SlowDown", "Throttling", "ThrottlingException"),
        "TooManyRequestsException",
    }
)
_BY_CODE: Final = (
    (_REFUSED_LOGIN, Trouble.REFUSED_LOGIN),
    (_DENIED, Trouble.DENIED),
    (_ELSEWHERE, Trouble.ELSEWHERE),
    (_PASSING, Trouble.PASSING),
)
_NO_CONNECTION = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)
_BROKEN_CONNECTION = (BotoConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)

WHAT_TO_CHECK: Final = "check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again"

AwsError: TypeAlias = ClientError | BotoCoreError


def trouble_of(error: AwsError) -> Trouble:
    """Return the kind of an error that boto3 raised."""
    if isinstance(error, (NoCredentialsError, PartialCredentialsError, ProfileNotFound)):
        return Trouble.NO_LOGIN
    if isinstance(error, NoRegionError):
        return Trouble.NO_REGION
    if isinstance(error, _NO_CONNECTION):
        return Trouble.UNREACHABLE
    if isinstance(error, _BROKEN_CONNECTION):
        return Trouble.NO_ANSWER
    code = code_of(error)
    return next((trouble for codes, trouble in _BY_CODE if code in codes), Trouble.OTHER)


def code_of(error: AwsError) -> str:
    """Return AWS's error code; for HEAD, which has no body, the HTTP status; empty when nobody answered."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message_of(error: AwsError) -> str:
    """Return what AWS said, or boto3, without its last full stop."""
    if not isinstance(error, ClientError):
        return " ".join(str(error).split()).rstrip(".")
    # The Data API tells some of its own errors beside "Error".
    said = error.response.get("Error", {}).get("Message", "") or error.response.get("Message", "")
    return str(said).rstrip(".")


@contextmanager
def explained(explanation: Callable[[AwsError], LakegateError]) -> Iterator[None]:
    """Turn what boto3 raises within into the error that ``explanation`` makes of it."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise explanation(error) from error
