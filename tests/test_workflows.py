"""The workflow of GitHub Actions and the hooks of pre-commit: valid, with commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.test_papers import parse_lakegate

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def documents() -> dict[str, Any]:
    paths = [*WORKFLOWS, ROOT / ".pre-commit-config.yaml", ROOT / ".pre-commit-hooks.yaml"]
    return {path.name: yaml.safe_load(path.read_text("utf-8")) for path in paths}


def commands(value: object) -> list[str]:
    """Return the command lines of `run` steps and hooks' entries that call lakegate."""
    if isinstance(value, dict):
        own = [str(value[key]) for key in ("run", "entry") if key in value]
        lines = [line for text in own for line in text.splitlines() if "lakegate " in line]
        return [*lines, *(line for each in value.values() for line in commands(each))]
    return [line for each in value for line in commands(each)] if isinstance(value, list) else []


COMMANDS = commands(list(documents().values()))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_line_parses_what_a_workflow_or_hook_runs(command: str) -> None:
    words = re.sub(r"^.*?\blakegate ", "", command).replace('"', "").split()
    parse_lakegate(words)


def test_the_contracts_are_checked_before_a_commit_and_on_a_pull_request() -> None:
    assert len(COMMANDS) == 3


@pytest.mark.parametrize(
    ("command", "file"),
    [("validate-config", ".pre-commit-config.yaml"), ("validate-manifest", ".pre-commit-hooks.yaml")],
)
def test_pre_commit_accepts_its_files(command: str, file: str) -> None:
    subprocess.run([sys.executable, "-m", "pre_commit", command, file], cwd=ROOT, check=True)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_holds_no_expression_in_a_script(workflow: Path) -> None:
    """A branch's name is data: in a script, it would be code."""
    for job in documents()[workflow.name]["jobs"].values():
        assert [step["run"] for step in job["steps"] if "${{" in step.get("run", "")] == []
        for step in job["steps"]:
            assert ("run" in step) is not ("uses" in step)
