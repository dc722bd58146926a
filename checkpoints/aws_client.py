"""Makes every boto3 client: how long to wait for AWS, and how often to ask again, is said here alone.

botocore's pauses between attempts are random, at most 1, 2, 4, 8, 16 seconds. So nobody at all,
who neither takes a connection nor refuses it, is waited for ``connect_seconds`` an attempt and these pauses;
whoever takes it and then says nothing, ``read_seconds`` an attempt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from boto3 import Session

AwsClient: TypeAlias = Any  # boto3 makes its clients' methods at run time: there is no type to name


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a client waits, and how often it asks."""

    connect_seconds: float
    read_seconds: float
    attempts: int


USUAL: Final = Wait(connect_seconds=5, read_seconds=60, attempts=6)
KNOCK: Final = Wait(connect_seconds=5, read_seconds=6, attempts=3)  # is anybody there? at most 21 s


def aws_client(
    service: str,
    *,
    session: Session | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    wait: Wait = USUAL,
    connections: int = 10,
) -> AwsClient:
    """Return a client that waits no longer than ``wait`` says. No request is sent yet.

    Args:
        service: boto3's name of it.
        session: whose credentials and region; None: as boto3 finds them.
        region: None: the session's.
        endpoint_url: None: AWS's own, or what ``AWS_ENDPOINT_URL`` says.
        wait: how long, and how often.
        connections: how many threads may send at once before one waits for another.
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
