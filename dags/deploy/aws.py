"""The AWS that is deployed to: its clients, and its errors as one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from checkpoints import aws_trouble
from checkpoints.aws_client import KNOCK, aws_client
from checkpoints.aws_trouble import WHAT_TO_CHECK, Trouble, code_of, message_of, trouble_of
from contracts.faults import ConfigurationError, LakegateError, TransientError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from checkpoints.aws_client import AwsClient
    from checkpoints.aws_trouble import AwsError


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

        with explained("cannot reach AWS", "the session"):
            self._session = boto3.Session(region_name=region or None)
        if not self._session.region_name:
            raise ConfigurationError(
                "no AWS region is set", where="--region", next_step="give --region or set AWS_DEFAULT_REGION"
            )
        self.client = cache(self._client)

    def _client(self, service: str) -> AwsClient:
        return aws_client(service, session=self._session)

    def account(self) -> Account:
        """Return whose credentials these are; ask it first, as it soon tells when AWS does not answer.

        Raises:
            ConfigurationError: there are no credentials, or AWS refuses them.
            TransientError: nobody answers.
        """
        with explained("cannot tell the account", "AWS"):
            identity = aws_client("sts", session=self._session, wait=KNOCK).get_caller_identity()
        return Account(
            id=identity["Account"],
            region=str(self._session.region_name),
            partition=str(identity["Arn"]).split(":")[1],
        )


def explained(what: str, where: str) -> AbstractContextManager[None]:
    """Turn what boto3 raises within into one sentence of the right kind."""
    return aws_trouble.explained(partial(_explanation, what, where))


def _explanation(what: str, where: str, error: AwsError) -> LakegateError:
    code = code_of(error)
    match trouble_of(error):
        case Trouble.NO_LOGIN:
            return ConfigurationError(
                what,
                where=where,
                found="no AWS credentials",
                next_step="log in or set AWS_PROFILE, then run again",
            )
        case Trouble.REFUSED_LOGIN:
            return ConfigurationError(
                what,
                where=where,
                found=f"credentials that AWS refuses ({code})",
                next_step="log in, then run again",
            )
        case Trouble.NO_REGION:
            return ConfigurationError(
                what, where=where, found="no AWS region", next_step="give --region or set AWS_DEFAULT_REGION"
            )
        case Trouble.UNREACHABLE | Trouble.NO_ANSWER:
            return TransientError(
                f"{what}, as AWS does not answer",
                where=where,
                found=message_of(error),
                next_step=WHAT_TO_CHECK,
            )
        case Trouble.DENIED:
            return LakegateError(
                what,
                where=where,
                found=f"{getattr(error, 'operation_name', 'this')} is denied",
                next_step="let somebody with that permission run it, or add it to yours",
            )
        case Trouble.ELSEWHERE:
            return ConfigurationError(
                what, where=where, found="it lies in another region", next_step="give its region by --region"
            )
        case Trouble.PASSING:
            return TransientError(what, where=where, found=code, next_step="run again in a moment")
        case _:
            told = message_of(error)
            return LakegateError(what, where=where, found=f"{code}: {told}" if code else told)
