"""One YAML file as an ODCS document in which nothing is unknown, so that nothing is dropped in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from contracts.errors import ContractError, Place

if TYPE_CHECKING:
    from collections.abc import Hashable

API_VERSION = "v3.2.0"

# libyaml's loader reads the fifteen contracts in a tenth of the time that the pure one takes.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[misc, valid-type]  # its base is chosen at run time
    """Refuses a doubled key, of which YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice in one mapping", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep)
        return mapping


def parse_yaml(text: str) -> object:
    """Return what a YAML text says. Raises yaml.YAMLError, also for a key that stands twice."""
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader underneath


def parse_document(text: str, file: str) -> OpenDataContractStandard:
    """Return the ODCS document that a YAML text holds.

    Raises:
        ContractError: no YAML, no ODCS 3.2 data contract, a value of the wrong type, or a key that ODCS does
            not know.
    """
    try:
        raw = parse_yaml(text)
    except yaml.YAMLError as error:
        raise ContractError(f"this is no YAML: {_one_line(error)}", file=file) from error
    if not isinstance(raw, dict):
        raise ContractError(f"a mapping is expected, found {type(raw).__name__}", file=file)
    place = Place(file)
    for key, expected in (("apiVersion", API_VERSION), ("kind", "DataContract")):
        if raw.get(key) != expected:
            raise place.at(key).error(f"expected {expected}, found {raw.get(key)!r}")
    try:
        document = OpenDataContractStandard.model_validate(raw, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = place.at(*first["loc"])
        raise where.error(f"{first['msg']}, found {_shown(first.get('input'))}") from error
    _refuse_unknown(raw, document.model_dump(by_alias=True, exclude_unset=True), place)
    return document


def _refuse_unknown(raw: object, kept: object, place: Place) -> None:
    """Raise for the first key of the text that the ODCS model did not keep."""
    if isinstance(raw, dict) and isinstance(kept, dict):
        for key, value in raw.items():
            if key not in kept:
                raise place.error(
                    f"unknown key {key!r}", next_step="ODCS 3.2 has no such key here; take it out"
                )
            _refuse_unknown(value, kept[key], place.at(str(key)))
    elif isinstance(raw, list) and isinstance(kept, list):
        for number, (value, kept_value) in enumerate(zip(raw, kept, strict=True)):
            _refuse_unknown(value, kept_value, place.at(number))


def _one_line(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
