"""Fixtures of Data Docs' tests: an empty site, and one with a result, files and a contract on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkpoints.storage.place import Place
from tests.checkpoints.docs.given import facts, inventory_facts, pages_of, publish, refused
from tests.checkpoints.recording import RecordingStorage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def storage(tmp_path: Path) -> RecordingStorage:
    return RecordingStorage(tmp_path)


@pytest.fixture
def docs(storage: RecordingStorage) -> Place:
    return Place(storage)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """All files of a site by path: one run, whose files warned and whose rows were blocked."""
    docs = Place(RecordingStorage(tmp_path_factory.mktemp("docs")))
    publish(docs, inventory_facts(refused("cut.csv")))
    publish(docs, facts(duplicates=2))
    return pages_of(docs)
