"""Strict parsing of ODCS YAML: unknown or duplicate keys are errors, so nothing is dropped silently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from pydantic import ValidationError

from contracts.errors import ContractError, YamlLocation

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from open_data_contract_standard.model import CustomProperty


API_VERSION = "v3.2.0"

# libyaml's loader reads the fifteen contracts in a tenth of the time of the pure Python one.
YamlLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(YamlLoader):  # type: ignore[misc, valid-type]  # its base is chosen at run time
    """Rejects duplicate keys; plain YAML loaders keep the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"duplicate key {key!r}", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Hashable, object] = super().construct_mapping(node, deep)
        return mapping


def parse_yaml(text: str) -> object:
    """Return the value of a YAML text. Raises yaml.YAMLError, also for a duplicate key."""
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a SafeLoader underneath


def parse_mapping(text: str, file: str) -> dict[str, object]:
    """Return the mapping in a YAML text. Raises ContractError for invalid YAML or another value."""
    try:
        raw = parse_yaml(text)
    except yaml.YAMLError as error:
        raise ContractError(f"invalid YAML: {' '.join(str(error).split())}", file=file) from error
    if not isinstance(raw, dict):
        raise ContractError(f"expected a mapping, found {type(raw).__name__}", file=file)
    return raw


def read_document(raw: Mapping[str, object], file: str) -> OpenDataContractStandard:
    """Return the ODCS document in a mapping.

    Raises:
        ContractError: not an ODCS 3.2 data contract, a value of the wrong type, or an unknown key.
    """
    document, errors = validate_document(raw, file)
    if document is None or errors:
        raise errors[0]
    return document


def validate_document(
    raw: Mapping[str, object], file: str
) -> tuple[OpenDataContractStandard | None, Sequence[ContractError]]:
    """Return the ODCS document in a mapping, and all errors in it.

    The document is None if it is of another kind or a value has the wrong type. Unknown keys are looked for
    only in a document without such errors.
    """
    location = YamlLocation(file)
    errors = [
        location.at(key).error(f"expected {expected}, found {raw.get(key)!r}")
        for key, expected in (("apiVersion", API_VERSION), ("kind", "DataContract"))
        if raw.get(key) != expected
    ]
    if errors:
        return None, errors
    try:
        document = OpenDataContractStandard.model_validate(raw, strict=True)
    except ValidationError as error:
        return None, [
            location.at(*each["loc"]).error(f"{each['msg']}, found {_shortened(repr(each.get('input')))}")
            for each in error.errors()
        ]
    kept = document.model_dump(by_alias=True, exclude_unset=True)
    return document, [
        at.error(f"unknown key {key!r}", next_step="ODCS 3.2 has no such key here; remove it")
        for at, key in unknown_keys(raw, kept, location)
    ]


def unknown_keys(raw: object, kept: object, location: YamlLocation) -> Iterator[tuple[YamlLocation, str]]:
    """Yield the keys that the ODCS model did not keep, each after the location of its mapping."""
    if isinstance(raw, dict) and isinstance(kept, dict):
        for key, value in raw.items():
            if key not in kept:
                yield location, str(key)
            else:
                yield from unknown_keys(value, kept[key], location.at(str(key)))
    elif isinstance(raw, list) and isinstance(kept, list):
        for number, (value, kept_value) in enumerate(zip(raw, kept, strict=True)):
            yield from unknown_keys(value, kept_value, location.at(number))


def _shortened(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


class Values:
    """Typed access to YAML values by key. All methods raise ContractError for a value of another type."""

    def __init__(self, values: Mapping[str, tuple[object, YamlLocation]]) -> None:
        self._values = values

    def location(self, key: str) -> YamlLocation:
        """Return the location of a value that is set."""
        return self._values[key][1]

    def raw(self, key: str) -> object:
        """Return an unchecked value, or None if it is not set."""
        return self._values[key][0] if key in self._values else None

    def text(self, key: str) -> str | None:
        """Return a non-empty string, or None if it is not set."""
        value = self.raw(key)
        if value is None or (isinstance(value, str) and value):
            return value
        raise self.location(key).error(
            f"{key} must be a string, found {value!r}", next_step="put it in quotes"
        )

    def flag(self, key: str) -> bool | None:
        """Return a boolean, or None if it is not set."""
        value = self.raw(key)
        if value is None or isinstance(value, bool):
            return value
        raise self.location(key).error(f"{key} must be true or false, found {value!r}")

    def texts(self, key: str, *, may_be_empty: bool = True) -> tuple[str, ...] | None:
        """Return a list of strings, or None if it is not set.

        Args:
            key: of the value.
            may_be_empty: whether the list, and strings in it, may be empty.
        """
        value = self.raw(key)
        return (
            None if value is None else read_texts(value, key, self.location(key), may_be_empty=may_be_empty)
        )


class Properties(Values):
    """The ``customProperties`` of one element. Raises ContractError for unknown or duplicate ones."""

    def __init__(
        self, items: Sequence[CustomProperty] | None, location: YamlLocation, *, known: tuple[str, ...]
    ) -> None:
        values: dict[str, tuple[object, YamlLocation]] = {}
        for number, item in enumerate(items or ()):
            at = location.at("customProperties", number)
            if item.property not in known:
                raise at.error(
                    f"unknown custom property {item.property!r}",
                    next_step=f"supported here: {', '.join(known)}",
                )
            if item.property in values:
                raise at.error(f"duplicate custom property {item.property!r}")
            values[item.property] = (item.value, at.at("value"))
        super().__init__(values)


def read_texts(
    value: object, key: str, location: YamlLocation, *, may_be_empty: bool = True
) -> tuple[str, ...]:
    """Return a list of strings; see ``Values.texts``."""
    if (
        isinstance(value, list)
        and all(isinstance(text, str) and (text or may_be_empty) for text in value)
        and (value or may_be_empty)
    ):
        return tuple(value)
    raise location.error(
        f"{key} must be a list of strings, found {value!r}",
        next_step="put words such as no, null and 1 in quotes",
    )
