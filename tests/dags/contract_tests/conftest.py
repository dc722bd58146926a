"""Cases written by a test, loaded under the shipped contracts and policies."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from dags.contract_tests.load import load_cases
from dags.contract_tests.run import load_installation
from tests.dags.contract_checks.conftest import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from dags.contract_tests.evaluate import Installation
    from dags.contract_tests.model import Case


@pytest.fixture(scope="session")
def installation() -> Installation:
    """Return the shipped contracts and policies."""
    return load_installation(SHIPPED)


def write_cases(folder: Path, text: str, name: str = "cases.yaml") -> Path:
    """Write an indented text as a file of cases."""
    path = folder / name
    path.write_text(dedent(text), "utf-8")
    return path


def cases_of(installation: Installation, folder: Path, text: str) -> list[Case]:
    """Return the cases of a text, in a file that messages name ``cases.yaml``."""
    return list(load_cases(write_cases(folder, text), "cases.yaml", installation.contracts))
