"""Default rules of a zone: those that its contracts share, from the ``defaults.yaml`` beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from open_data_contract_standard.model import DataQuality
from pydantic import BaseModel, ConfigDict, ValidationError

from contracts.argument_values import PARAMETER, is_parameter
from contracts.errors import ContractError, YamlLocation
from contracts.expectation_catalog import MEASURED_EXPECTATIONS
from contracts.measures import LATENCY, latency_hours, loaded_measures, table_measures
from contracts.model import Contract, Zone
from contracts.odcs import parse_mapping, unknown_keys

if TYPE_CHECKING:
    from pathlib import Path

    from contracts.model import Rule

DEFAULTS_FILE = "defaults.yaml"
_NAME = "{name}"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    quality: list[DataQuality]


@dataclass(frozen=True, slots=True)
class Defaults:
    """Quality entries that all contracts of a zone share; in ``silver``, all that are read from files.

    ``file``: for error messages. ``text``: the YAML, which is part of what a contract promises.
    """

    file: str = ""
    text: str = ""
    quality: tuple[DataQuality, ...] = ()

    def of(self, contract: Contract) -> tuple[DataQuality, ...]:
        """Return the entries with the contract's name filled in."""
        if contract.zone is Zone.SILVER and not contract.is_read_from_files:
            return ()
        texts = ("description", "businessImpact")
        return tuple(
            entry.model_copy(
                update={key: (getattr(entry, key) or "").replace(_NAME, contract.name) for key in texts}
            )
            for entry in self.quality
        )


def applies(rule: Rule, contract: Contract) -> bool:
    """Whether what a default rule judges is measured of a contract's table, and against what it promises."""
    measure = MEASURED_EXPECTATIONS.get(rule.expectation)
    is_measured = measure is None or measure in table_measures(contract) | loaded_measures(contract)
    return is_measured and (LATENCY not in _parameters(rule) or latency_hours(contract.slas) is not None)


def _parameters(rule: Rule) -> set[str]:
    return {str(value[PARAMETER]) for value in rule.kwargs.values() if is_parameter(value)}


def read_defaults(path: Path, file: str) -> Defaults:
    """Return the default rules of a zone; none if the file does not exist.

    Args:
        path: of the file.
        file: its name in error messages.

    Raises:
        ContractError: the file is unreadable or invalid.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Defaults()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot read the file: {error}", file=file) from error
    return parse_defaults(text, file)


def parse_defaults(text: str, file: str) -> Defaults:
    """Return the default rules in a YAML text.

    Raises:
        ContractError: it is no mapping with a list of ODCS quality entries.
    """
    location = YamlLocation(file)
    raw = parse_mapping(text, file)
    try:
        document = _Document.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        raise location.at(*first["loc"]).error(
            first["msg"], next_step="write a list quality, with entries as in a contract"
        ) from error
    for at, key in unknown_keys(raw, document.model_dump(by_alias=True, exclude_unset=True), location):
        raise at.error(f"unknown key {key!r}", next_step="ODCS 3.2 has no such key here; remove it")
    return Defaults(file, text, tuple(document.quality))
