"""HTTP server for the Data Docs, on 127.0.0.1, from any storage."""

from __future__ import annotations

import mimetypes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from checkpoints.storage.errors import ObjectNotFoundError
from dags.cli.console import print_json, say

if TYPE_CHECKING:
    from checkpoints.storage.place import Place

# Each page restricts styles and script further, to its own by their checksums, which differ between the pages
# of this version and those that an earlier one made.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FORBIDDEN = frozenset({"", ".", ".."})  # path segments that name no page, or lead out of the docs


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
    """Return a server on 127.0.0.1 for the files below a place."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path).lstrip("/") or "index.html"
            if "\0" in path or not _FORBIDDEN.isdisjoint(path.split("/")) or docs.child(path).stat() is None:
                self.send_error(404)
                return
            try:
                content = docs.child(path).read_bytes()
            except ObjectNotFoundError:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", mimetypes.guess_type(path)[0] or "application/octet-stream")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", _POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Log no requests."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
