"""Settings: where the lake is and what a run may use, from arguments and `LAKEGATE_*` variables."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from contracts.faults import ConfigurationError


class Settings(BaseSettings):
    """What is set once for a process. Every field can be given as ``LAKEGATE_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="LAKEGATE_", frozen=True, extra="forbid")

    lake: str = "./lake"
    raw_root: str | None = None
    bronze_root: str | None = None
    silver_root: str | None = None
    gold_root: str | None = None
    quarantine_root: str | None = None
    metrics_root: str | None = None
    docs_root: str | None = None
    kms_key: str | None = None  # encrypts what is written to S3; None: keys that S3 manages
    warehouse: str | None = None
    contracts: Path | None = None
    policies: Path | None = None
    spark_options: dict[str, str] = Field(default_factory=dict)
    shown_runs: int = Field(
        default=50, ge=1
    )  # Data Docs' index is bounded, so that publishing costs the same
    ingest_threads: int = Field(default=8, ge=1)
    target_file_bytes: int = Field(default=128 * 1024 * 1024, ge=1024)


def read_settings(**given: object) -> Settings:
    """Return the settings: what is given wins over the environment, which wins over the defaults.

    Raises:
        ConfigurationError: a value is wrong; the sentence names the setting.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except SettingsError as error:  # a field that is no plain text is JSON in the environment
        name = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "*")
        raise ConfigurationError(
            "this is no JSON",
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
