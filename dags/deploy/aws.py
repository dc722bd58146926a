"""The AWS that is deployed to: its clients, and its errors as one sentence each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.exceptions import ConnectionError as BotoConnectionError

from contracts.faults import ConfigurationError, LakegateError, TransientError

if TYPE_CHECKING:
    from collections.abc import Iterator

Client: TypeAlias = Any  # boto3 makes its clients' methods at run time: there is no type to name

_NO_LOGIN: Final = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId"),
        *("SignatureDoesNotMatch", "UnrecognizedClientException", "AuthFailure"),
    }
)
_DENIED: Final = frozenset(
    {"403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "UnauthorizedOperation"}
)
_ELSEWHERE: Final = frozenset({"301", "PermanentRedirect", "IllegalLocationConstraintException"})
_PASSING: Final = frozenset(
    {"Throttling", "ThrottlingException", "SlowDown", "RequestLimitExceeded", "ServiceUnavailable"}
)


@dataclass(frozen=True, slots=True)
class Account:
    """Whose AWS, and where."""

    id: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account in this region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def role_arn(self, name: str) -> str:
        """Return the ARN of a role; IAM has no regions."""
        return f"arn:{self.partition}:iam::{self.id}:role/{name}"

    def policy_arn(self, name: str) -> str:
        """Return the ARN of a managed policy."""
        return f"arn:{self.partition}:iam::{self.id}:policy/{name}"


class Aws:
    """Clients of one session, made when they are first asked for."""

    def __init__(self, region: str | None = None) -> None:
        """Make a session. No request is sent yet. Raises ``ConfigurationError`` without a region."""
        import boto3
        from botocore.config import Config

        with explained("cannot reach AWS", "the session"):
            self._session = boto3.Session(region_name=region or None)
        if not self._session.region_name:
            raise ConfigurationError(
                "no AWS region is set", where="--region", next_step="give --region or set AWS_REGION"
            )
        self._config = Config(
            retries={"mode": "standard", "max_attempts": 5}, connect_timeout=10, read_timeout=60
        )
        self.client = cache(self._client)

    def _client(self, service: str) -> Client:
        return self._session.client(service, config=self._config)

    def account(self) -> Account:
        """Return whose credentials these are. Raises ``ConfigurationError`` when there are none."""
        with explained("cannot tell the account", "AWS"):
            identity = self.client("sts").get_caller_identity()
        return Account(
            id=identity["Account"],
            region=str(self._session.region_name),
            partition=str(identity["Arn"]).split(":")[1],
        )


def code_of(error: ClientError) -> str:
    """Return AWS's error code; for HEAD, which has no body, the HTTP status."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(what: str, where: str) -> Iterator[None]:
    """Turn what boto3 raises within into one sentence of the right kind."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise _explanation(what, where, error) from error


def _explanation(what: str, where: str, error: ClientError | BotoCoreError) -> LakegateError:
    if isinstance(error, NoCredentialsError | PartialCredentialsError | ProfileNotFound):
        return ConfigurationError(
            what,
            where=where,
            found="no AWS credentials",
            next_step="log in or set AWS_PROFILE, then run again",
        )
    if isinstance(error, NoRegionError):
        return ConfigurationError(
            what, where=where, found="no AWS region", next_step="give --region or set AWS_REGION"
        )
    if isinstance(error, BotoConnectionError | HTTPClientError):
        return TransientError(
            what, where=where, found="no answer from AWS", next_step="check the network and run again"
        )
    if not isinstance(error, ClientError):
        return LakegateError(what, where=where, found=" ".join(str(error).split()))
    code = code_of(error)
    operation = getattr(error, "operation_name", "this")
    if code in _NO_LOGIN:
        return ConfigurationError(
            what,
            where=where,
            found=f"credentials that AWS refuses ({code})",
            next_step="log in, then run again",
        )
    if code in _DENIED:
        return LakegateError(
            what,
            where=where,
            found=f"{operation} is denied",
            next_step="let somebody with that permission run it, or add it to yours",
        )
    if code in _ELSEWHERE:
        return ConfigurationError(
            what, where=where, found="it lies in another region", next_step="give its region by --region"
        )
    if code in _PASSING:
        return TransientError(what, where=where, found=code, next_step="run again in a moment")
    message = " ".join(str(error.response.get("Error", {}).get("Message", "")).split()).rstrip(".")
    return LakegateError(what, where=where, found=f"{code}: {message}")
