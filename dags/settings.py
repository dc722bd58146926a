"""Settings of lakegate, from arguments and `LAKEGATE_*` environment variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from contracts.errors import ConfigurationError


class Settings(BaseSettings):
    """Settings of a process. Each field can be set as ``LAKEGATE_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="LAKEGATE_", frozen=True, extra="forbid")

    lake: str = "./lake"
    raw_root: str | None = None
    bronze_root: str | None = None
    silver_root: str | None = None
    gold_root: str | None = None
    quarantine_root: str | None = None
    metrics_root: str | None = None
    docs_root: str | None = None
    kms_key: str | None = None  # encrypts objects written to S3; None: S3-managed keys
    warehouse: str | None = None
    contracts: Path | None = None
    policies: Path | None = None
    spark_options: dict[str, str] = Field(default_factory=dict)
    # Runs in Data Docs' index, bounded so that publishing a run always costs the same.
    shown_runs: int = Field(default=50, ge=1)
    ingest_threads: int = Field(default=8, ge=1)


def read_settings(**given: object) -> Settings:
    """Return the settings: arguments (unless None) override the environment, which overrides the defaults.

    Raises:
        ConfigurationError: a value is invalid; names the setting.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except SettingsError as error:  # mappings are JSON in the environment
        name = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "*")
        raise ConfigurationError(
            "invalid JSON",
            where=f"LAKEGATE_{name.upper()}",
            expected='{"name": "value"}',
            next_step="correct the variable",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            first["msg"],
            where=f"LAKEGATE_{name.upper()}",
            found=repr(first["input"]),
            next_step="correct the variable or the option",
        ) from error
