"""Policy models: limits, overrides, masking and retention, one for each dataset and one for gold."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field, field_validator

from contracts.days import DaySettings

_MEBIBYTE = 1024 * 1024


class Action(StrEnum):
    """Action on a rule's offenders that overrides the contract's severity."""

    WARN = "warn"  # a row is kept and counted; a table is promoted
    QUARANTINE = "quarantine"  # the row is quarantined (row rules only)
    BLOCK = "block"  # a single offender blocks (and is quarantined, if it is a row)
    OFF = "off"  # the rule is not judged (rules on a candidate table only)


class Alerts(BaseModel):
    """Verdicts that send an alert. A blocked or failed run always does."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    warn: bool = False


class Policy(BaseModel):
    """Keys common to dataset and gold policies. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    overrides: Mapping[str, Action] = Field(default_factory=dict)
    masked_columns: tuple[str, ...] = ()  # in addition to the contract's pii columns
    retention_days: int = Field(default=90, ge=1)  # of quarantined rows and files
    days_out_of_line: DaySettings = DaySettings()
    alerts: Alerts = Field(default_factory=Alerts)

    @field_validator("overrides", mode="before")
    @classmethod
    def _read_actions(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value  # rejected by type validation
        actions = {}
        for rule, written in value.items():
            action = Action.OFF if written is False else written  # YAML reads off as false
            if action not in list(Action):
                raise ValueError(f"{rule} must be warn, quarantine, block or off, found {action!r}")
            actions[rule] = Action(action)
        return MappingProxyType(actions)

    @field_validator("masked_columns", mode="before")
    @classmethod
    def _read_columns(cls, value: object) -> object:
        return tuple(value) if isinstance(value, list) else value

    def override(self, rule: str) -> Action | None:
        """Return the override of a rule, or None when the contract's severity applies."""
        return self.overrides.get(rule)

    @property
    def parameters(self) -> Mapping[str, object]:
        """Limits and settings by the names that rules reference: ``{"$PARAMETER": name}``."""
        return {"days_out_of_line": self.days_out_of_line.model_dump(mode="json")}


class DatasetPolicy(Policy):
    """Policy for the files and rows of one dataset."""

    max_quarantine_ratio: float = Field(default=0.25, ge=0, le=1)
    min_volume_ratio: float = Field(default=0.5, ge=0)
    max_conflicting_ratio: float = Field(default=0.05, ge=0, le=1)
    max_rejected_bytes_ratio: float | None = Field(default=None, ge=0, le=1)  # None: off
    max_expanded_bytes: int = Field(
        default=256 * _MEBIBYTE, ge=1
    )  # a file is rejected when it exceeds both limits
    max_expansion_ratio: float = Field(default=200, gt=0)

    @property
    def parameters(self) -> Mapping[str, object]:
        """Those of every policy, and limits; a disabled one is 1, which no ratio exceeds."""
        return {
            **super().parameters,
            "max_quarantine_ratio": self.max_quarantine_ratio,
            "min_volume_ratio": self.min_volume_ratio,
            "max_conflicting_ratio": self.max_conflicting_ratio,
            "max_rejected_bytes_ratio": 1.0
            if self.max_rejected_bytes_ratio is None
            else self.max_rejected_bytes_ratio,
        }


class GoldPolicy(Policy):
    """Policy for all gold tables."""

    max_unknown_user_ratio: float = Field(default=0.05, ge=0, le=1)

    @property
    def parameters(self) -> Mapping[str, object]:
        """Those of every policy, and limits."""
        return {**super().parameters, "max_unknown_user_ratio": self.max_unknown_user_ratio}
