"""AWS clients with bounded waits, and AWS errors sorted by what a caller can do about them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias

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
    from collections.abc import Callable, Iterator, Mapping

    from boto3 import Session

    from contracts.errors import LakegateError


AwsClient: TypeAlias = Any  # boto3 generates its client classes at run time: there is no type to name


@dataclass(frozen=True, slots=True)
class Wait:
    """Timeouts and attempts of a client.

    Between attempts botocore pauses for a random time of at most 1, 2, 4, 8, then 16 seconds. An endpoint
    that accepts no connection costs ``connect_seconds`` an attempt, one that accepts and never answers
    ``read_seconds``, each plus these pauses.
    """

    connect_seconds: float
    read_seconds: float
    attempts: int


USUAL: Final = Wait(connect_seconds=5, read_seconds=60, attempts=6)
PROBE: Final = Wait(connect_seconds=5, read_seconds=6, attempts=3)  # a first request: fails within 21 s


def aws_client(
    service: str,
    *,
    session: Session | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    wait: Wait = USUAL,
    connections: int = 10,
) -> AwsClient:
    """Return a boto3 client; every client of the project is made here. Sends no request.

    Args:
        service: boto3's name of it.
        session: source of credentials and region; None: boto3's default session.
        region: None: the session's.
        endpoint_url: None: ``AWS_ENDPOINT_URL`` if set, else AWS's own.
        wait: timeouts and attempts.
        connections: size of the connection pool, the number of threads that can send at once.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": wait.attempts},
        connect_timeout=wait.connect_seconds,
        read_timeout=wait.read_seconds,
        max_pool_connections=connections,
    )
    maker = session or boto3
    return maker.client(service, region_name=region, endpoint_url=endpoint_url, config=config)


def configured_region() -> str | None:
    """Return the region of the environment or the profile; None if neither names one.

    A client's own region may be boto3's default for the lack of one.
    """
    import boto3

    region: str | None = boto3.Session().region_name
    return region


class AwsErrorKind(Enum):
    """Kinds of AWS errors by what a caller can do about them."""

    NO_CREDENTIALS = auto()
    REJECTED_CREDENTIALS = auto()  # unknown, expired or wrongly signed
    NO_REGION = auto()
    UNREACHABLE = auto()  # no connection after all of the client's attempts
    NO_ANSWER = auto()  # a connection was made, then broke or timed out
    DENIED = auto()
    WRONG_REGION = auto()  # the resource is in another region
    NO_BUCKET = auto()
    MISSING = auto()  # no such S3 object
    CONFLICT = auto()  # the condition of a conditional request does not hold
    TRANSIENT = auto()  # throttled or temporarily failing: a retry may succeed
    OTHER = auto()


