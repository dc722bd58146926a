"""All commands: exit statuses, one-sentence errors, one JSON document on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.dags.lake_runs import AS_OF, SECRETS, LakeRuns, lakegate

if TYPE_CHECKING:
    from pathlib import Path

LAKEGATE = (sys.executable, "-m", "dags.cli.main")
HEAVY = ("pyspark", "great_expectations", "airflow", "pandas", "duckdb", "boto3")
SLOW_FOR_A_LOOK = (*HEAVY, "rich", "pydantic_settings", "asyncio", "yaml", "numpy", "pyarrow")


def in_a_process(*arguments: object, timeout: int = 120) -> subprocess.CompletedProcess[str]:
    """Run `lakegate` as a process of its own."""
    command = [*LAKEGATE, *map(str, arguments)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LAKEGATE_")}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("--nonsense",),
        ("nonsense",),
        ("run", "--only", "raw_to_gold"),
        ("run", "--as-of", "yesterday"),
        ("run", "--run-id", " "),
        ("path",),
        ("rollback",),
        ("sample", "--size", "1MB"),
        ("sample", "--out", "{folder}/raw", "--size", "much"),
        ("sample", "--out", "{folder}/raw", "--size", "0MB"),
        ("quarantine", "--limit", "-1"),
        ("docs", "--port", "65536"),
        ("run", "--lake", "ftp://host/lake"),
        ("status", "--lake", "s3://"),
    ],
)
def test_wrong_usage_exits_with_2_and_without_a_traceback(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "raw").mkdir()
    given = [argument.replace("{folder}", str(tmp_path)) for argument in arguments]
    if "--lake" not in given and given[0] in ("run", "path", "rollback", "quarantine", "docs"):
        given += ["--lake", str(tmp_path)]
    result = lakegate(*given)
    assert result.status == 2
    assert result.out == ""
    assert result.err
    assert "Traceback" not in result.err


def test_without_a_command_the_help_is_shown() -> None:
    result = lakegate()
    for command in ("run", "demo", "sample", "status", "path", "quarantine", "rollback", "docs"):
        assert command in result.out + result.err


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("path", "silver/orders", "--json"), 2),
        (("rollback", "silver/users", "--json"), 1),
        (("run", "--as-of", "yesterday", "--json"), 2),
        (("quarantine", "--dataset", "orders", "--json"), 2),
        (("run", "--only", "raw_to_gold", "--json"), 2),
    ],
)
def test_an_error_is_one_json_document_too(
    messy_shop: LakeRuns, arguments: tuple[str, ...], status: int
) -> None:
    result = lakegate(*arguments, "--lake", messy_shop.root)
    assert result.status == status
    assert result.document["exit_status"] == status
    assert result.document["error"]
    assert result.err


@pytest.mark.parametrize("command", ["status", "quarantine", "docs", "run"])
def test_with_json_stdout_is_one_document_and_stderr_is_silent(messy_shop: LakeRuns, command: str) -> None:
    done = in_a_process(command, "--lake", messy_shop.root, "--json")
    assert done.returncode == 0
    assert isinstance(json.loads(done.stdout), dict)
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_an_error_in_a_process_of_its_own_is_one_line(messy_shop: LakeRuns) -> None:
    done = in_a_process("path", "gold/orders", "--lake", messy_shop.root)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("lakegate: no promoted version of gold/orders")
    assert done.stderr.count("\n") == 1


def test_debug_shows_where_an_error_comes_from(messy_shop: LakeRuns) -> None:
    done = in_a_process("path", "gold/orders", "--lake", messy_shop.root, "--debug")
    assert done.returncode != 0
    assert "Traceback" in done.stderr
    assert "UnknownNameError" in done.stderr


def test_an_unexpected_error_is_one_sentence(tmp_path: Path) -> None:
    # A name that no file system accepts: an OSError that lakegate does not handle.
    result = lakegate("status", "--lake", tmp_path / ("x" * 300))
    assert result.status == 1
    assert result.err.count("\n") == 1
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (("--help",), HEAVY),
        (("run", "--help"), HEAVY),
        (("status", "--lake", "{lake}"), SLOW_FOR_A_LOOK),
        (("path", "gold/dim_users", "--lake", "{lake}"), SLOW_FOR_A_LOOK),
    ],
)
def test_help_and_inspection_import_nothing_heavy(
    messy_shop: LakeRuns, arguments: tuple[str, ...], unwanted: tuple[str, ...]
) -> None:
    given = [argument.replace("{lake}", str(messy_shop.root)) for argument in arguments]
    program = (
        "import sys\n"
        f"sys.argv = ['lakegate', *{given!r}]\n"
        "from dags.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as exit:\n    assert not exit.code\n"
        f"print(sorted(set(sys.modules) & set({unwanted!r})), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr == "[]\n"


def test_the_lake_defaults_to_that_of_the_environment(
    messy_shop: LakeRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEGATE_LAKE", str(messy_shop.root))
    assert lakegate("path", "silver/events").out.strip() == str(messy_shop.folder("silver/events"))


def test_run_prints_its_report_as_text(messy_shop: LakeRuns) -> None:
    result = lakegate("run", "--lake", messy_shop.root, "--only", "gold_to_redshift", "--force")
    assert result.status == 0
    for text in ("gold_to_redshift  pass", "fact_transactions", "verdict pass", "Data Docs: "):
        assert text in result.out
    assert result.err == ""


@pytest.mark.slow
def test_a_cold_run_prints_one_document_and_no_personal_value(tmp_path: Path) -> None:
    lake = LakeRuns(tmp_path / "lake", None)  # type: ignore[arg-type]  # the process has a Spark of its own
    lake.drop_messy_shop()
    done = in_a_process("run", "--lake", lake.root, "--json", "--as-of", AS_OF, timeout=900)
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "warn"
    assert done.stdout.count("\n") == 1
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
