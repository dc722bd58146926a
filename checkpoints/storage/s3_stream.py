"""Seekable read stream over one S3 object."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from checkpoints.storage.errors import PreconditionFailedError
from checkpoints.storage.s3_errors import retry_transient, translate_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws import AwsClient

_BUFFER_BYTES = 1024 * 1024


def open_object(client: AwsClient, bucket: str, key: str, version: str | None) -> BinaryIO:
    """Open an object; every byte is read from the version that was current when it was opened.

    Raises ``ObjectNotFoundError``, or ``PreconditionFailedError`` if it is not of ``version`` or is replaced
    later.
    """
    return cast("BinaryIO", io.BufferedReader(_ObjectReader(client, bucket, key, version), _BUFFER_BYTES))


class _ObjectReader(io.RawIOBase):
    """Reads sequentially from one response; sends a new request after a seek or a broken connection."""

    def __init__(self, client: AwsClient, bucket: str, key: str, version: str | None) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._where = f"s3://{bucket}/{key}"
        self._position = 0
        self._body: Any = None  # botocore's StreamingBody, untyped
        response = retry_transient(self._get, {"IfMatch": version} if version else {})
        self._version = str(response["ETag"])
        self._size_bytes = int(response["ContentLength"])
        self._body = response["Body"]

    def _get(self, conditions: Mapping[str, str]) -> Mapping[str, Any]:
        try:
            with translate_errors("cannot read", self._where):
                response: Mapping[str, Any] = self._client.get_object(
                    Bucket=self._bucket, Key=self._key, **conditions
                )
        except PreconditionFailedError as error:
            expected = f"version {conditions['IfMatch']}"
            raise PreconditionFailedError("a file was changed", self._where, expected=expected) from error
        return response

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size_bytes}[whence]
        position = max(0, start + offset)
        if position != self._position:
            self._drop_body()
            self._position = position
        return position

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - memoryview or bytearray, as io passes it
        if self._position >= self._size_bytes:
            return 0
        data: bytes = retry_transient(self._read, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, count: int) -> bytes:
        if self._body is None:
            wanted = {"Range": f"bytes={self._position}-", "IfMatch": self._version}
            self._body = self._get(wanted)["Body"]
        try:
            with translate_errors("cannot read", self._where):
                return bytes(self._body.read(count))
        except BaseException:
            self._drop_body()
            raise

    def _drop_body(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        if not self.closed:
            self._drop_body()
        super().close()
