"""AWS on loopback: moto's server for S3, SQS, SNS, Secrets Manager, IAM and STS, in its own process.

Not covered: signatures and permissions (any credentials work), encryption at rest, S3's speed, throttling and
part size limits, and IAM's propagation delay.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REGION = "us-east-1"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


@contextmanager
def aws_on_loopback(
    module: str = "moto.server", log: Path | None = None, more: Mapping[str, str] | None = None
) -> Iterator[Mapping[str, str]]:
    """Run the server; yield the environment variables that point boto3, s3a and Airflow to it.

    ``more`` is added to the environment of the server and of its child processes.
    """
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": url, **(more or {})}
    with log.open("ab") if log else open(os.devnull, "wb") as out:  # noqa: PTH123 - devnull is not a Path
        process = subprocess.Popen(
            [sys.executable, "-m", module, "-H", "127.0.0.1", "-p", str(port)],
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
        try:
            wait_for(port, process)
            yield environment
        finally:
            process.terminate()
            process.wait(30)


def client(environment: Mapping[str, str], service: str):
    """Return a boto3 client for that server."""
    return boto3.client(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=REGION,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Wait until the process listens. Raises ``AssertionError`` if it ends or on timeout."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        assert process.poll() is None, f"{process.args} ended with {process.returncode}"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"{process.args} did not listen within {seconds} s")
