"""Job arguments: the run and every setting as `--name value`; unknown ones, such as Glue's, are ignored."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, get_origin

from contracts.errors import ConfigurationError
from dags.pipeline.run import TRANSITIONS
from dags.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no", "")
FOLDERS = ("contracts", "policies")  # settings that are folders; a job's may lie in a bucket


@dataclass(frozen=True, slots=True)
class JobArguments:
    """Parsed arguments of a job."""

    transition: str
    run_id: str | None
    as_of: str | None
    dataset: str | None  # the only one that raw_to_bronze takes in
    is_forced: bool
    is_alerting: bool  # whether the job sends the run's alert
    is_blocked_failed: bool  # whether a blocked run exits with 3; else with 0
    job_run_id: str | None
    region: str | None  # of AWS, where the environment names none
    settings: Mapping[str, object]  # by name
    folders: Mapping[str, str]  # URIs of contracts and policies, by setting
    ignored: tuple[str, ...]  # names of unknown arguments


def read_arguments(arguments: Sequence[str]) -> JobArguments:
    """Parse a job's command line.

    Every setting is an argument: `--lake`, `--raw_root`, `--warehouse`, …, also with `-` for `_`. An empty
    value means not given. Unknown arguments (`--JOB_NAME`, `--TempDir`, `--enable-metrics`, …) are ignored.

    Raises:
        ConfigurationError: the transition is missing or unknown, or a value is invalid.
    """
    parser = _Parser(allow_abbrev=False, add_help=False)
    parser.add_argument("--transition")
    parser.add_argument("--run_id", "--run-id")
    parser.add_argument("--as_of", "--as-of")
    parser.add_argument("--dataset")
    parser.add_argument("--force", nargs="?", const="true")
    parser.add_argument("--on_block", "--on-block")
    parser.add_argument("--alert")
    parser.add_argument("--JOB_RUN_ID", dest="job_run_id")
    parser.add_argument("--region")
    for name in Settings.model_fields:
        parser.add_argument(*{f"--{name}", f"--{name.replace('_', '-')}"}, dest=f"setting {name}")
    known, unknown = parser.parse_known_args([str(argument) for argument in arguments])
    given = {name: value for name, value in vars(known).items() if value not in (None, "")}
    fields = [name for name in Settings.model_fields if f"setting {name}" in given]
    settings = {name: given[f"setting {name}"] for name in fields}
    return JobArguments(
        transition=_one_of("--transition", given.get("transition", ""), TRANSITIONS),
        # A job that is started manually uses Glue's run id.
        run_id=given.get("run_id") or given.get("job_run_id"),
        as_of=given.get("as_of"),
        dataset=given.get("dataset"),
        is_forced=_one_of("--force", given.get("force", "").lower(), (*_TRUE, *_FALSE)) in _TRUE,
        is_alerting=_one_of("--alert", given.get("alert", "true").lower(), (*_TRUE, *_FALSE)) in _TRUE,
        is_blocked_failed=_one_of("--on_block", given.get("on_block", "fail"), ("fail", "succeed")) == "fail",
        job_run_id=given.get("job_run_id"),
        region=given.get("region"),
        settings={name: _value(name, text) for name, text in settings.items() if name not in FOLDERS},
        folders={name: text for name, text in settings.items() if name in FOLDERS},
        ignored=tuple(text.partition("=")[0] for text in unknown if text.startswith("--")),
    )


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        raise ConfigurationError("invalid job arguments", found=message)


def _one_of(name: str, value: str, expected: Sequence[str]) -> str:
    if value not in expected:
        raise ConfigurationError(
            "invalid argument" if value else "missing argument",
            where=name,
            expected=", ".join(text for text in expected if text),
            found=repr(value) if value else "",
        )
    return value


def _value(name: str, text: str) -> object:
    """Return a setting's value; mappings and lists are given as JSON."""
    kind = Settings.model_fields[name].annotation
    if get_origin(kind) not in (dict, list, tuple):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise ConfigurationError(
            "invalid JSON", where=f"--{name}", expected='as {"a": "b"}', found=repr(text)
        ) from error
