"""A lake in an S3 bucket: conditional writes, server-side copies, encryption and checksum on every write."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from botocore.exceptions import ClientError

from checkpoints.aws_client import aws_client
from checkpoints.aws_trouble import code_of
from checkpoints.lake.errors import ObjectNotFound, PreconditionFailed, TerminalStorageError
from checkpoints.lake.guarded import open_guarded
from checkpoints.lake.s3_errors import CONFLICT_CODES, explained, retried
from checkpoints.lake.s3_reader import open_object
from checkpoints.lake.storage import ABSENT, Absent, ObjectInfo, S3Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from checkpoints.aws_client import AwsClient
    from checkpoints.lake.storage import Storage

_MEBIBYTE = 1024 * 1024
_SINGLE_COPY_BYTES = 5 * 1024 * _MEBIBYTE  # CopyObject takes no more
_COPY_PART_BYTES = 512 * _MEBIBYTE  # S3 allows 10,000 parts: 5 TB
_DELETED_AT_ONCE = 1000
_MOST_CONNECTIONS = 32
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class S3Storage:
    """Objects of one bucket below one prefix."""

    def __init__(
        self,
        client: AwsClient,
        bucket: str,
        prefix: str = "",
        *,
        kms_key_id: str | None = None,
        spark_scheme: str = "s3a",
        single_copy_bytes: int = _SINGLE_COPY_BYTES,
        copy_part_bytes: int = _COPY_PART_BYTES,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._spark_scheme = spark_scheme
        self._single_copy_bytes = single_copy_bytes
        self._copy_part_bytes = copy_part_bytes
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id}
            if kms_key_id
            else {"ServerSideEncryption": "AES256"}
        )
        self._on_write: Mapping[str, str] = {**encryption, "ChecksumAlgorithm": "SHA256"}

    @classmethod
    def connect(cls, bucket: str, prefix: str, settings: S3Settings) -> Self:
        """Make a client that retries with backoff, unless one is given. No request is sent yet."""
        client = settings.client
        if client is None:
            with explained("cannot reach S3", f"s3://{bucket}"):
                client = aws_client(
                    "s3",
                    region=settings.region,
                    endpoint_url=settings.endpoint_url,
                    connections=_MOST_CONNECTIONS,
                )
        return cls(client, bucket, prefix, kms_key_id=settings.kms_key_id, spark_scheme=settings.spark_scheme)

    def __repr__(self) -> str:
        return f"S3Storage({self.uri('')!r})"

    def __reduce__(self) -> tuple[Callable[..., S3Storage], tuple[object, ...]]:
        """Travel to another process as an address; boto3 finds the credentials there."""
        known = S3Settings(
            kms_key_id=self._on_write.get("SSEKMSKeyId"),
            region=self._client.meta.region_name,
            endpoint_url=self._client.meta.endpoint_url,
            spark_scheme=self._spark_scheme,
        )
        return _connected, (self._bucket, self._prefix.removesuffix("/"), known)

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every object below a folder, page by page."""
        for page in self._pages(folder, {}):
            for item in page.get("Contents", ()):
                path = item["Key"][len(self._prefix) :]
                if path != f"{folder}/":  # the folder's own marker
                    yield ObjectInfo(path, item["Size"], item["ETag"], item["LastModified"])

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder."""
        above = len(self._below(folder))
        for page in self._pages(folder, {"Delimiter": "/"}):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"][above:-1]

    def _pages(self, folder: str, options: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
        start: dict[str, object] = {}
        while True:
            page = retried(self._page, folder, {**options, **start})
            yield page
            if not page.get("IsTruncated"):
                return
            start = {"ContinuationToken": page["NextContinuationToken"]}

    def _page(self, folder: str, options: Mapping[str, object]) -> Mapping[str, Any]:
        with explained("cannot list", self.uri(folder)):
            page: Mapping[str, Any] = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._below(folder), **options
            )
            return page

    def stat(self, path: str) -> ObjectInfo | None:
        """Return one object's facts, or None when there is no such object."""
        try:
            head = self._send("head_object", "cannot read the facts of a file", path)
        except ObjectNotFound:
            return None
        return ObjectInfo(path, head["ContentLength"], head["ETag"], head["LastModified"])

    def open(self, path: str, *, version: str | None = None) -> BinaryIO:
        """Open an object for reading."""
        return open_object(self._client, self._bucket, self._key(path), version)

    def read_bytes(self, path: str) -> bytes:
        """Return an object's whole content."""
        with self.open(path) as stream:
            return stream.read()

    def read_versioned(self, path: str) -> tuple[bytes, str] | None:
        """Return a document and its ETag, both of one response."""
        try:
            return retried(self._read_versioned, path)
        except ObjectNotFound:
            return None

    def _read_versioned(self, path: str) -> tuple[bytes, str]:
        with explained("cannot read", self.uri(path)):
            response = self._client.get_object(Bucket=self._bucket, Key=self._key(path))
            return response["Body"].read(), response["ETag"]

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Put an object. If a conditional put's answer is lost, its retry fails though the put was done."""
        condition = {}
        if expected is ABSENT:
            condition = {"IfNoneMatch": "*"}
        elif isinstance(expected, str):
            condition = {"IfMatch": expected}
        try:
            response = self._send(
                "put_object", "cannot write", path, Body=data, **condition, **self._on_write
            )
        except (PreconditionFailed, ObjectNotFound) as error:
            if expected is None:
                raise
            found = self.stat(path)
            raise PreconditionFailed(
                "somebody else wrote it first",
                self.uri(path),
                expected="nothing there" if expected is ABSENT else f"version {expected}",
                found=f"version {found.version}" if found else "nothing there",
            ) from error
        return str(response["ETag"])

    def write_file(self, path: str, data: bytes) -> None:
        """Put an object."""
        self.write_bytes(path, data)

    def copy_from(
        self, source: Storage, source_path: str, path: str, *, source_version: str | None = None
    ) -> ObjectInfo:
        """Copy inside S3, in parts above 5 GiB; from elsewhere, upload."""
        if not isinstance(source, S3Storage):
            return self._upload(source, source_path, path, source_version)
        found = source.stat(source_path)
        if found is None:
            raise ObjectNotFound("cannot copy", source.uri(source_path), found="nothing there")
        if source_version is not None and found.version != source_version:
            raise _changed(source.uri(source_path), source_version, found.version)
        origin = {"Bucket": source._bucket, "Key": source._key(source_path)}
        if found.size_bytes > self._single_copy_bytes:
            return self._copy_in_parts(origin, found, path)
        try:
            # The source's tags need permissions of their own to be read, and say nothing here.
            response = self._send(
                "copy_object",
                "cannot write",
                path,
                CopySource=origin,
                CopySourceIfMatch=found.version,
                TaggingDirective="REPLACE",
                **self._on_write,
            )
        except PreconditionFailed as error:
            raise _changed(source.uri(source_path), found.version, None) from error
        result = response["CopyObjectResult"]
        return ObjectInfo(path, found.size_bytes, result["ETag"], result["LastModified"])

    def _copy_in_parts(self, origin: Mapping[str, str], found: ObjectInfo, path: str) -> ObjectInfo:
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(
            multipart_threshold=self._single_copy_bytes, multipart_chunksize=self._copy_part_bytes
        )
        condition = {"CopySourceIfMatch": found.version}
        with explained("cannot write", self.uri(path)):
            try:
                self._client.copy(
                    origin,
                    self._bucket,
                    self._key(path),
                    ExtraArgs={**condition, **self._on_write},
                    Config=parts,
                )
            except ClientError as error:
                if code_of(error) in CONFLICT_CODES:
                    raise _changed(f"s3://{origin['Bucket']}/{origin['Key']}", found.version, None) from error
                raise
        return self._written(path)

    def _upload(self, source: Storage, source_path: str, path: str, source_version: str | None) -> ObjectInfo:
        with (
            open_guarded(source, source_path, source_version) as stream,
            explained("cannot write", self.uri(path)),
        ):
            self._client.upload_fileobj(stream, self._bucket, self._key(path), ExtraArgs=dict(self._on_write))
        return self._written(path)

    def _written(self, path: str) -> ObjectInfo:
        written = self.stat(path)
        if written is None:
            raise ObjectNotFound("a file vanished after it was written", self.uri(path))
        return written

    def delete(self, path: str) -> None:
        """Delete an object."""
        self._send("delete_object", "cannot delete", path)

    def delete_folder(self, folder: str) -> None:
        """Delete everything below a folder, a thousand objects a request."""
        keys: list[str] = []
        for page in self._pages(folder, {}):
            for key in (item["Key"] for item in page.get("Contents", ())):
                if _NO_XML.search(key):  # the request for many is XML, which cannot name it
                    self.delete(key[len(self._prefix) :])
                else:
                    keys.append(key)
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            some = [{"Key": key} for key in keys[start : start + _DELETED_AT_ONCE]]
            retried(self._delete_many, folder, some)

    def _delete_many(self, folder: str, some: Sequence[Mapping[str, str]]) -> None:
        with explained("cannot delete", self.uri(folder)):
            response = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": some, "Quiet": True}
            )
        for failure in response.get("Errors", ()):
            raise TerminalStorageError(
                "cannot delete",
                f"s3://{self._bucket}/{failure['Key']}",
                found=failure.get("Code", "an error"),
            )

    def flush(self) -> None:
        """Do nothing: what S3 has acknowledged is durable."""

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Abort multipart uploads that nobody finished: they cost money and are in no listing."""
        with explained("cannot list unfinished uploads", self.uri(folder)):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=self._below(folder)
            )
            abandoned = [u for page in pages for u in page.get("Uploads", ()) if u["Initiated"] < before]
            for upload in abandoned:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        return len(abandoned)

    def ensure_readable(self) -> None:
        """Raise when the bucket is missing or closed to us."""
        retried(self._page, "", {"MaxKeys": 1})

    def uri(self, path: str) -> str:
        """Return ``s3://bucket/key``."""
        return f"s3://{self._bucket}/{self._key(path)}".rstrip("/")

    def spark_uri(self, path: str) -> str:
        """Return ``s3a://bucket/key``, the key as it is."""
        return f"{self._spark_scheme}://{self._bucket}/{self._key(path)}"

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}" if path else self._prefix.rstrip("/")

    def _below(self, folder: str) -> str:
        return f"{self._prefix}{folder}/" if folder else self._prefix

    def _send(self, operation: str, what: str, path: str, **request: object) -> Mapping[str, Any]:
        """Send one request about one object, again while the trouble is of the kind that passes."""

        def send() -> Mapping[str, Any]:
            with explained(what, self.uri(path)):
                try:
                    response: Mapping[str, Any] = getattr(self._client, operation)(
                        Bucket=self._bucket, Key=self._key(path), **request
                    )
                except ClientError as error:
                    if code_of(error) in CONFLICT_CODES:
                        raise PreconditionFailed("a precondition failed", self.uri(path)) from error
                    raise
            return response

        return retried(send)


@cache
def _connected(bucket: str, prefix: str, settings: S3Settings) -> S3Storage:
    """Return one storage for all that come to this process with the same address."""
    return S3Storage.connect(bucket, prefix, settings)


def _changed(where: str, expected: str, found: str | None) -> PreconditionFailed:
    return PreconditionFailed(
        "a file was changed while it was copied",
        where,
        expected=f"version {expected}",
        found=f"version {found}" if found else "",
    )
