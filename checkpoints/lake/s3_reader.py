"""A seekable stream over one S3 object, so that whoever reads a file need not know that it is none."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from botocore.exceptions import ClientError

from checkpoints.aws_trouble import code_of
from checkpoints.lake.errors import PreconditionFailed
from checkpoints.lake.s3_errors import CONFLICT_CODES, explained, retried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws_client import AwsClient

_BUFFER_BYTES = 1024 * 1024


def open_object(client: AwsClient, bucket: str, key: str, version: str | None) -> BinaryIO:
    """Open an object; all of it is read from the version that was there when it was opened.

    Raises ``ObjectNotFound``, or ``PreconditionFailed`` when it is not of ``version`` (now or later).
    """
    return cast("BinaryIO", io.BufferedReader(_ObjectReader(client, bucket, key, version), _BUFFER_BYTES))


class _ObjectReader(io.RawIOBase):
    """Reads in order from one response; a seek elsewhere, or a broken connection, asks again from there."""

    def __init__(self, client: AwsClient, bucket: str, key: str, version: str | None) -> None:
        super().__init__()
        self._client = client
        self._bucket = bucket
        self._key = key
        self._where = f"s3://{bucket}/{key}"
        self._position = 0
        self._body: Any = None  # botocore's StreamingBody, untyped
        response = retried(self._get, {"IfMatch": version} if version else {})
        self._version = str(response["ETag"])
        self._size_bytes = int(response["ContentLength"])
        self._body = response["Body"]

    def _get(self, conditions: Mapping[str, str]) -> Mapping[str, Any]:
        with explained("cannot read", self._where):
            try:
                response: Mapping[str, Any] = self._client.get_object(
                    Bucket=self._bucket, Key=self._key, **conditions
                )
            except ClientError as error:
                if code_of(error) in CONFLICT_CODES:
                    raise PreconditionFailed(
                        "a file was changed", self._where, expected=f"version {conditions['IfMatch']}"
                    ) from error
                raise
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

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - whatever io hands over: memoryview, bytearray
        if self._position >= self._size_bytes:
            return 0
        data: bytes = retried(self._read, len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, count: int) -> bytes:
        if self._body is None:
            wanted = {"Range": f"bytes={self._position}-", "IfMatch": self._version}
            self._body = self._get(wanted)["Body"]
        try:
            with explained("cannot read", self._where):
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
