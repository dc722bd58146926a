"""All errors of a contract: each is repaired in the parsed YAML, and the contract is read again."""

from __future__ import annotations

import copy
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.errors import ContractError, YamlLocation
from contracts.model import Domain
from contracts.odcs import API_VERSION, parse_mapping, validate_document
from contracts.parser import read_contract
from contracts.yaml_lines import split_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.defaults import Defaults
    from contracts.model import Contract, Zone

    Path = tuple[str | int, ...]

_REMOVED = object()  # in place of a removed list element, so that the others keep their numbers
_TEXT = "placeholder"
# Values that are valid at the end of a path, wherever they are put.
_VALID_KEYS: dict[str, object] = {
    "severity": "error",
    "dimension": "accuracy",
    "description": _TEXT,
    "businessImpact": _TEXT,
}
_VALID_PATHS: dict[Path, object] = {
    ("apiVersion",): API_VERSION,
    ("kind",): "DataContract",
    ("version",): "0.0.0",
    ("description",): {"purpose": _TEXT},
    ("description", "purpose"): _TEXT,
    ("team",): {"name": _TEXT, "members": [{"username": _TEXT, "role": "owner"}]},
    ("schema", 0, "dataGranularityDescription"): _TEXT,
}
_COLUMN_DEPTH = 4  # schema[0].properties[n]
_WORDS = re.compile(r"\w+")
_UNKNOWN_KEY = re.compile(r"unknown key '([^']+)'")


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with one contract.

    ``contract``: what remains without the invalid parts; None if nothing can be read. ``unchecked``: the
    rules and columns that were left out of it. ``altered``: those that are in it, but not as written.
    """

    contract: Contract | None
    errors: tuple[ContractError, ...] = ()
    unchecked: frozenset[str] = frozenset()
    altered: frozenset[str] = frozenset()


def diagnose_contract(text: str, zone: Zone, file: str, defaults: Defaults | None = None) -> Diagnosis:
    """Return all errors of a contract, where ``parse_contract`` raises the first.

    An error that only follows from another one is not among them: that of a rule on a column whose type is
    invalid, for example. Of one rule or one column, errors that exclude each other are found one by one.
    """
    try:
        raw = parse_mapping(text, file)
    except ContractError as error:
        return Diagnosis(None, (error,))
    repair = _Repair(raw, file)
    contract = None
    while contract is None:
        try:
            repair.take_all(validate_document(repair.document(), file)[1])
            checksum = hashlib.sha256(text.encode()).hexdigest()
            contract = read_contract(repair.document(), zone, file, checksum, defaults)
        except ContractError as error:
            if error.file != file:  # of the zone's defaults
                return Diagnosis(None, (*repair.errors, error))
            if not repair.take_all([error]):
                break
    altered = frozenset(repair.altered - repair.left_out)
    return Diagnosis(contract, tuple(repair.errors), frozenset(repair.left_out), altered)


class _Repair:
    """A contract's YAML value, from which invalid parts are removed or replaced."""

    def __init__(self, raw: dict[str, object], file: str) -> None:
        self.errors: list[ContractError] = []
        self.left_out: set[str] = set()
        self.altered: set[str] = set()
        self._raw = copy.deepcopy(raw)
        self._file = file
        self._touched: set[Path] = set()

    def document(self) -> dict[str, object]:
        """Return the value as it is now."""
        compact = _compacted(self._raw)
        assert isinstance(compact, dict)  # as the raw value is one
        return compact

    def take_all(self, errors: Sequence[ContractError]) -> bool:
        """Repair the places of errors in the document, and keep those that do not follow from another one.

        Returns:
            Whether the value was changed.
        """
        located = [(error, self._place(error)) for error in errors]  # before any number changes
        is_changed = True
        for error, path in located:
            is_changed &= self._take(error, path)
        return is_changed

    def _place(self, error: ContractError) -> Path:
        path = self._original(split_path(error.path))
        unknown = _UNKNOWN_KEY.match(error.what)
        return (*path, unknown[1]) if unknown else path

    def _take(self, error: ContractError, path: Path) -> bool:
        if not self._is_touched(path) and not self._follows(path):
            location = YamlLocation(self._file).at(*path).of_rule(error.rule or self._rule_at(path))
            self.errors.append(location.error(error.what, next_step=error.next_step))
        return self._repair(path)

    def _repair(self, path: Path) -> bool:
        is_new = path not in self._touched
        self._touched.add(path)
        self.altered |= set(filter(None, (self._rule_at(path), self._column_at(path))))
        rule_depth = _depth_of(path, "quality")
        if is_new and path in _VALID_PATHS:
            return self._set(path, _VALID_PATHS[path])
        if path[:1] == ("team",):
            return path != ("team",) and self._repair(("team",))
        if rule_depth is not None:
            if is_new and len(path) > rule_depth and path[-1] in _VALID_KEYS:
                return self._set(path, self._valid_value(path))
            if is_new and len(path) == rule_depth + 1 and path[-1] != "name" and self._has(path):
                is_kept = path[-1] not in ("implementation", "type", "engine", "metric")
                return self._remove(path if is_kept else path[:rule_depth])
            return self._remove(path[:rule_depth])
        if path[:3] == ("schema", 0, "properties"):
            return self._repair_columns(path, is_new=is_new)
        source_depth = _depth_of(path, "value")
        if is_new and self._has(path):
            return self._remove(path)
        if source_depth is not None and path[:source_depth] != path:
            return self._remove(path[:source_depth])
        return self._remove(path[:-1]) if len(path) > 1 else False

    def _valid_value(self, path: Path) -> object:
        """Return a valid value for a key of a rule; a severity fits the rows that the rule is about."""
        is_warning = path[-1] == "severity" and Domain.VALID_ROWS in str(self._at(path[:-1]))
        return "warning" if is_warning else _VALID_KEYS[str(path[-1])]

    def _repair_columns(self, path: Path, *, is_new: bool) -> bool:
        if len(path) < _COLUMN_DEPTH:
            return is_new and self._repair_key()
        column = path[:_COLUMN_DEPTH]
        if is_new and len(path) > _COLUMN_DEPTH and self._has(path) and path[-1] in _VALID_KEYS:
            return self._set(path, _VALID_KEYS[str(path[-1])])
        if is_new and len(path) > _COLUMN_DEPTH and path[-1] != "name" and self._has(path):
            return self._remove(path)
        found = self._at(column)
        if not isinstance(found, dict):
            return False
        self._leave_out_column(found)
        key = {name: found[name] for name in ("primaryKey", "primaryKeyPosition") if name in found}
        if key.get("primaryKey") and "primaryKeyPosition" not in key:
            key["primaryKeyPosition"] = 1
        text = {"description": _TEXT, "logicalType": "string", "physicalType": "string"}
        derived = [{"property": "derived", "value": True}] if "derived" in str(found) else []
        placeholder = {"name": found.get("name"), **text, **key, "customProperties": derived}
        is_hopeless = path[-1] == "name" or found == placeholder
        return self._remove(column) if is_hopeless else self._set(column, placeholder)

    def _repair_key(self) -> bool:
        """Make the first column the key, and remove columns whose name another one has."""
        names: set[object] = set()
        columns = self._at(("schema", 0, "properties"))
        for number, column in enumerate(columns if isinstance(columns, list) else ()):
            if not isinstance(column, dict):
                continue
            column.pop("primaryKey", None)
            column.pop("primaryKeyPosition", None)
            if column.get("name") in names:
                self._remove(("schema", 0, "properties", number))
            elif not names:
                column |= {"primaryKey": True, "primaryKeyPosition": 1}
            names.add(column.get("name"))
        return bool(names)

    def _leave_out_column(self, column: dict[str, object]) -> None:
        self.left_out.add(str(column.get("name")))
        quality = column.get("quality")
        for rule in quality if isinstance(quality, list) else ():
            if isinstance(rule, dict):
                self.left_out.add(str(rule.get("name")))

    def _follows(self, path: Path) -> bool:
        """Whether an error there is about a column that was left out."""
        depth = _depth_of(path, "quality") or _depth_of(path, "customProperties")
        if depth is None or not self.left_out:
            return False
        return bool(self.left_out & set(_WORDS.findall(str(self._at(path[:depth])))))

    def _is_touched(self, path: Path) -> bool:
        return any(path[: len(touched)] == touched for touched in self._touched if touched)

    def _rule_at(self, path: Path) -> str | None:
        depth = _depth_of(path, "quality")
        entry = None if depth is None else self._at(path[:depth])
        name = entry.get("name") if isinstance(entry, dict) else None
        return name if isinstance(name, str) else None

    def _column_at(self, path: Path) -> str | None:
        found = self._at(path[:_COLUMN_DEPTH]) if path[2:3] == ("properties",) else None
        name = found.get("name") if isinstance(found, dict) else None
        return name if isinstance(name, str) else None

    def _original(self, steps: Path) -> Path:
        """Return a path of the document as one of the original value, with named elements numbered."""
        path: list[str | int] = []
        node: object = self._raw
        for step in steps:
            for place in self._places_of(node, step):
                path.append(place)
                node = _member(node, place)
        return tuple(path)

    def _places_of(self, node: object, step: str | int) -> Path:
        """Return the steps in the original value that stand for one of the document's path."""
        if isinstance(step, int):
            numbers = _kept_numbers(node)
            return (numbers[step],) if step < len(numbers) else (step,)
        if isinstance(node, list) and (number := _number_of(node, step)) is not None:
            return (number, "value")
        if isinstance(node, dict) and step not in node:
            number = _number_of(node.get("customProperties"), step)
            return (step,) if number is None else ("customProperties", number, "value")
        return (step,)

    def _at(self, path: Path) -> object:
        node: object = self._raw
        for step in path:
            node = _member(node, step)
        return node

    def _has(self, path: Path) -> bool:
        return self._at(path) is not None

    def _set(self, path: Path, value: object) -> bool:
        parent, step = self._at(path[:-1]), path[-1]
        if isinstance(parent, list) and isinstance(step, int):
            parent[step] = copy.deepcopy(value)
            return True
        if isinstance(parent, dict):
            parent[step] = copy.deepcopy(value)
            return True
        return len(path) > 1 and self._repair(path[:-1])

    def _remove(self, path: Path) -> bool:
        self._touched.add(path)
        parent = self._at(path[:-1])
        if _depth_of(path, "quality") == len(path):
            self.left_out.add(str(self._rule_at(path)))
        if isinstance(parent, list) and isinstance(path[-1], int) and path[-1] < len(parent):
            is_change = parent[path[-1]] is not _REMOVED
            parent[path[-1]] = _REMOVED
            return is_change
        return isinstance(parent, dict) and parent.pop(path[-1], _REMOVED) is not _REMOVED


def _depth_of(path: Path, key: str) -> int | None:
    """Return the length of the path up to the list element after the last ``key``; None without one."""
    for number in range(len(path) - 2, -1, -1):
        if path[number] == key and isinstance(path[number + 1], int):
            return number + 2
    return None


def _member(node: object, step: str | int) -> object:
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and step < len(node):
        return None if node[step] is _REMOVED else node[step]
    return None


def _kept_numbers(node: object) -> list[int]:
    if not isinstance(node, list):
        return []
    return [number for number, element in enumerate(node) if element is not _REMOVED]


def _number_of(elements: object, name: str) -> int | None:
    """Return the number of the list element of a name."""
    for number, element in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(element, dict) and name in (element.get("property"), element.get("name")):
            return number
    return None


def _compacted(node: object) -> object:
    """Return a copy without the removed elements."""
    if isinstance(node, dict):
        return {key: _compacted(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_compacted(element) for element in node if element is not _REMOVED]
    return node
