"""The package: built by `make` from a clean copy, installed in empty environments."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from textwrap import dedent

import pytest
from packaging.requirements import Requirement

import dags
from dags.deploy.package import Package, read_package
from dags.deploy.uploads import job_script

CHECKOUT = Path(dags.__file__).parent.parent
SOURCES = ("contracts", "quarantine_policies", "transforms", "checkpoints", "dags")
FILES = ("pyproject.toml", "uv.lock", "README.md", "LICENSE", "Makefile")
NOT_SOURCES = shutil.ignore_patterns("__pycache__")


def uv() -> str:
    """Path of uv: that of `make test`, or an installed one."""
    found = os.environ.get("UV") or shutil.which("uv") or str(CHECKOUT / ".tools" / "bin" / "uv")
    assert Path(found).exists()
    return found


def call(*command: str | Path, cwd: Path) -> str:
    """Run a command outside this virtual environment; return its output."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=kept,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        shutil.copytree(CHECKOUT / name, folder / name, ignore=NOT_SOURCES)
    for name in FILES:
        shutil.copy(CHECKOUT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path) -> Path:
    call("make", "wheel", f"UV={uv()}", cwd=sources)
    (found,) = (sources / "dist").glob("lakegate-*.whl")
    return found


@pytest.fixture(scope="module")
def package(sources: Path) -> Package:
    call("make", "package", f"UV={uv()}", cwd=sources)
    return read_package(sources / "dist")


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and the lock's pins, without Spark, Airflow and DuckDB."""
    folder = tmp_path_factory.mktemp("empty")
    call(uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    constraints = wheel.with_name("constraints.txt")
    call(
        *(uv(), "pip", "install", "--quiet", "--python", python, "--constraint", constraints),
        f"lakegate[redshift] @ {wheel.as_uri()}",
        cwd=folder,
    )
    return python


def test_contracts_policies_and_pages_are_in_the_wheel_and_tests_are_not(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in SOURCES
        for path in (CHECKOUT / folder).rglob("*")
        if path.suffix in (".yaml", ".j2", ".css", ".js", ".html", ".properties", ".typed")
    }
    assert wanted
    assert wanted <= names
    assert not any(name.startswith("tests") for name in names)


def test_the_same_sources_make_the_same_wheel_and_constraints(wheel: Path, sources: Path) -> None:
    files = (wheel, wheel.with_name("constraints.txt"))
    first = [path.read_bytes() for path in files]
    call("make", "wheel", f"UV={uv()}", cwd=sources)
    assert [path.read_bytes() for path in files] == first


def test_the_constraints_are_those_of_the_lock_in_the_form_that_pip_takes(wheel: Path) -> None:
    lines = wheel.with_name("constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines]
    lock = tomllib.loads((CHECKOUT / "uv.lock").read_text())
    locked = {one["name"]: one["version"] for one in lock["package"]}
    assert all(len(one.specifier) == 1 and not one.extras and one.url is None for one in pins)
    assert {"apache-airflow", "duckdb", "pyspark", "redshift-connector"} <= {one.name for one in pins}
    assert "lakegate" not in {one.name for one in pins}
    duckdb = next(one for one in pins if one.name == "duckdb")
    assert str(duckdb.specifier) == f"=={locked['duckdb']}"


@pytest.mark.slow
def test_the_wheels_for_glue_install_without_an_index(package: Package, tmp_path: Path) -> None:
    for zipped in (package.wheels, package.wheels_with_redshift):
        folder = tmp_path / zipped.name
        with zipfile.ZipFile(zipped) as archive:
            archive.extractall(folder)
        assert [path.name for path in folder.iterdir()] == ["wheels"]  # as Glue expects
        requirements = (folder / "wheels/requirements.txt").read_text().splitlines()
        assert len(list((folder / "wheels").glob("*.whl"))) == len(requirements)
        assert all("==" in line for line in requirements)
        names = {line.partition("==")[0] for line in requirements}
        assert not names & {"pyspark", "apache-airflow", "duckdb"}
        assert ("redshift-connector" in names) == (zipped == package.wheels_with_redshift)
        call(
            *(uv(), "pip", "install", "--dry-run", "--target", tmp_path / "glue", "--no-index"),
            *("--find-links", folder / "wheels", "--requirements", folder / "wheels/requirements.txt"),
            *("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_34"),
            cwd=tmp_path,
        )


@pytest.mark.slow
def test_the_same_wheels_make_the_same_zips(package: Package, sources: Path) -> None:
    zips = (package.wheels, package.wheels_with_redshift)
    first = [hashlib.sha256(path.read_bytes()).digest() for path in zips]
    call("make", "package", f"UV={uv()}", cwd=sources)
    assert [hashlib.sha256(path.read_bytes()).digest() for path in zips] == first


@pytest.mark.slow
def test_the_requirements_for_managed_airflow_fit_its_constraints(wheel: Path, tmp_path: Path) -> None:
    constraints = CHECKOUT / "tests/fixtures/managed_airflow/constraints-3.3.1-python-3.12.txt"
    paper = (CHECKOUT / "DEPLOYMENT.md").read_text()
    (block,) = re.findall(r"```text\n(\s+--constraint .*?)```", paper, re.DOTALL)
    block = dedent(block).replace("file:///usr/local/airflow/plugins", wheel.parent.as_uri())
    _, *requirements = block.splitlines()
    (tmp_path / "requirements.txt").write_text("\n".join(requirements))
    resolved = call(
        *(uv(), "pip", "compile", "--no-annotate", "--no-header", "--constraint", constraints),
        *("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_34", "requirements.txt"),
        cwd=tmp_path,
    ).splitlines()
    assert {"apache-airflow==3.3.1", "apache-airflow-providers-amazon==9.34.0"} <= set(resolved)
    assert f"lakegate @ {wheel.as_uri()}" in resolved


@pytest.mark.slow
def test_the_installed_wheel_finds_its_contracts_and_policies(python: Path, tmp_path: Path) -> None:
    result = call(
        python,
        "-c",
        "from contracts.loader import load_contracts\n"
        "from quarantine_policies.reader import check_policies, load_policies\n"
        "from importlib.util import find_spec\n"
        "import dags.glue.main\n"
        "contracts = load_contracts()\n"
        "check_policies(load_policies(), contracts)\n"
        "print(len(contracts.all), find_spec('pyspark'), find_spec('airflow'), dags.__file__)",
        cwd=tmp_path,
    )
    assert result.split()[:3] == ["15", "None", "None"]
    assert result.split()[3].startswith(str(python.parent.parent))


@pytest.mark.slow
def test_the_entry_script_ingests_raw_without_spark(python: Path, tmp_path: Path) -> None:
    raw = tmp_path / "lake" / "raw" / "events"
    raw.mkdir(parents=True)
    (raw / "a.csv").write_text("event_id,user_id,ts\ne1,u1,2024-05-01\n")
    shutil.copy(job_script(), tmp_path / "lakegate_job.py")
    call(
        *(python, "lakegate_job.py", "--transition", "raw_to_bronze", "--lake", tmp_path / "lake"),
        *("--run_id", "r1", "--JOB_NAME", "lakegate-raw_to_bronze", "--enable-metrics", "true"),
        cwd=tmp_path,
    )
    assert (tmp_path / "lake" / "bronze" / "events" / "a.csv").exists()
    assert call(python.with_name("lakegate"), "status", "--lake", tmp_path / "lake", "--json", cwd=tmp_path)


@pytest.mark.slow
def test_the_spark_extra_brings_the_spark_that_the_project_is_tested_with(
    wheel: Path, python: Path, tmp_path: Path
) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (spark,) = project["optional-dependencies"]["spark"]
    with_spark = f"lakegate[spark] @ {wheel.as_uri()}"
    result = call(uv(), "pip", "install", "--dry-run", "--python", python, with_spark, cwd=tmp_path)
    assert f"+ {spark}\n" in result
