"""The fingerprint of a transition: what changes it, what does not, and that no module is forgotten."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dags.pipeline
from dags.pipeline.fingerprint import BRONZE_TO_SILVER, INSPECTION, SILVER_TO_GOLD, fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT = Path(dags.pipeline.__file__).parents[2]
SAME = fingerprint("what", ["in 1", "in 2"], ["rule"], INSPECTION)
CODE = {
    "transforms/raw_to_bronze/inspect_file.py": INSPECTION,
    "dags/pipeline/bronze_to_silver.py": BRONZE_TO_SILVER,
    "dags/pipeline/silver_to_gold.py": SILVER_TO_GOLD,
}

# Imported by the code above, without an effect on rows: why each does not count.
EXCEPTIONS = {
    "checkpoints/aws.py": "makes AWS clients and translates their errors",
    "checkpoints/docs": "renders Data Docs from what was judged",
    "checkpoints/metrics": "publishes counts of what was judged",
    "dags/pipeline/contract_checks.py": "refuses contracts before anything is written",
    "dags/pipeline/fingerprint.py": "decides whether a transition is carried out, not what it writes",
    "dags/pipeline/publish.py": "publishes metrics and Data Docs",
    "dags/pipeline/report.py": "reports what was judged",
    "dags/spark/concurrency.py": "decides when jobs run, not what they compute",
    "transforms/suggest_source": "words the hint in a rejection's reason",
}


def test_the_same_gives_the_same() -> None:
    assert fingerprint("what", iter(["in 1", "in 2"]), ("rule",), INSPECTION) == SAME


@pytest.mark.parametrize(
    "other",
    [
        fingerprint("other", ["in 1", "in 2"], ["rule"], INSPECTION),
        fingerprint("what", ["in 1"], ["rule"], INSPECTION),
        fingerprint("what", ["in 2", "in 1"], ["rule"], INSPECTION),
        fingerprint("what", ["in 1in 2"], ["rule"], INSPECTION),
        fingerprint("what", ["in 1", "in 2", "rule"], [], INSPECTION),
        fingerprint("what", ["in 1", "in 2"], ["rules"], INSPECTION),
        fingerprint("what", ["in 1", "in 2"], ["rule"], SILVER_TO_GOLD),
    ],
)
def test_another_name_input_rule_order_or_code_gives_another(other: str) -> None:
    assert other != SAME


@pytest.mark.parametrize("code", CODE.values(), ids=CODE)
def test_all_code_that_counts_exists(code: tuple[str, ...]) -> None:
    assert [part for part in (*code, *EXCEPTIONS) if not (CHECKOUT / part).exists()] == []


@pytest.mark.parametrize(
    "part",
    [
        "dags/cli",
        "dags/tasks",
        "dags/deploy",
        "dags/sample",
        "dags/glue",
        "dags/orchestration",
        "dags/pipeline/run.py",
        "dags/pipeline/progress.py",
        "checkpoints/warehouse",
        *EXCEPTIONS,
    ],
)
def test_code_that_changes_no_row_does_not_count(part: str) -> None:
    files = [CHECKOUT / part] if part.endswith(".py") else (CHECKOUT / part).rglob("*.py")
    paths = [file.relative_to(CHECKOUT).as_posix() for file in files]
    assert [path for path in paths for code in CODE.values() if is_among(path, code)] == []


@pytest.mark.parametrize(("start", "code"), CODE.items(), ids=CODE)
def test_every_imported_module_counts_or_is_an_exception(start: str, code: tuple[str, ...]) -> None:
    seen, todo, forgotten = set[str](), [start], []
    while todo:
        path = todo.pop()
        if path in seen or is_among(path, tuple(EXCEPTIONS)):
            continue
        seen.add(path)
        if not is_among(path, code):
            forgotten.append(path)
        todo += imported(path)
    assert forgotten == []
    assert len(seen) >= 20


def is_among(path: str, parts: tuple[str, ...]) -> bool:
    return any(path == part or path.startswith(f"{part}/") for part in parts)


def imported(path: str) -> Iterator[str]:
    """Yield the modules of the repository that a module imports when it runs, also within functions."""
    todo: list[ast.AST] = [ast.parse((CHECKOUT / path).read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            todo += node.orelse
            continue
        todo += ast.iter_child_nodes(node)
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            module = f"{name.replace('.', '/')}.py"
            if (CHECKOUT / module).exists():
                yield module