_CODES: Final[Mapping[AwsErrorKind, tuple[str, ...]]] = {
    AwsErrorKind.REJECTED_CREDENTIALS: (
        *("AuthFailure", "AuthorizationHeaderMalformed", "ExpiredToken", "ExpiredTokenException"),
        *("InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSignatureException", "InvalidToken"),
        *("SignatureDoesNotMatch", "TokenRefreshRequired", "UnrecognizedClientException"),
    ),
    AwsErrorKind.DENIED: (
        *("401", "403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled"),
        *("UnauthorizedException", "UnauthorizedOperation"),
    ),
    AwsErrorKind.WRONG_REGION: ("301", "PermanentRedirect", "IllegalLocationConstraintException"),
    AwsErrorKind.NO_BUCKET: ("NoSuchBucket",),
    AwsErrorKind.MISSING: ("404", "NoSuchKey", "NotFound"),
    AwsErrorKind.CONFLICT: ("412", "PreconditionFailed", "409", "ConditionalRequestConflict"),
    AwsErrorKind.TRANSIENT: (
        *("500", "502", "503", "504", "ActiveSessionsExceededException", "ActiveStatementsExceededException"),
        *("ActiveWaitingRequestsExceededException", "BandwidthLimitExceeded", "DatabaseConnectionException"),
        *("InternalError", "InternalFailure", "InternalServerException", "OperationAborted"),
        *("RequestLimitExceeded", "RequestTimeout", "RequestTimeTooSkewed", "ServiceUnavailable"),
        *("ServiceUnavailableException", "SlowDown", "Throttling", "ThrottlingException"),
        "TooManyRequestsException",
    ),
}
_KIND_BY_CODE: Final = {code: kind for kind, codes in _CODES.items() for code in codes}
_KIND_BY_CLASS: Final = (  # the first that fits
    ((NoCredentialsError, PartialCredentialsError, ProfileNotFound), AwsErrorKind.NO_CREDENTIALS),
    ((NoRegionError,), AwsErrorKind.NO_REGION),
    (
        (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError),
        AwsErrorKind.UNREACHABLE,
    ),
    (
        (BotoConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError),
        AwsErrorKind.NO_ANSWER,
    ),
)
_CHECK_NETWORK: Final = "check the network, the proxy, the region and AWS_ENDPOINT_URL, then run again"
_TEXTS: Final[Mapping[AwsErrorKind, tuple[str, str]]] = {  # found, next step
    AwsErrorKind.NO_CREDENTIALS: ("no AWS credentials", "log in or set AWS_PROFILE, then run again"),
    AwsErrorKind.REJECTED_CREDENTIALS: ("credentials rejected by AWS ({code})", "log in, then run again"),
    AwsErrorKind.NO_REGION: ("no AWS region", "set AWS_DEFAULT_REGION, then run again"),
    AwsErrorKind.UNREACHABLE: ("no connection to AWS: {message}", _CHECK_NETWORK),
    AwsErrorKind.NO_ANSWER: ("no answer from AWS: {message}", _CHECK_NETWORK),
    AwsErrorKind.DENIED: (
        "{operation}: access denied ({code})",
        "give this role access to it, then run again",
    ),
    AwsErrorKind.WRONG_REGION: ("a resource in another region", "set its region, then run again"),
    AwsErrorKind.NO_BUCKET: ("no such bucket", "create it, or name another"),
    AwsErrorKind.MISSING: ("nothing there", ""),
    AwsErrorKind.TRANSIENT: ("{code} from AWS", "run again in a moment"),
}

AwsError: TypeAlias = ClientError | BotoCoreError


@dataclass(frozen=True, slots=True)
class AwsFailure:
    """An AWS error with its kind, and the words for a message about it."""

    kind: AwsErrorKind
    operation: str  # such as HeadBucket; empty without a response
    code: str
    message: str

    @property
    def found(self) -> str:
        """What happened; AWS's own code and message where the kind says too little."""
        default = "{code}: {message}" if self.code else "{message}"
        text = _TEXTS[self.kind][0] if self.kind in _TEXTS else default
        return text.format(operation=self.operation, code=self.code, message=self.message)

    @property
    def next_step(self) -> str:
        """What a user can do about it; empty if unknown."""
        return _TEXTS[self.kind][1] if self.kind in _TEXTS else ""


@contextmanager
def translate_errors(to_error: Callable[[AwsFailure], LakegateError]) -> Iterator[None]:
    """Raise boto3's errors as the error that ``to_error`` returns."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        operation = error.operation_name if isinstance(error, ClientError) else ""
        failure = AwsFailure(error_kind(error), operation, code_of(error), message_of(error))
        raise to_error(failure) from error


def error_kind(error: AwsError) -> AwsErrorKind:
    """Return the kind of an error that boto3 raised."""
    for classes, kind in _KIND_BY_CLASS:
        if isinstance(error, classes):
            return kind
    return _KIND_BY_CODE.get(code_of(error), AwsErrorKind.OTHER)


def code_of(error: AwsError) -> str:
    """Return AWS's error code; for HEAD, which has no body, the HTTP status; empty without a response."""
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def message_of(error: AwsError) -> str:
    """Return the message of AWS or boto3, without its final full stop."""
    if not isinstance(error, ClientError):
        return " ".join(str(error).split()).rstrip(".")
    # The Data API puts some of its own messages beside "Error".
    message = error.response.get("Error", {}).get("Message", "") or error.response.get("Message", "")
    return str(message).rstrip(".")
