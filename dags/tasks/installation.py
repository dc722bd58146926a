"""Installation settings from the Airflow Variable `lakegate` and the environment.

The Variable is a JSON object, read once per task, with the fields of ``Settings`` and those of
``Installation``. ``LAKEGATE_<NAME>`` in the environment is the default.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.settings import Settings

VARIABLE = "lakegate"
_OWN = ("job_prefix", "aws_conn_id")


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings of the tasks."""

    settings: Settings
    job_prefix: str = "lakegate"  # of the Glue job names
    aws_conn_id: str | None = None  # an Airflow Connection; None: boto3's default credentials

    def job_name(self, transition: str) -> str:
        """Return the name of a transition's Glue job."""
        return f"{self.job_prefix}-{transition}"


def read_installation() -> Installation:
    """Return the installation, and export the Connection's credentials to this process.

    Raises:
        ConfigurationError: a value is invalid, or the Variable is not a JSON object.
    """
    from airflow.sdk import Variable

    try:
        given = Variable.get(VARIABLE, default={}, deserialize_json=True)
    except ValueError as error:
        raise ConfigurationError("invalid JSON", where=f"the Airflow Variable {VARIABLE}") from error
    if not isinstance(given, dict):
        raise ConfigurationError(
            "not a JSON object",
            where=f"the Airflow Variable {VARIABLE}",
            expected='as {"lake": "s3://bucket"}',
        )
    installation = make_installation(given, os.environ)
    if installation.aws_conn_id:
        _export_credentials(installation.aws_conn_id)
    return installation


def make_installation(given: Mapping[str, object], environment: Mapping[str, str]) -> Installation:
    """Return the installation from the Variable's value and the environment.

    Raises:
        ConfigurationError: a value is invalid or a setting unknown.
    """
    from dags.settings import Settings, read_settings

    if unknown := sorted(given.keys() - Settings.model_fields.keys() - set(_OWN)):
        raise ConfigurationError(
            "unknown setting",
            where=f"the Airflow Variable {VARIABLE}",
            expected=", ".join([*Settings.model_fields, *_OWN]),
            found=", ".join(unknown),
        )
    texts = {name: given.get(name) or environment.get(f"LAKEGATE_{name.upper()}") for name in _OWN}
    own = {name: str(text) for name, text in texts.items() if text}
    return Installation(
        read_settings(**{name: value for name, value in given.items() if name not in _OWN}), **own
    )


def _export_credentials(aws_conn_id: str) -> None:
    """Set the AWS environment variables of this process from an Airflow Connection."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

    hook: AwsGenericHook[Any] = AwsGenericHook(aws_conn_id=aws_conn_id, client_type="sts")
    session = hook.get_session()
    credentials = session.get_credentials()
    found = {
        "AWS_DEFAULT_REGION": session.region_name,
        "AWS_ENDPOINT_URL": hook.conn_config.endpoint_url,
        **(
            {
                "AWS_ACCESS_KEY_ID": credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
                "AWS_SESSION_TOKEN": credentials.token,
            }
            if credentials
            else {}
        ),
    }
    os.environ.update({name: value for name, value in found.items() if value})
