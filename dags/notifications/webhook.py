"""Webhooks in Slack's form. Their URLs are secrets: no error and no log line names one."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from checkpoints.aws import PROBE
from checkpoints.aws_secrets import debug_logs_off, is_secret, read_secret
from contracts.errors import LakegateError, TransientError

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUSY: Final = (429, 500, 502, 503, 504)  # HTTP statuses after which a retry may help
_TIMEOUT_SECONDS: Final = 10
ATTEMPTS = 4
LONGEST_PAUSE_SECONDS = 8


def post(webhook: str, text: str) -> None:
    """Post a text; Slack's control characters in it are escaped.

    Source: https://docs.slack.dev/messaging/formatting-message-text (escaping text)

    Args:
        webhook: the URL, or the ARN of a secret in Secrets Manager that holds it.
        text: of the message.

    Raises:
        LakegateError: the URL is invalid or cannot be reached, or the service refused the text.
    """
    url = read_secret(webhook, wait=PROBE).strip() if is_secret(webhook) else webhook
    attempts = Retrying(  # not by urllib3, which logs the URL
        retry=retry_if_exception_type(TransientError),
        wait=wait_exponential(max=LONGEST_PAUSE_SECONDS),
        stop=stop_after_attempt(ATTEMPTS),
        reraise=True,
    )
    attempts(_send, url, {"text": escape(text, quote=False)})


def _send(url: str, body: Mapping[str, str]) -> None:
    """Post JSON to a URL. Raises TransientError where a retry may help, else LakegateError."""
    try:
        with debug_logs_off("urllib3"):
            response = requests.post(url, json=body, timeout=_TIMEOUT_SECONDS)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise TransientError("the webhook cannot be reached", found=type(error).__name__) from None
    except (requests.RequestException, ValueError) as error:
        raise LakegateError("invalid URL of the webhook", found=type(error).__name__) from None
    if not response.ok:
        kind = TransientError if response.status_code in _BUSY else LakegateError
        raise kind("the webhook refused the alert", found=f"HTTP {response.status_code}")
