"""HTTP server for the Data Docs, on 127.0.0.1, from any storage."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from checkpoints.storage.content_types import content_type
from checkpoints.storage.errors import StorageError
from dags.cli.console import print_json, say

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

_FORBIDDEN: Final = frozenset({"", ".", ".."})  # path segments that name no page, or lead out of the docs
_HEADERS: Final = {  # the pages themselves say what they may load
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def serve_docs(docs: Place, *, port: int, as_json: bool) -> int:
    """Print the address, and serve the pages until Ctrl-C."""
    server = docs_server(docs, port)
    address = f"http://127.0.0.1:{server.server_address[1]}/index.html"
    if as_json:
        print_json({"docs": address})
    else:
        say(f"{address}  (Ctrl-C to stop)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


def docs_server(docs: Place, port: int) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 for the files below a place.

    It answers GET and HEAD by one or two requests to the storage, however many runs there were, and 304 for
    what the browser already has. A request by another host name is refused: a page of that host would
    otherwise read the Data Docs through the visitor's browser (DNS rebinding).
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(with_content=True)

        def do_HEAD(self) -> None:
            self._answer(with_content=False)

        def _answer(self, *, with_content: bool) -> None:
            if self.headers.get("Host", "").partition(":")[0] not in ("127.0.0.1", "localhost"):
                self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
                return
            path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            if "\0" in path or not _FORBIDDEN.isdisjoint(path.split("/")):
                self.send_error(HTTPStatus.NOT_FOUND)
                return
            try:
                self._show(docs.child(path), self.headers.get("If-None-Match"), with_content=with_content)
            except StorageError as error:
                self.send_error(HTTPStatus.BAD_GATEWAY, explain=str(error))

        def _show(self, page: Place, known: str | None, *, with_content: bool) -> None:
            info = page.stat()
            if info is None:
                self.send_error(HTTPStatus.NOT_FOUND)
            elif known == _etag(info.version):
                self._send_head(HTTPStatus.NOT_MODIFIED, {"ETag": known})
            elif not with_content:
                self._send_page_head(page, info.version, info.size_bytes)
            elif found := page.storage.read_versioned(page.path):
                content, version = found
                self._send_page_head(page, version, len(content))
                self.wfile.write(content)
            else:
                self.send_error(HTTPStatus.NOT_FOUND)  # deleted just now

        def _send_page_head(self, page: Place, version: str, size_bytes: int) -> None:
            headers = {
                "Content-Type": content_type(page.path),
                "Content-Length": str(size_bytes),
                "ETag": _etag(version),
            }
            self._send_head(HTTPStatus.OK, headers)

        def _send_head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, **_HEADERS}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log no requests."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _etag(version: str) -> str:
    unquoted = version.strip('"')
    return f'"{unquoted}"'
