"""S3 storage: conditional writes, server-side copies; every write has a type, encryption and a checksum."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from checkpoints.aws import aws_client, configured_region
from checkpoints.storage.content_types import object_headers
from checkpoints.storage.errors import ObjectNotFoundError, PreconditionFailedError, TerminalStorageError
from checkpoints.storage.s3_errors import retry_transient, translate_errors
from checkpoints.storage.s3_stream import open_object
from checkpoints.storage.storage import ABSENT, Absent, ObjectInfo, S3Settings
from checkpoints.storage.versioned_stream import open_version_checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from checkpoints.aws import AwsClient
    from checkpoints.storage.storage import Storage

_MEBIBYTE = 1024 * 1024
_SINGLE_COPY_BYTES = 5 * 1024 * _MEBIBYTE  # the limit of CopyObject
_COPY_PART_BYTES = 512 * _MEBIBYTE  # S3 allows 10,000 parts: 5 TB
_KEYS_PER_DELETE = 1000  # the limit of DeleteObjects
_MOST_CONNECTIONS = 32
_DEFAULTS = S3Settings()
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class S3Storage:
    """Objects of one bucket below one prefix."""

    def __init__(
        self,
        client: AwsClient,
        bucket: str,
        prefix: str = "",
        settings: S3Settings = _DEFAULTS,
        *,
        single_copy_bytes: int = _SINGLE_COPY_BYTES,
        copy_part_bytes: int = _COPY_PART_BYTES,
    ) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._single_copy_bytes = single_copy_bytes
        self._copy_part_bytes = copy_part_bytes
        self._settings = settings
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key_id}
            if settings.kms_key_id
            else {"ServerSideEncryption": "AES256"}
        )
        self._write_options: Mapping[str, str] = {**encryption, "ChecksumAlgorithm": "SHA256"}

    @classmethod
    def connect(cls, bucket: str, prefix: str, settings: S3Settings) -> Self:
        """Return a storage with the client of the settings, or a new one. Sends no request."""
        client = settings.client
        if client is None:
            with translate_errors("cannot reach S3", f"s3://{bucket}"):
                client = aws_client(
                    "s3",
                    region=settings.region,
                    endpoint_url=settings.endpoint_url,
                    connections=_MOST_CONNECTIONS,
                )
        return cls(client, bucket, prefix, settings)

    def __repr__(self) -> str:
        return f"S3Storage({self.uri('')!r})"

    def __reduce__(self) -> tuple[Callable[..., S3Storage], tuple[object, ...]]:
        """Pickle bucket, prefix and settings; the other process makes its own client and credentials.

        Never what the client derived from the settings: an endpoint that is given counts as another S3 than
        Amazon's, which is addressed by path and whose redirects to another region are not followed. The
        region of this process is a setting as well: executors may have none in their environment.
        """
        region = self._settings.region or configured_region()
        settings = replace(self._settings, client=None, region=region)
        return _connected, (self._bucket, self._prefix.removesuffix("/"), settings)

    def list(self, folder: str) -> Iterator[ObjectInfo]:
        """Yield every object below a folder, page by page."""
        for page in self._pages(folder, {}):
            for item in page.get("Contents", ()):
                path = item["Key"][len(self._prefix) :]
                if path != f"{folder}/":  # the marker of the folder itself
                    yield ObjectInfo(path, item["Size"], item["ETag"], item["LastModified"])

    def list_folders(self, folder: str) -> Iterator[str]:
        """Yield the names of the folders directly in a folder."""
        prefix_length = len(self._below(folder))
        for page in self._pages(folder, {"Delimiter": "/"}):
            for item in page.get("CommonPrefixes", ()):
                yield item["Prefix"][prefix_length:-1]

    def _pages(self, folder: str, options: Mapping[str, object]) -> Iterator[Mapping[str, Any]]:
        continuation: dict[str, object] = {}
        while True:
            page = retry_transient(self._page, folder, {**options, **continuation})
            yield page
            if not page.get("IsTruncated"):
                return
            continuation = {"ContinuationToken": page["NextContinuationToken"]}

    def _page(self, folder: str, options: Mapping[str, object]) -> Mapping[str, Any]:
        with translate_errors("cannot list", self.uri(folder)):
            page: Mapping[str, Any] = self._client.list_objects_v2(
                Bucket=self._bucket, Prefix=self._below(folder), **options
            )
            return page

    def stat(self, path: str) -> ObjectInfo | None:
        """Return the metadata of an object, or None if it is missing."""
        try:
            head = self._send("head_object", "cannot read the metadata of a file", path)
        except ObjectNotFoundError:
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
        """Return a document and its ETag, both from one response."""
        try:
            return retry_transient(self._read_versioned, path)
        except ObjectNotFoundError:
            return None

    def _read_versioned(self, path: str) -> tuple[bytes, str]:
        with translate_errors("cannot read", self.uri(path)):
            response = self._client.get_object(Bucket=self._bucket, Key=self._key(path))
            return response["Body"].read(), response["ETag"]

    def write_bytes(self, path: str, data: bytes, *, expected: str | Absent | None = None) -> str:
        """Put an object.

        If the response to a conditional put is lost, its retry raises ``PreconditionFailedError`` although
        the put succeeded.
        """
        condition = {}
        if expected is ABSENT:
            condition = {"IfNoneMatch": "*"}
        elif isinstance(expected, str):
            condition = {"IfMatch": expected}
        try:
            response = self._send(
                "put_object",
                "cannot write",
                path,
                Body=data,
                **condition,
                **object_headers(path),
                **self._write_options,
            )
        except (PreconditionFailedError, ObjectNotFoundError) as error:
            if expected is None:
                raise
            found = self.stat(path)
            raise PreconditionFailedError(
                "another writer was faster",
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
        """Copy within S3, in parts above 5 GiB; upload from any other storage.

        The copy has headers of its own: upstream's may be missing, or may name a Content-Encoding.
        """
        if not isinstance(source, S3Storage):
            return self._upload(source, source_path, path, source_version)
        found = source.stat(source_path)
        if found is None:
            raise ObjectNotFoundError("cannot copy", source.uri(source_path), found="nothing there")
        if source_version is not None and found.version != source_version:
            raise _changed(source.uri(source_path), source_version, found.version)
        origin = {"Bucket": source._bucket, "Key": source._key(source_path)}
        if found.size_bytes > self._single_copy_bytes:
            return self._copy_in_parts(origin, found, path)
        try:
            # Copying the tags of the source would need further permissions.
            response = self._send(
                "copy_object",
                "cannot write",
                path,
                CopySource=origin,
                TaggingDirective="REPLACE",
                **self._copy_options(found, path),
            )
        except PreconditionFailedError as error:
            raise _changed(source.uri(source_path), found.version, None) from error
        result = response["CopyObjectResult"]
        return ObjectInfo(path, found.size_bytes, result["ETag"], result["LastModified"])

    def _copy_in_parts(self, origin: Mapping[str, str], found: ObjectInfo, path: str) -> ObjectInfo:
        from boto3.s3.transfer import TransferConfig

        parts = TransferConfig(
            multipart_threshold=self._single_copy_bytes, multipart_chunksize=self._copy_part_bytes
        )
        options = self._copy_options(found, path)
        try:
            with translate_errors("cannot write", self.uri(path)):
                self._client.copy(origin, self._bucket, self._key(path), ExtraArgs=options, Config=parts)
        except PreconditionFailedError as error:
            raise _changed(f"s3://{origin['Bucket']}/{origin['Key']}", found.version, None) from error
        return self._written(path)

    def _copy_options(self, found: ObjectInfo, path: str) -> Mapping[str, str]:
        return {
            "CopySourceIfMatch": found.version,
            "MetadataDirective": "REPLACE",
            **object_headers(path, is_copy=True),
            **self._write_options,
        }

    def _upload(self, source: Storage, source_path: str, path: str, source_version: str | None) -> ObjectInfo:
        with (
            open_version_checked(source, source_path, source_version) as stream,
            translate_errors("cannot write", self.uri(path)),
        ):
            options = {**object_headers(path, is_copy=True), **self._write_options}
            self._client.upload_fileobj(stream, self._bucket, self._key(path), ExtraArgs=options)
        return self._written(path)

    def _written(self, path: str) -> ObjectInfo:
        written = self.stat(path)
        if written is None:
            raise ObjectNotFoundError("a file is missing after it was written", self.uri(path))
        return written

    def delete(self, path: str) -> None:
        """Delete an object."""
        self._send("delete_object", "cannot delete", path)

    def delete_folder(self, folder: str) -> None:
        """Delete everything below a folder, up to a thousand objects per request."""
        keys: list[str] = []
        for page in self._pages(folder, {}):
            for key in (item["Key"] for item in page.get("Contents", ())):
                if _NOT_IN_XML.search(key):  # DeleteObjects sends XML, which cannot hold such a key
                    self.delete(key[len(self._prefix) :])
                else:
                    keys.append(key)
        for start in range(0, len(keys), _KEYS_PER_DELETE):
            batch = [{"Key": key} for key in keys[start : start + _KEYS_PER_DELETE]]
            retry_transient(self._delete_many, folder, batch)

    def _delete_many(self, folder: str, batch: Sequence[Mapping[str, str]]) -> None:
        with translate_errors("cannot delete", self.uri(folder)):
            response = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
            )
        for failure in response.get("Errors", ()):
            raise TerminalStorageError(
                "cannot delete",
                f"s3://{self._bucket}/{failure['Key']}",
                found=failure.get("Code", "an error"),
            )

    def rename_folder(self, folder: str, to: str) -> None:
        """Copy every object below a folder, then delete them."""
        for info in self.list(folder):
            self.copy_from(self, info.path, f"{to}{info.path[len(folder) :]}")
        self.delete_folder(folder)

    def flush(self) -> None:
        """Do nothing: S3 acknowledges durable writes only."""

    def sweep(self, folder: str, *, before: datetime) -> int:
        """Abort unfinished multipart uploads: they cost money and appear in no listing."""
        with translate_errors("cannot list unfinished uploads", self.uri(folder)):
            pages = self._client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self._bucket, Prefix=self._below(folder)
            )
            unfinished = [u for page in pages for u in page.get("Uploads", ()) if u["Initiated"] < before]
            for upload in unfinished:
                self._client.abort_multipart_upload(
                    Bucket=self._bucket, Key=upload["Key"], UploadId=upload["UploadId"]
                )
        return len(unfinished)

    def ensure_readable(self) -> None:
        """Raise ``LakeUnreadableError`` if the bucket is missing or access is denied."""
        retry_transient(self._page, "", {"MaxKeys": 1})

    def uri(self, path: str) -> str:
        """Return ``s3://bucket/key``."""
        return f"s3://{self._bucket}/{self._key(path)}".rstrip("/")

    def spark_uri(self, path: str) -> str:
        """Return ``s3a://bucket/key``, not encoded."""
        return f"s3a://{self._bucket}/{self._key(path)}"

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}" if path else self._prefix.rstrip("/")

    def _below(self, folder: str) -> str:
        return f"{self._prefix}{folder}/" if folder else self._prefix

    def _send(self, operation: str, what: str, path: str, **request: object) -> Mapping[str, Any]:
        """Send a request about one object; retry transient errors."""

        def send() -> Mapping[str, Any]:
            with translate_errors(what, self.uri(path)):
                response: Mapping[str, Any] = getattr(self._client, operation)(
                    Bucket=self._bucket, Key=self._key(path), **request
                )
            return response

        return retry_transient(send)


@cache
def _connected(bucket: str, prefix: str, settings: S3Settings) -> S3Storage:
    """Return one storage per process for equal settings, as each client costs time and connections."""
    return S3Storage.connect(bucket, prefix, settings)


def _changed(where: str, expected: str, found: str | None) -> PreconditionFailedError:
    return PreconditionFailedError(
        "a file was changed while it was copied",
        where,
        expected=f"version {expected}",
        found=f"version {found}" if found else "",
    )
