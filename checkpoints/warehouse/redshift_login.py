"""Who logs in to Redshift, fetched when it is needed and kept by nobody."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checkpoints.aws_client import aws_client
from checkpoints.warehouse.redshift_errors import explained
from checkpoints.warehouse.warehouse import WarehouseError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.redshift_address import RedshiftAddress

_LOGIN_SECONDS = 900  # how long one that IAM gives is good for opening connections


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, which never shows."""

    user: str
    password: str = field(repr=False)


def fetch_login(address: RedshiftAddress) -> Login:
    """Return the login that the secret holds, or one that IAM gives for a while.

    Raises:
        WarehouseError: there is none, or it may not be read.
        TransientError: AWS does not answer.
    """
    with unheard("botocore", "urllib3"):
        return _login_of_secret(address) if address.secret else _login_by_iam(address)


def _login_of_secret(address: RedshiftAddress) -> Login:
    secret = str(address.secret)
    with explained("cannot read the secret", secret):
        client = aws_client("secretsmanager", region=address.region or secret.split(":")[3])
        text = client.get_secret_value(SecretId=secret).get("SecretString")
    values = _object(text)
    user, password = values.get("username"), values.get("password")
    if not (isinstance(user, str) and user and isinstance(password, str) and password):
        # Whatever it is instead: it is secret.
        raise WarehouseError(
            "this secret is no login",
            where=secret,
            expected='a JSON object with "username" and "password"',
            next_step="correct the secret",
        )
    return Login(user, password)


def _login_by_iam(address: RedshiftAddress) -> Login:
    with explained("cannot get a login by IAM", address.uri):
        answer = aws_client("redshift-serverless", region=address.region).get_credentials(
            workgroupName=address.workgroup, dbName=address.database, durationSeconds=_LOGIN_SECONDS
        )
    return Login(answer["dbUser"], answer["dbPassword"])


def _object(text: object) -> dict[str, object]:
    try:
        values = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        values = None
    return values if isinstance(values, dict) else {}


@contextmanager
def unheard(*names: str) -> Iterator[None]:
    """Keep these loggers, which tell at DEBUG all that is sent and answered, from telling a password."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(max(logger.level, logging.INFO))
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
