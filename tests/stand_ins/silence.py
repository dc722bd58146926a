"""Endpoints that give no answer: one where nobody listens, one that takes a connection and says nothing.

They do not prove what a firewall does that drops packets: there, the connection itself is waited for.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.stand_ins.aws import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


def nobody() -> str:
    """Return an endpoint where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


@contextmanager
def silent() -> Iterator[str]:
    """Yield an endpoint that takes every connection and never answers."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):  # the server was closed
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in taken:
                connection.close()
