"""`lakegate docs`: location and server of the Data Docs."""

from __future__ import annotations

import contextlib
import http.client
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from checkpoints.lake.layout import open_lake
from dags.cli.serve import docs_server
from tests.dags.lake_runs import lakegate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

    from checkpoints.storage.place import Place
    from tests.dags.lake_runs import LakeRuns


@contextlib.contextmanager
def served(lake: LakeRuns) -> Iterator[int]:
    """Serve a lake's Data Docs from a thread; yield the port."""
    with served_from(lake.lake.docs) as port:
        yield port


@contextlib.contextmanager
def served_from(docs: Place) -> Iterator[int]:
    server = docs_server(docs, 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(port: int, path: str) -> tuple[int, str, bytes]:
    status, headers, content = send(port, "GET", path)
    return status, headers.get("Content-Type", ""), content


def send(port: int, method: str, path: str, **headers: str) -> tuple[int, Message, bytes]:
    """Request a path unchanged: other clients normalise dots."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            method, path, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


@pytest.fixture(params=["local", "s3"])
def docs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """An index page and a stylesheet in a folder, or in a closed bucket, beside what is no page."""
    with contextlib.ExitStack() as stack:
        root = str(tmp_path / "lake")
        if request.param == "s3":
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                request.getfixturevalue("monkeypatch").setenv(name, "testing")
            stack.enter_context(mock_aws())
            boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="lake")
            root = "s3://lake/shop"
        lake = open_lake(root)
        lake.docs.child("index.html").write_bytes(b"<p>docs</p>")
        lake.docs.child("assets/style.css").write_bytes(b"p {}")
        lake.root.child("secret.html").write_bytes(b"not for you")
        yield lake.docs


def test_a_page_has_its_type_and_is_checked_before_it_is_used_again(docs: Place) -> None:
    with served_from(docs) as port:
        status, headers, content = send(port, "GET", "/")
        assert (status, content) == (200, b"<p>docs</p>")
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-cache", "nosniff")
        assert get(port, "/assets/style.css") == (200, "text/css; charset=utf-8", b"p {}")

        assert send(port, "GET", "/", If_None_Match=headers["ETag"])[::2] == (304, b"")
        docs.child("index.html").write_bytes(b"<p>newer</p>")
        assert send(port, "GET", "/", If_None_Match=headers["ETag"])[::2] == (200, b"<p>newer</p>")


def test_a_head_request_is_answered_without_the_page(docs: Place) -> None:
    with served_from(docs) as port:
        status, headers, content = send(port, "HEAD", "/index.html")
        assert (status, headers["Content-Length"], content) == (200, "11", b"")
        assert headers["ETag"] == send(port, "GET", "/")[1]["ETag"]
        assert send(port, "HEAD", "/none.html")[0] == 404


def test_nothing_beside_the_docs_is_served_from_any_storage(docs: Place) -> None:
    with served_from(docs) as port:
        for path in (
            "/../secret.html",
            "/%2e%2e/secret.html",
            "/assets/../../secret.html",
            "/assets",
            "/assets/",
        ):
            assert get(port, path)[0] == 404, path


def test_a_request_by_another_host_name_is_refused(docs: Place) -> None:
    with served_from(docs) as port:
        assert send(port, "GET", "/", Host="evil.example")[0] == 421
        assert send(port, "GET", "/", Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("docs", ["s3"], indirect=True)
def test_a_storage_that_cannot_be_read_is_an_error_that_says_why(
    docs: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with served_from(open_lake("s3://lake/shop").docs) as port:
        status, _, content = send(port, "GET", "/")
    assert status == 502
    assert b"no AWS credentials" in content


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
            assert get(port, path) == (200, "text/html; charset=utf-8", page)


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
