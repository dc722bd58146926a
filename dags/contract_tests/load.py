"""Loading of contract tests: YAML files of cases, checked against contracts and policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ValidationError

from contracts.loader import case_files, yaml_files
from contracts.odcs import parse_yaml
from contracts.system_columns import EXTRA
from contracts.yaml_lines import YamlLines
from dags.contract_tests.given import GivenFile
from dags.contract_tests.model import (
    Case,
    CaseEntry,
    CaseError,
    CaseFileEntry,
    CaseLocation,
    Expected,
    ExpectedAccounting,
    ExpectedQuarantine,
    ExpectedVerdicts,
)
from dags.contract_tests.typed_values import ValueTypeError, typed_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from contracts.loader import Contracts
    from contracts.model import Contract
    from dags.contract_tests.model import Clock, ExpectedRow

# The model of a mapping, by the key that leads to it.
_MODELS: Mapping[str, type[BaseModel]] = {
    "cases": CaseEntry,
    "given": GivenFile,
    "expect": Expected,
    "accounting": ExpectedAccounting,
    "quarantined": ExpectedQuarantine,
    "verdict": ExpectedVerdicts,
}


def find_case_files(paths: Sequence[Path], contracts_folder: Path) -> list[tuple[Path, str]]:
    """Return the files of cases, each with its name in messages.

    Args:
        paths: files and folders of cases; none: those below the contracts folder.
        contracts_folder: holds them in folders named ``cases``.

    Raises:
        CaseError: a path does not exist, or there is no file of cases.
    """
    found = (
        [] if paths else [(file, _relative(file, contracts_folder)) for file in case_files(contracts_folder)]
    )
    for path in paths:
        if not path.exists():
            raise CaseError("no such file or folder", where=str(path))
        found += [(file, str(file)) for file in (yaml_files(path) if path.is_dir() else [path])]
    if not found:
        raise CaseError(
            "there are no cases",
            where=", ".join(map(str, paths)) or str(contracts_folder),
            expected="YAML files, below the contracts in a folder named cases",
        )
    return found


def load_cases(path: Path, shown: str, contracts: Contracts) -> Iterator[Case]:
    """Yield the cases of a file.

    Args:
        path: of the file.
        shown: its name in messages.
        contracts: name the datasets and their columns.

    Raises:
        CaseError: the file is unreadable, or a case is invalid; names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = parse_yaml(text)
    except (OSError, UnicodeDecodeError) as error:
        raise CaseError(f"cannot read the file: {error}", where=shown) from error
    except yaml.YAMLError as error:
        raise CaseError(f"invalid YAML: {' '.join(str(error).split())}", where=shown) from error
    location = CaseLocation(shown, YamlLines(text))
    entry = _validated(value, location)
    datasets = {contract.name: contract for contract in contracts.datasets}
    if entry.dataset not in datasets:
        raise location.at("dataset").error(
            "unknown dataset", expected=f"one of {', '.join(datasets)}", found=repr(entry.dataset)
        )
    contract = datasets[entry.dataset]
    histories = {history.name: history for history in contracts.histories_of(contract.name)}
    names: dict[str, int] = {}
    for number, case in enumerate(entry.cases):
        at = _at_case(location.at("cases", number), case)
        if case.name in names:
            raise at.error(f"the name is that of the case in line {names[case.name]}", next_step="rename one")
        names[case.name] = at.line
        expected = at.at("expect")
        tables = {}
        if case.expect.silver is not None:
            tables[contract.name] = _typed_rows(case.expect.silver, contract, expected.at("silver"))
        for table, rows in (case.expect.histories or {}).items():
            of_table = expected.at("histories", table)
            if table not in histories:
                raise of_table.error(
                    f"{contract.name} has no history {table!r}",
                    expected=f"one of {', '.join(histories)}" if histories else "",
                )
            tables[table] = _typed_rows(rows, histories[table], of_table)
        yield Case(
            entry.dataset,
            case,
            _iso(entry.as_of if case.as_of is None else case.as_of),
            at,
            tables,
        )


def _relative(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _validated(value: object, location: CaseLocation) -> CaseFileEntry:
    try:
        return CaseFileEntry.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        path = first["loc"]
        at = location.at(*path)
        if path[:1] == ("cases",) and len(path) > 1 and isinstance(value, Mapping):
            named: Any = value["cases"][path[1]]
            if isinstance(named, Mapping):
                at = _at_case(at, named)
        if first["type"] == "extra_forbidden":
            model = next((_MODELS[str(s)] for s in reversed(path[:-1]) if s in _MODELS), CaseFileEntry)
            raise at.error(
                f"unknown key {path[-1]!r}", expected=f"one of {', '.join(model.model_fields)}"
            ) from error
        message = first["msg"].removeprefix("Value error, ")
        found = "" if first["type"] in ("missing", "value_error") else repr(first["input"])[:80]
        where = ".".join(str(step) for step in path[2:] or path)
        raise at.error(f"{where}: {message}" if where else message, found=found) from error


def _at_case(location: CaseLocation, case: CaseEntry | Mapping[str, object]) -> CaseLocation:
    name = case.name if isinstance(case, CaseEntry) else case.get("name", "")
    return CaseLocation(location.file, location.lines, location.path, str(name))


def _iso(clock: Clock) -> str:
    return clock if isinstance(clock, str) else clock.isoformat()


def _typed_rows(
    rows: Sequence[ExpectedRow], contract: Contract, location: CaseLocation
) -> tuple[ExpectedRow, ...]:
    """Return expected rows with values of the columns' types."""
    columns = {column.name: column for column in contract.silver_columns}
    typed = []
    for number, row in enumerate(rows):
        values = {}
        for name, value in row.items():
            at = location.at(number, name)
            if name not in columns:
                raise at.error(
                    f"{contract.name} has no column {name!r}", expected=f"one of {', '.join(columns)}"
                )
            try:
                values[name] = typed_value(value, columns[name].type, is_json=name == EXTRA)
            except ValueTypeError as error:
                raise at.error(f"{name} is {columns[name].type}: {error}", found=repr(value)) from error
        typed.append(values)
    return tuple(typed)
