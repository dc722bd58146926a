"""Arguments of Great Expectations expectations, checked without importing GX (which takes seconds).

GX ships a JSON schema of most of its expectations. Of the others, the names of the arguments are taken from
the source of the class.
"""

from __future__ import annotations

import ast
import copy
import json
from datetime import date
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any  # Any: JSON schemas

from contracts.argument_values import is_parameter
from contracts.expectation_catalog import MEASURED_EXPECTATIONS, measured_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

# Arguments of every expectation over rows, columns or a table, that a contract may set.
_COMMON = frozenset({"row_condition", "condition_parser"})
_ON_COLUMNS = ("column", "column_A", "column_B", "column_list")
# Parts of the schemas stricter than the classes, for which mostly 0.995, '' and mixed lists are valid.
_TOO_STRICT = ("multipleOf", "minLength", "minItems", "uniqueItems", "items")
_SHOWN = 60


def argument_problems(expectation: str, kwargs: Mapping[str, object]) -> Iterator[str]:
    """Yield what is wrong with the arguments of an expectation of GX or of lakegate; nothing for any other.

    Args:
        expectation: such as ``expect_column_values_to_be_between``.
        kwargs: as in a contract; a parameter stands for a number or an instant.
    """
    validator = _validator(expectation)
    if validator is not None:
        values = {name: _as_json(value) for name, value in kwargs.items() if not is_parameter(value)}
        missing = [name for name in validator.schema["required"] if name not in kwargs]
        yield from (f"the argument {name} is missing" for name in missing)
        for error in validator.iter_errors(values):
            if error.validator != "required" or error.path:
                yield from _sentences(error, validator.schema)
        return
    measured = _measured_names(expectation)
    yield from (f"the argument {name} is missing" for name in measured or () if name not in kwargs)
    known = _declared_names(expectation) if measured is None else measured
    if known is not None:
        for name in kwargs:
            if name not in known:
                yield _unknown(name, known)


def _measured_names(expectation: str) -> frozenset[str] | None:
    """Return the arguments of an expectation that judges a measure; None for any other."""
    return frozenset(measured_arguments(expectation)) if expectation in MEASURED_EXPECTATIONS else None


def _sentences(error: ValidationError, schema: Mapping[str, Any]) -> Iterator[str]:
    if not error.path:
        known = {name for name in schema["properties"] if name in _COMMON or not _is_set_by_gate(name)}
        unknown = [name for name in error.instance if name not in schema["properties"]]
        yield from (_unknown(name, known) for name in unknown)
        return
    name, found = error.path[0], error.instance
    allowed = _allowed(schema["properties"][name])
    shown = repr(found)
    shown = shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 3]}..."
    yield f"the argument {name} must be {allowed}, found {shown}"


def _allowed(schema: Mapping[str, Any]) -> str:
    """Return in words what a property's schema allows."""
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    choices = [choice for key in ("anyOf", "oneOf") for choice in schema.get(key, ())]
    if choices:
        named = [_allowed(choice) for choice in choices if choice.get("type") != "object"]
        return " or ".join(dict.fromkeys(named)) or "an object"
    words = {"array": "a list", "object": "an object", "string": "a text", "boolean": "true or false"}
    kind = str(schema.get("type", "a valid value"))
    if kind == "number" and "minimum" in schema and "maximum" in schema:
        return f"a number from {schema['minimum']:g} to {schema['maximum']:g}"
    if schema.get("format") in ("date", "date-time"):
        return "a time in ISO 8601"
    return words.get(kind, f"a {kind}" if " " not in kind else kind)


def _unknown(name: str, known: frozenset[str] | set[str]) -> str:
    allowed = f"known: {', '.join(sorted(known))}" if known else "it takes none"
    return f"unknown argument {name!r} ({allowed})"


def _is_set_by_gate(name: str) -> bool:
    from contracts.rule_arguments import RESERVED_ARGUMENTS

    return name in RESERVED_ARGUMENTS or name == "metadata"


def _as_json(value: object) -> object:
    """Return a YAML value as JSON would hold it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return [_as_json(each) for each in value]
    if isinstance(value, dict):
        return {str(key): _as_json(each) for key, each in value.items()}
    return value


@cache
def _core() -> Path:
    """Return the folder of GX's expectations."""
    found = find_spec("great_expectations")
    assert found is not None  # a dependency
    assert found.submodule_search_locations is not None  # a package
    return Path(found.submodule_search_locations[0]) / "expectations" / "core"


@cache
def _schema_files() -> Mapping[str, str]:
    """Return the file of each expectation that has a schema."""
    index = json.loads((_core() / "schemas" / "index.json").read_text("utf-8"))
    return {name: entry["schema_file"] for name, entry in index["expectations"].items()}


@cache
def _validator(expectation: str) -> Validator | None:
    file = _schema_files().get(expectation)
    if file is None:
        return None
    from jsonschema import Draft7Validator

    schema = json.loads((_core() / "schemas" / file).read_text("utf-8"))
    validator: Validator = Draft7Validator(_relaxed(schema))
    return validator


def _relaxed(schema: Any) -> Any:  # noqa: ANN401  JSON
    """Return a schema without what the classes do not insist on."""
    if isinstance(schema, list):
        return [_relaxed(each) for each in schema]
    if not isinstance(schema, dict):
        return copy.copy(schema)
    relaxed = {key: _relaxed(value) for key, value in schema.items() if key not in _TOO_STRICT}
    if "oneOf" in relaxed:  # a list of whole numbers is also one of numbers
        relaxed["anyOf"] = relaxed.pop("oneOf")
    return relaxed


@cache
def _declared_names(expectation: str) -> frozenset[str] | None:
    """Return the arguments that a class's source declares; None if GX has no such expectation."""
    path = _core() / f"{expectation}.py"
    if not path.is_file():
        return None
    names: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            for part in node.body:
                if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                    names.add(part.target.id)
                if isinstance(part, ast.Assign) and any(_is_keys(target) for target in part.targets):
                    names |= {str(value.value) for value in ast.walk(part) if isinstance(value, ast.Constant)}
    on = {name for name in _ON_COLUMNS if _applies_to(expectation, name)}
    return frozenset(names | on | _COMMON | {"mostly"})


def _is_keys(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id in ("success_keys", "args_keys")


def _applies_to(expectation: str, argument: str) -> bool:
    if expectation.startswith("expect_column_pair_"):
        return argument in ("column_A", "column_B")
    if expectation.startswith("expect_column_"):
        return argument == "column"
    return argument == "column_list"
