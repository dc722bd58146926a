"""The package: built by `make package` from a clean copy, installed in an empty environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

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
def package(sources: Path) -> Package:
    call("make", "package", f"UV={uv()}", cwd=sources)
    return read_package(sources / "dist")


@pytest.fixture(scope="module")
def python(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel and its pins, as in a Glue job, but without Spark."""
    folder = tmp_path_factory.mktemp("empty")
    call(uv(), "venv", "--quiet", "--python", sys.executable, folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    requirements = package.wheel.with_name("requirements-glue.txt")
    call(
        *(uv(), "pip", "install", "--quiet", "--python", python, "--requirements", requirements),
        *(package.wheel,),
        cwd=folder,
    )
    return python


def test_contracts_policies_and_pages_are_in_the_wheel_and_tests_are_not(package: Package) -> None:
    with zipfile.ZipFile(package.wheel) as wheel:
        names = set(wheel.namelist())
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for folder in SOURCES
        for path in (CHECKOUT / folder).rglob("*")
        if path.suffix in (".yaml", ".j2", ".css", ".js", ".html", ".properties", ".typed")
    }
    assert wanted
    assert wanted <= names
    assert not any(name.startswith("tests") for name in names)


def test_the_same_sources_make_the_same_wheel(package: Package, sources: Path) -> None:
    first = package.wheel.read_bytes()
    call("make", "package", f"UV={uv()}", cwd=sources)
    assert package.wheel.read_bytes() == first


@pytest.mark.slow
def test_every_pin_has_a_wheel_for_glues_python(package: Package, tmp_path: Path) -> None:
    assert all("==" in module for module in package.modules)
    assert not any(module.startswith(("pyspark", "apache-airflow")) for module in package.modules)
    call(
        *(uv(), "pip", "install", "--dry-run", "--target", tmp_path / "glue", "--only-binary", ":all:"),
        *("--python-version", "3.13", "--python-platform", "x86_64-manylinux_2_28"),
        *(package.wheel, *package.modules),
        cwd=tmp_path,
    )


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
    package: Package, python: Path, tmp_path: Path
) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    (spark,) = project["optional-dependencies"]["spark"]
    with_spark = f"lakegate[spark] @ {package.wheel.as_uri()}"
    result = call(uv(), "pip", "install", "--dry-run", "--python", python, with_spark, cwd=tmp_path)
    assert f"+ {spark}\n" in result
