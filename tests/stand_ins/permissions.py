"""Who may do what on moto's AWS: bucket policies as far as we write them, and IAM where a test asks for it.

moto takes a statement whose condition it does not know for one that denies. ``tls_understood`` lets it pass
over the statement that refuses whoever comes without TLS; without it, a bucket with that statement is closed.
``allowed_only`` makes every call within that of a user who has these policies and no other permission.

They do not prove that a request without TLS is refused, nor anything about the conditions of a policy: moto
holds actions and resources against it, and S3's resources only.
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
def tls_understood() -> Iterator[None]:
    """Let a statement about requests without TLS say nothing about those with it."""
    judged = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(self: IAMPolicyStatement, *args: Any, **kwargs: Any) -> PermissionResult:
        if self._statement.get("Condition") == _WITHOUT_TLS:
            return PermissionResult.NEUTRAL
        return judged(self, *args, **kwargs)

    with patch.object(IAMPolicyStatement, "is_action_permitted", is_action_permitted):
        yield


@contextmanager
def allowed_only(*policies: Mapping[str, Any]) -> Iterator[None]:
    """Make every call within that of a user who may do what these policies say."""
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
