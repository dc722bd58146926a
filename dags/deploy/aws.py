"""The AWS that is deployed to: its clients, and its errors as one sentence each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias

from checkpoints import aws_trouble
from checkpoints.aws_trouble import Trouble, code_of, message_of, trouble_of
from contracts.faults import ConfigurationError, LakegateError, TransientError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from checkpoints.aws_trouble import AwsError

Client: TypeAlias = Any  # boto3 makes its clients' methods at run time: there is no type to name


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
                what, where=where, found="no AWS region", next_step="give --region or set AWS_REGION"
            )
        case Trouble.NO_ANSWER:
            return TransientError(
                what, where=where, found="no answer from AWS", next_step="check the network and run again"
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
