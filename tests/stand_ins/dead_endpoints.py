"""Endpoints without answers: one refuses connections, one accepts them and never responds.

Not covered: a firewall that drops packets, where connecting itself times out.
"""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.stand_ins.aws import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


def closed_endpoint() -> str:
    """Return an endpoint that refuses connections."""
    return f"http://127.0.0.1:{free_port()}"


@contextmanager
def silent_endpoint() -> Iterator[str]:
    """Yield an endpoint that accepts connections and never responds."""
    accepted: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):  # the server was closed
                while True:
                    accepted.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in accepted:
                connection.close()
