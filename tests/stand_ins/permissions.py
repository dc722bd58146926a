"""Permissions on moto's AWS: conditions of policies, IAM policies on request, and absent keys of S3.

moto ignores most conditions: denying requests without TLS would close a bucket. ``conditions_evaluated``
makes a statement count only if its condition holds for the request. Within ``allowed_only`` every call is
made by a user with the given policies only.

A GET or HEAD of a key that does not exist is 404 only for who may list the bucket, else 403. Sources
contradict each other on whether a permission under a condition on ``s3:prefix`` suffices: here it does not,
since a request for an object has no prefix.

Not covered: requests without TLS, and operators and condition keys that lakegate's policies do not use.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import boto3
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.iam.access_control import IAMPolicyStatement, PermissionResult
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_NO_REQUEST: Mapping[str, str] = MappingProxyType({})
_request = ContextVar("condition keys of the request", default=_NO_REQUEST)
_OPERATORS: Mapping[str, Callable[[str | None, list[str]], bool]] = {
    "Bool": lambda found, expected: found in expected,
    "Null": lambda found, expected: str(found is None).lower() in expected,
    "StringEquals": lambda found, expected: found in expected,
    "StringEqualsIfExists": lambda found, expected: found is None or found in expected,
    "StringLike": lambda found, expected: (
        found is not None and any(fnmatchcase(found, pattern) for pattern in expected)
    ),
}


@contextmanager
def conditions_evaluated() -> Iterator[None]:
    """Make moto evaluate the conditions of policies, and answer 403 for absent keys as S3 does."""
    permitted = IAMPolicyStatement.is_action_permitted
    authorize = S3Response._authenticate_and_authorize_s3_action

    def is_action_permitted(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
        if not _holds(self._statement.get("Condition", {})):
            return PermissionResult.NEUTRAL
        bare = {name: value for name, value in self._statement.items() if name != "Condition"}
        return permitted(IAMPolicyStatement(bare), *args, **kwargs)

    def authorize_s3(self: S3Response, bucket_name: str | None = None, key_name: str | None = None) -> None:
        token = _request.set(_condition_keys(self))
        try:
            authorize(self, bucket_name, key_name)
            if key_name and self.method in ("GET", "HEAD") and _is_absent(self, bucket_name, key_name):
                with patch.dict(self.data, {"Action": "ListBucket"}):
                    authorize(self, bucket_name)
        finally:
            _request.reset(token)

    with (
        patch.object(IAMPolicyStatement, "is_action_permitted", is_action_permitted),
        patch.object(S3Response, "_authenticate_and_authorize_s3_action", authorize_s3),
    ):
        yield


def _holds(condition: Mapping[str, Mapping[str, Any]]) -> bool:
    present = {"aws:SecureTransport": "true", **_request.get()}
    return all(
        _OPERATORS[operator](present.get(key), expected if isinstance(expected, list) else [expected])
        for operator, expectations in condition.items()
        for key, expected in expectations.items()
    )


def _condition_keys(response: S3Response) -> Mapping[str, str]:
    """Return S3's condition keys of a request; a key whose parameter or header is missing is absent."""
    query = parse_qs(urlsplit(response.uri).query, keep_blank_values=True)
    found = {
        "s3:prefix": query.get("prefix", [None])[0],
        "s3:if-none-match": response.headers.get("If-None-Match"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _is_absent(response: S3Response, bucket: str | None, key: str) -> bool:
    try:
        return response.backend.get_object(bucket, key) is None
    except S3ClientError:
        return False  # the bucket is missing: S3's own answer


@contextmanager
def allowed_only(*policies: Mapping[str, Any]) -> Iterator[None]:
    """Make every call within the block as a user with these policies only."""
    iam = boto3.client("iam", region_name="us-east-1")
    name = f"user-{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    for number, policy in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    login = {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    counted = ActionAuthenticatorMixin.request_count
    with (
        patch.dict(os.environ, login),
        patch.object(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0),
    ):
        os.environ.pop("AWS_SESSION_TOKEN", None)
        boto3.DEFAULT_SESSION = None
        try:
            yield
        finally:
            boto3.DEFAULT_SESSION = None
            ActionAuthenticatorMixin.request_count = counted
