"""The DAGs of the installed package, for a DAG file in a folder that is not `dags/orchestration/`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from airflow.sdk import DAG

import dags.orchestration


def installed_dags() -> dict[str, DAG]:
    """Import every DAG file of `dags/orchestration/`; return its DAGs by id."""
    package = dags.orchestration
    modules = [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    found = [one for module in modules for one in vars(module).values() if isinstance(one, DAG)]
    return {dag.dag_id: dag for dag in found}
