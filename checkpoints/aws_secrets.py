"""Secrets of AWS Secrets Manager, which are in no log."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checkpoints.aws import USUAL, Wait, aws_client

if TYPE_CHECKING:
    from collections.abc import Iterator


def is_secret(value: str) -> bool:
    """Whether a setting is the ARN of a secret, not the value itself."""
    return value.startswith("arn:") and value.split(":")[2:3] == ["secretsmanager"]


def read_secret(arn: str, *, region: str | None = None, wait: Wait = USUAL) -> str:
    """Return the text of a secret; empty if it is binary.

    Args:
        arn: of the secret.
        region: of the secret; None: that of its ARN.
        wait: timeouts and attempts.

    Raises:
        botocore.exceptions.ClientError: the secret does not exist, or must not be read.
        botocore.exceptions.BotoCoreError: AWS does not answer.
    """
    client = aws_client("secretsmanager", region=region or arn.split(":")[3], wait=wait)
    with debug_logs_off("botocore", "urllib3"):
        return str(client.get_secret_value(SecretId=arn).get("SecretString", ""))


@contextmanager
def debug_logs_off(*names: str) -> Iterator[None]:
    """Raise these loggers to INFO: at DEBUG they log requests and responses, including passwords."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.INFO))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
