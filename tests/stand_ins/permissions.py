"""Permissions on moto's AWS: TLS-only bucket policies, and IAM policies on request.

moto applies a Deny statement whatever its condition, so a bucket that denies requests without TLS would be
closed; ``tls_conditions_ignored`` skips that statement. Within ``allowed_only`` every call is made by a user
with the given policies only.

Not covered: the denial of requests without TLS, and conditions of policies: moto checks actions and, for S3,
resources.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}


@contextmanager
def tls_conditions_ignored() -> Iterator[None]:
    """Make moto skip statements that apply to requests without TLS."""
    original = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
        if self._statement.get("Condition") == _WITHOUT_TLS:
            return PermissionResult.NEUTRAL
        return original(self, *args, **kwargs)

    with patch.object(IAMPolicyStatement, "is_action_permitted", is_action_permitted):
        yield


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
