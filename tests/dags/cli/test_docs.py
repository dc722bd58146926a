"""`lakegate docs`: location and server of the Data Docs."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from dags.cli.serve import docs_server
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dags.lake_runs import LakeRuns


@contextlib.contextmanager
def served(lake: LakeRuns) -> Iterator[int]:
    """Serve a lake's Data Docs from a thread; yield the port."""
    server = docs_server(lake.lake.docs, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    """Request a path unchanged: other clients normalise dots."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", ""), response.read()
    finally:
        connection.close()


def test_docs_prints_the_location_of_the_index(messy_shop: LakeRuns) -> None:
    first = messy_shop.root / "docs" / "index.html"
    assert lakegate("docs", "--lake", messy_shop.root).out == f"{first}\n"
    assert lakegate("docs", "--lake", messy_shop.root, "--json").document == {"docs": str(first)}
    assert first.is_file()


def test_docs_before_the_first_run_says_what_to_do(lake: LakeRuns) -> None:
    result = lakegate("docs", "--lake", lake.root)
    assert result.status == 2
    assert "no Data Docs yet" in result.err
    assert "lakegate run" in result.err


def test_the_server_shows_the_first_page_at_its_root(messy_shop: LakeRuns) -> None:
    page = (messy_shop.root / "docs" / "index.html").read_bytes()
    with served(messy_shop) as port:
        for path in ("/", "/index.html", "/index.html?from=mail"):
            assert get(port, path) == (200, "text/html", page)


def test_the_server_shows_every_page_below_docs(messy_shop: LakeRuns) -> None:
    docs = messy_shop.root / "docs"
    pages = list(docs.rglob("*.html"))
    assert len(pages) > 20
    with served(messy_shop) as port:
        for page in pages:
            status, _, content = get(port, f"/{page.relative_to(docs).as_posix()}")
            assert (status, content) == (200, page.read_bytes())


def test_the_server_shows_nothing_outside_of_docs(messy_shop: LakeRuns) -> None:
    (messy_shop.root / "secret.txt").write_text("not for you")
    with served(messy_shop) as port:
        for path in (
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/..%2fsecret.txt",
            "/contracts/../../secret.txt",
            "//etc/passwd",
            f"/{messy_shop.root}/secret.txt",
        ):
            status, _, content = get(port, path)
            assert status == 404, path
            assert b"not for you" not in content


def test_a_page_that_does_not_exist_is_not_found(messy_shop: LakeRuns) -> None:
    with served(messy_shop) as port:
        for path in ("/none.html", "/contracts", "/contracts/", "/./index.html", "/a//b", "/%00"):
            assert get(port, path)[0] == 404, path
        assert get(port, "/")[0] == 200


def test_serving_prints_the_address_and_ends_at_ctrl_c(messy_shop: LakeRuns) -> None:
    command = [sys.executable, "-m", "dags.cli.main", "docs", "--serve", "--lake", str(messy_shop.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline()
        assert address.startswith("http://127.0.0.1:")
        port = int(address.split(":")[2].split("/")[0])
        assert get(port, "/")[0] == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
