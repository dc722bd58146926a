"""Redshift's wire protocol on loopback, for redshift-connector, in front of the stand-in's database.

PostgreSQL's extended query protocol with MD5 passwords, as far as the driver needs it: Parse, Bind, Describe,
Execute, Sync, Close; values as text or, for numbers, in the binary format that the driver requests.

Not covered: TLS, which is declined; Redshift's own start-up messages and newer binary formats; cursors and
partial fetches; the simple query protocol, which the driver does not use.
"""

from __future__ import annotations

import hashlib
import os
import socketserver
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from tests.stand_ins.redshift.errors import RedshiftServerError, UnsupportedSqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stand_ins.redshift.database import RedshiftDatabase, Session

_SSL_REQUEST, _PROTOCOL = 80877103, 196608
_OIDS = {
    "VARCHAR": (1043, "text"),
    "BIGINT": (20, "!q"),
    "INTEGER": (23, "!i"),
    "HUGEINT": (1700, "s"),
    "BOOLEAN": (16, "!?"),
    "DOUBLE": (701, "!d"),
    "DATE": (1082, "s"),
}


@dataclass
class _Prepared:
    sql: str
    columns: tuple[tuple[str, str], ...] | None


@dataclass
class WireServer:
    """The endpoint; logins are checked against the database's users."""

    database: RedshiftDatabase
    logins: list[str] = field(default_factory=list)
    break_at: str | None = None  # text of a statement at which the connection is closed, once

    def __enter__(self) -> WireServer:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True  # else every response is delayed by 40 ms
            wbufsize = -1

            def handle(self) -> None:
                with suppress(ConnectionError, EOFError):
                    _ClientConnection(outer, self.rfile, self.wfile).run()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port on loopback."""
        return int(self._server.server_address[1])


class _ClientConnection:
    """One client's connection."""

    def __init__(self, server: WireServer, reader: BinaryIO, writer: BinaryIO) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._prepared: dict[bytes, _Prepared] = {}
        self._bound: tuple[_Prepared, dict[str, str | None], tuple[int, ...]] | None = None
        self._is_skipping = False  # after an error, until Sync
        self._user = ""

    def run(self) -> None:
        if not self._start():
            return
        self._session = self._server.database.session(user=self._user)
        try:
            self._ready()
            handlers: dict[bytes, Callable[[bytes], None]] = {
                b"P": self._parse,
                b"D": self._describe,
                b"B": self._bind,
                b"E": self._execute,
                b"C": lambda _: self._send(b"3"),
                b"H": lambda _: self._writer.flush(),
            }
            while (kind := self._read(1)) != b"X":
                body = self._read(struct.unpack("!i", self._read(4))[0] - 4)
                if kind == b"S":
                    self._is_skipping = False
                    self._ready()
                elif not self._is_skipping:
                    try:
                        if kind not in handlers:
                            raise UnsupportedSqlError(f"the message {kind!r}")
                        handlers[kind](body)
                    except RedshiftServerError as error:
                        self._send_error(error)
                        self._is_skipping = True
        finally:
            self._session.close()

    def _start(self) -> bool:
        """Handle TLS request and login; unknown start-up keys are ignored."""
        size, code = struct.unpack("!ii", self._read(8))
        if code == _SSL_REQUEST:
            self._writer.write(b"N")
            self._writer.flush()
            size, code = struct.unpack("!ii", self._read(8))
        if code != _PROTOCOL:
            raise EOFError
        words = self._read(size - 8).split(b"\0")
        given = dict(zip(words[::2], words[1::2], strict=False))
        user = given[b"user"].decode()
        salt = os.urandom(4)
        self._send(b"R", struct.pack("!i", 5) + salt)
        self._writer.flush()
        self._read(1)
        answer = self._read(struct.unpack("!i", self._read(4))[0] - 4).rstrip(b"\0")
        password = self._server.database.users.get(user)
        if password is None or answer != _md5(user, password, salt):
            self._send_error(
                RedshiftServerError(f'password authentication failed for user "{user}"', "28000")
            )
            self._writer.flush()
            return False
        if given[b"database"].decode() != self._server.database.name:
            self._send_error(
                RedshiftServerError(f'database "{given[b"database"].decode()}" does not exist', "3D000")
            )
            self._writer.flush()
            return False
        self._server.logins.append(user)
        self._user = user
        self._send(b"R", struct.pack("!i", 0))
        for name, value in ((b"server_version", b"8.0.2"), (b"client_encoding", b"UTF8")):
            self._send(b"S", name + b"\0" + value + b"\0")
        self._send(b"K", struct.pack("!ii", 1, 1))
        return True

    def _parse(self, body: bytes) -> None:
        name, sql, _ = body.split(b"\0", 2)
        text = sql.decode()
        if self._server.break_at and self._server.break_at in text:
            self._server.break_at = None
            raise ConnectionError
        session: Session = self._session
        is_plain = text.lstrip()[:4].upper() == "COPY" or session.has_failed
        self._prepared[name] = _Prepared(text, None if is_plain else session.describe(text))
        self._send(b"1")

    def _describe(self, body: bytes) -> None:
        columns = self._prepared[body[1:].rstrip(b"\0")].columns
        self._send(b"t", struct.pack("!h", 0))
        if columns is None:
            self._send(b"n")
            return
        parts = [struct.pack("!h", len(columns))]
        for label, kind in columns:
            parts.append(label.encode() + b"\0" + struct.pack("!ihihih", 0, 0, _oid(kind)[0], -1, -1, 0))
        self._send(b"T", b"".join(parts))

    def _bind(self, body: bytes) -> None:
        _, name, rest = body.split(b"\0", 2)
        formats, rest = _shorts(rest)
        (count,), rest = struct.unpack("!h", rest[:2]), rest[2:]
        values: dict[str, str | None] = {}
        for number in range(1, count + 1):
            (size,), rest = struct.unpack("!i", rest[:4]), rest[4:]
            if size >= 0 and any(formats):
                raise UnsupportedSqlError("a parameter in binary form")
            values[str(number)] = None if size < 0 else rest[:size].decode()
            rest = rest[max(size, 0) :]
        self._bound = (self._prepared[name], values, _shorts(rest)[0])
        self._send(b"2")

    def _execute(self, _: bytes) -> None:
        assert self._bound is not None
        prepared, values, formats = self._bound
        result = self._session.execute(prepared.sql, values)
        for row in result.rows:
            parts = [struct.pack("!h", len(row))]
            for value, (_, kind), form in zip(row, prepared.columns or (), formats, strict=True):
                parts.append(_encoded(value, kind, form))
            self._send(b"D", b"".join(parts))
        is_counted = result.tag in ("SELECT", "INSERT", "UPDATE", "DELETE", "COPY")
        oid = " 0" if result.tag == "INSERT" else ""
        tag = f"{result.tag}{oid} {result.touched}" if is_counted else result.tag
        self._send(b"C", tag.encode() + b"\0")

    def _ready(self) -> None:
        state = b"E" if self._session.has_failed else b"T" if self._session.is_in_transaction else b"I"
        self._send(b"Z", state)
        self._writer.flush()

    def _send_error(self, error: RedshiftServerError) -> None:
        fields = (b"SERROR", b"C" + error.sqlstate.encode(), b"M" + error.message.encode())
        self._send(b"E", b"\0".join(fields) + b"\0\0")

    def _send(self, kind: bytes, body: bytes = b"") -> None:
        self._writer.write(kind + struct.pack("!i", len(body) + 4) + body)

    def _read(self, size: int) -> bytes:
        data = self._reader.read(size)
        if len(data) < size:
            raise EOFError
        return data


def _md5(user: str, password: str, salt: bytes) -> bytes:
    inner = hashlib.md5((password + user).encode()).hexdigest().encode()
    return b"md5" + hashlib.md5(inner + salt).hexdigest().encode()


def _shorts(data: bytes) -> tuple[tuple[int, ...], bytes]:
    (count,) = struct.unpack("!h", data[:2])
    end = 2 + 2 * count
    return struct.unpack(f"!{count}h", data[2:end]), data[end:]


def _oid(kind: str) -> tuple[int, str]:
    if kind.startswith("DECIMAL"):
        return 1700, "s"
    if kind not in _OIDS:
        raise UnsupportedSqlError(f"a result of type {kind}")
    return _OIDS[kind]


def _encoded(value: object, kind: str, form: int) -> bytes:
    if value is None:
        return struct.pack("!i", -1)
    layout = _oid(kind)[1]
    if form == 1 and layout != "text":
        if layout == "s":
            raise UnsupportedSqlError(f"a binary {kind}")
        data = struct.pack(layout, value)
    else:
        data = str(value).encode()
    return struct.pack("!i", len(data)) + data
