"""AWS session, account and error translation for the deployment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from checkpoints import aws
from checkpoints.aws import PROBE, AwsErrorKind, aws_client, code_of
from contracts.errors import ConfigurationError, LakegateError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from contextlib import AbstractContextManager

    from checkpoints.aws import AwsClient, AwsFailure


PAUSE_SECONDS = 5
_ATTEMPTS = 13


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account and region."""

    id: str
    region: str
    partition: str = "aws"

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def global_arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account that is in no region."""
        return f"arn:{self.partition}:{service}::{self.id}:{resource}"

    def role_arn(self, name: str) -> str:
        """Return the ARN of an IAM role."""
        return self.global_arn("iam", f"role/{name}")

    def policy_arn(self, name: str) -> str:
        """Return the ARN of a managed policy."""
        return self.global_arn("iam", f"policy/{name}")


class Aws:
    """A boto3 session with cached clients."""

    def __init__(self, region: str | None = None) -> None:
        """Create a session, without sending a request. Raises ``ConfigurationError`` without a region."""
        import boto3

        with translate_errors("cannot reach AWS", "the session"):
            self._session = boto3.Session(region_name=region or None)
        if not self._session.region_name:
            raise ConfigurationError(
                "no AWS region is set", where="--region", next_step="give --region or set AWS_DEFAULT_REGION"
            )
        self.client = cache(self._client)

    def _client(self, service: str) -> AwsClient:
        return aws_client(service, session=self._session)

    def account(self) -> Account:
        """Return the account of the credentials. Call it first: it fails fast when AWS does not answer.

        Raises:
            ConfigurationError: credentials are missing or rejected.
            TransientError: AWS does not answer.
        """
        with translate_errors("cannot identify the account", "AWS"):
            identity = aws_client("sts", session=self._session, wait=PROBE).get_caller_identity()
        return Account(
            id=identity["Account"],
            region=str(self._session.region_name),
            partition=str(identity["Arn"]).split(":")[1],
        )


def get_or_none(
    call: Callable[..., Mapping[str, Any]], missing: Collection[str], /, **request: object
) -> Mapping[str, Any] | None:
    """Return the response of a call, or None if it fails with one of the ``missing`` error codes."""
    try:
        return call(**request)
    except ClientError as error:
        if code_of(error) in missing:
            return None
        raise


def repeat_while(message: str, call: Callable[..., object], **request: object) -> None:
    """Send a request again, up to a minute, while AWS does not know yet what was just made.

    Args:
        message: part of the error that AWS then answers with, in lower case.
        call: of a client.
        request: its arguments.

    Raises:
        ClientError: any other error, or still the same after the last attempt.
    """

    def is_pending(error: BaseException) -> bool:
        return isinstance(error, ClientError) and message in str(error).lower()

    attempts = Retrying(
        retry=retry_if_exception(is_pending),
        wait=wait_fixed(PAUSE_SECONDS),
        stop=stop_after_attempt(_ATTEMPTS),
        reraise=True,
    )
    attempts(call, **request)


def translate_errors(what: str, where: str) -> AbstractContextManager[None]:
    """Raise boto3's errors as ``ConfigurationError``, ``TransientError`` or ``LakegateError``."""

    def deploy_error(failure: AwsFailure) -> LakegateError:
        error_class = _ERROR_CLASSES.get(failure.kind, LakegateError)
        found, next_step = failure.found, _NEXT_STEPS.get(failure.kind, failure.next_step)
        return error_class(what, where=where, found=found, next_step=next_step)

    return aws.translate_errors(deploy_error)


_ERROR_CLASSES: Mapping[AwsErrorKind, type[LakegateError]] = {
    AwsErrorKind.NO_CREDENTIALS: ConfigurationError,
    AwsErrorKind.REJECTED_CREDENTIALS: ConfigurationError,
    AwsErrorKind.NO_REGION: ConfigurationError,
    AwsErrorKind.WRONG_REGION: ConfigurationError,
    AwsErrorKind.UNREACHABLE: TransientError,
    AwsErrorKind.NO_ANSWER: TransientError,
    AwsErrorKind.TRANSIENT: TransientError,
}
_NEXT_STEPS = {
    AwsErrorKind.NO_REGION: "give --region or set AWS_DEFAULT_REGION",
    AwsErrorKind.WRONG_REGION: "set its region with --region",
    AwsErrorKind.DENIED: "run it with an identity that has this permission, or grant it to yours",
}
