"""Settings of lakegate, from arguments and `LAKEGATE_*` environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, from_json

from contracts.errors import ConfigurationError


def _read_json(value: object) -> object:
    try:
        return from_json(value) if isinstance(value, str) else value
    except ValueError:
        raise PydanticCustomError("json", "invalid JSON; expected a mapping of names to values") from None


class Settings(BaseModel):
    """Settings of a process. Each field can be set as ``LAKEGATE_<FIELD>``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lake: str = "./lake"
    raw_root: str | None = None
    bronze_root: str | None = None
    silver_root: str | None = None
    gold_root: str | None = None
    quarantine_root: str | None = None
    corrections_root: str | None = None
    metrics_root: str | None = None
    docs_root: str | None = None
    kms_key: str | None = None  # encrypts objects written to S3; None: S3-managed keys
    warehouse: str | None = None
    catalog: str | None = None  # glue://DATABASE or sqlite:///FILE; None: no catalog
    topic: str | None = None  # ARN of the SNS topic for alerts
    webhook: str | None = None  # https URL for alerts, or the ARN of a secret that holds it
    docs_url: str | None = None  # address of the folder docs/ for a browser
    metrics_namespace: str | None = None  # CloudWatch's
    event_bus: str | None = None  # name or ARN of EventBridge's
    openlineage: str | None = None  # URL or file for OpenLineage events
    openlineage_secret: str | None = None  # ARN of the secret that holds the API key of that URL
    contracts: Path | None = None
    policies: Path | None = None
    spark_options: Annotated[dict[str, str], BeforeValidator(_read_json)] = Field(default_factory=dict)
    # Runs in Data Docs' index, bounded so that publishing a run always costs the same.
    shown_runs: int = Field(default=50, ge=1)
    ingest_threads: int = Field(default=8, ge=1)


def read_settings(**given: object) -> Settings:
    """Return the settings: arguments (unless None) override the environment, which overrides the defaults.

    Raises:
        ConfigurationError: a value is invalid; names the setting.
    """
    variables = {name: os.environ.get(f"LAKEGATE_{name.upper()}") for name in Settings.model_fields}
    values = variables | {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate({name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise ConfigurationError(
            first["msg"],
            where=f"LAKEGATE_{name.upper()}",
            found=repr(first["input"]),
            next_step="correct the variable or the option",
        ) from error
