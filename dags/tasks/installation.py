"""Where everything is, as Airflow is told: the Variable `lakegate`, else the environment.

The Variable is one JSON object, read once a task: every setting of ``Settings`` by its name, and those below.
``LAKEGATE_<NAME>`` in the environment stands in for what it leaves out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from contracts.faults import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.pipeline.settings import Settings

VARIABLE = "lakegate"
_OWN = ("job_prefix", "topic", "docs_url", "aws_conn_id")


@dataclass(frozen=True, slots=True)
class Installation:
    """What the tasks work with."""

    settings: Settings
    job_prefix: str = "lakegate"  # begins the names of the Glue jobs
    topic: str | None = None  # ARN of the SNS topic that alerts go to; None: no alerts
    docs_url: str | None = None  # where a browser finds the folder docs/
    aws_conn_id: str | None = None  # an Airflow Connection; None: as boto3 finds its credentials

    def job_name(self, transition: str) -> str:
        """Return the name of a transition's Glue job."""
        return f"{self.job_prefix}-{transition}"


def read_installation() -> Installation:
    """Return what the Variable and the environment say, and take on the Connection's credentials.

    Raises:
        ConfigurationError: a value is wrong, or the Variable is no JSON object.
    """
    from airflow.sdk import Variable

    try:
        given = Variable.get(VARIABLE, default={}, deserialize_json=True)
    except ValueError as error:
        raise ConfigurationError("this is no JSON", where=f"the Airflow Variable {VARIABLE}") from error
    if not isinstance(given, dict):
        raise ConfigurationError(
            "this is no JSON object",
            where=f"the Airflow Variable {VARIABLE}",
            expected='as {"lake": "s3://bucket"}',
        )
    installation = make_installation(given, os.environ)
    if installation.aws_conn_id:
        _take_on(installation.aws_conn_id)
    return installation


def make_installation(given: Mapping[str, object], environment: Mapping[str, str]) -> Installation:
    """Return the installation that these say.

    Raises:
        ConfigurationError: a value is wrong, or nobody knows the setting.
    """
    from dags.pipeline.settings import Settings, read_settings

    if unknown := sorted(given.keys() - Settings.model_fields.keys() - set(_OWN)):
        raise ConfigurationError(
            "there is no such setting",
            where=f"the Airflow Variable {VARIABLE}",
            expected=", ".join([*Settings.model_fields, *_OWN]),
            found=", ".join(unknown),
        )
    texts = {name: given.get(name) or environment.get(f"LAKEGATE_{name.upper()}") for name in _OWN}
    own = {name: str(text) for name, text in texts.items() if text}
    return Installation(
        read_settings(**{name: value for name, value in given.items() if name not in _OWN}), **own
    )


def _take_on(aws_conn_id: str) -> None:
    """Give this task's process the credentials of an Airflow Connection, as boto3 looks for them."""
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
