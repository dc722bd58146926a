"""Every module of the packages can be imported, with the releases that are installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("contracts", "quarantine_policies", "transforms", "checkpoints", "dags")

# Runs in a new process: Airflow reads its settings at import.
IMPORT = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    for found in pkgutil.walk_packages([package], f"{package}."):
        importlib.import_module(found.name)
        print(found.name)
"""


@pytest.mark.slow
def test_every_module_can_be_imported(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", IMPORT, *PACKAGES],
        env={**os.environ, "AIRFLOW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert process.returncode == 0, process.stderr
    imported = set(process.stdout.split())
    sources = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    modules = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in sources}
    assert {name for name in modules - imported if not name.endswith(".__init__")} == set()
