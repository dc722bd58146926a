"""Chromium, and the two sites that it opens: of a run of the pipeline, and of hostile literals."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

from checkpoints.storage.local import LocalStorage
from checkpoints.storage.place import Place
from dags.cli.serve import docs_server
from tests.checkpoints.docs.given import inventory_facts, publish, refused, run
from tests.checkpoints.docs.worst import long_text, worst_facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from tests.dags.lake_runs import LakeRuns

NAMES = ("chromium", "chromium-browser", "google-chrome")
# Nothing of the browser's own may reach for a network, and a container's root has no sandbox.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium that is installed, or that CHROMIUM names; without one, the tests fail."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("no Chromium: `apt-get install chromium`, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def shop(_messy_shop: LakeRuns) -> LakeRuns:
    """The messy shop after its run; not to be changed."""
    return _messy_shop


@pytest.fixture(scope="session")
def shop_docs(shop: LakeRuns) -> Path:
    return shop.root / "docs"


@pytest.fixture(scope="session")
def hostile_docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose every field holds markup, quotes, right-to-left marks and 1,000 characters."""
    root = tmp_path_factory.mktemp("hostile")
    docs = Place(LocalStorage(root))
    publish(docs, inventory_facts(refused(long_text(1), long_text(2), long_text(3))))
    for number in (1, 2, 3):
        publish(docs, worst_facts(run(number)), of=run(number))
    return root


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a site as `lakegate docs --serve` does; yield its address."""
    server = docs_server(Place(LocalStorage(folder)), 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
