"""Behaviour specific to S3: encryption, checksums, large copies, folder markers, throttling, lost answers."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checkpoints.lake.commit import read_pointer
from checkpoints.lake.layout import Area, open_lake
from checkpoints.lake.pointer import Seen
from checkpoints.lake.promotion import promote_silver
from checkpoints.storage.errors import LakeUnreadableError, PreconditionFailedError, TransientStorageError
from checkpoints.storage.local import LocalStorage
from checkpoints.storage.s3 import S3Storage, _connected
from checkpoints.storage.storage import ABSENT, S3Settings
from contracts.model import Zone
from tests.checkpoints.lake.ingesting import bronze_content, counts, run
from tests.checkpoints.lake.versions import NOON, write_candidate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not sleep between attempts."""
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)


@pytest.fixture
def storage(s3_client: Any) -> S3Storage:
    return S3Storage(s3_client, "lake", "pre")


def response(request: Any, status: int, body: bytes) -> Any:
    from botocore.awsrequest import AWSResponse

    raw = type("Raw", (), {"stream": lambda self, *a, **k: iter([body])})()
    return AWSResponse(request.url, status, {}, raw)


def fail_first(client: Any, operation: str, failures: int, status: int, code: str) -> list[str]:
    """Answer the first requests of an operation with an error; return the growing list of their URLs."""
    requests: list[str] = []

    def answer(request: Any, **_: object) -> Any:
        requests.append(request.url)
        body = f"<Error><Code>{code}</Code><Message>reason</Message></Error>".encode()
        return None if len(requests) > failures else response(request, status, body)

    client.meta.events.register_first(f"before-send.s3.{operation}", answer)
    return requests


@pytest.mark.parametrize("key_id", [None, "arn:aws:kms:us-east-1:1:key/k"])
def test_every_write_is_encrypted_and_has_a_checksum(s3_client: Any, key_id: str | None) -> None:
    parts = {"single_copy_bytes": 6 * MEBIBYTE, "copy_part_bytes": 5 * MEBIBYTE}
    storage = S3Storage(s3_client, "lake", "", S3Settings(kms_key_id=key_id), **parts)
    storage.write_bytes("put", b"x" * (11 * MEBIBYTE))
    storage.write_bytes("small", b"x")
    storage.copy_from(storage, "small", "copy")
    storage.copy_from(storage, "put", "copy in parts")
    for key in ("put", "copy", "copy in parts"):
        head = s3_client.head_object(Bucket="lake", Key=key, ChecksumMode="ENABLED")
        assert head["ServerSideEncryption"] == ("aws:kms" if key_id else "AES256")
        assert head.get("SSEKMSKeyId") == key_id
        if key != "copy in parts":
            assert "ChecksumSHA256" in head


PARQUET = "application/vnd.apache.parquet"


@pytest.mark.parametrize(
    ("path", "media_type", "caching"),
    [
        ("docs/index.html", "text/html; charset=utf-8", "no-cache"),
        ("docs/style.css", "text/css; charset=utf-8", "no-cache"),
        ("silver/_manifests/current.json", "application/json", "no-cache"),
        ("silver/events/v1/part-0.zstd.parquet", PARQUET, None),
        ("bronze/events/a.CSV", "text/csv", "no-cache"),
        ("bronze/events/a.jsonl", "application/x-ndjson", "no-cache"),
        ("bronze/events/no suffix", "application/octet-stream", "no-cache"),
    ],
)
def test_every_write_has_a_type_by_its_name(
    storage: S3Storage, s3_client: Any, path: str, media_type: str, caching: str | None
) -> None:
    def headers() -> tuple[str, str | None]:
        head = s3_client.head_object(Bucket="lake", Key=f"pre/{path}")
        return head["ContentType"], head.get("CacheControl")

    version = storage.write_bytes(path, b"1", expected=ABSENT)
    assert headers() == (media_type, caching)
    storage.write_bytes(path, b"2", expected=version)
    assert headers() == (media_type, caching)
    storage.write_file(path, b"3")
    assert headers() == (media_type, caching)


@pytest.mark.parametrize("parts", [False, True])
def test_a_copy_has_the_type_of_its_name_and_no_encoding(s3_client: Any, parts: bool) -> None:
    content = b"x" * (11 * MEBIBYTE if parts else 1)
    upstream = {"ContentType": "binary/octet-stream", "ContentEncoding": "gzip", "CacheControl": "max-age=9"}
    s3_client.put_object(Bucket="lake", Key="a.csv.gz", Body=content, **upstream)
    storage = S3Storage(s3_client, "lake", single_copy_bytes=6 * MEBIBYTE, copy_part_bytes=5 * MEBIBYTE)
    storage.copy_from(storage, "a.csv.gz", "copy.csv.gz")
    head = s3_client.head_object(Bucket="lake", Key="copy.csv.gz")
    assert (head["ContentType"], head["CacheControl"]) == ("application/gzip", "no-cache")
    assert "ContentEncoding" not in head
    assert storage.read_bytes("copy.csv.gz") == content


def test_a_copied_page_of_an_upstream_system_is_not_shown_by_a_browser(
    storage: S3Storage, s3_client: Any, tmp_path: Path
) -> None:
    folder = LocalStorage(tmp_path)
    for source in (storage, folder):
        source.write_bytes("evil.html", b"<script>")
        storage.copy_from(source, "evil.html", "copy.html")
        head = s3_client.head_object(Bucket="lake", Key="pre/copy.html")
        assert head["ContentType"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("at_start", "on_executor", "settings", "url"),
    [
        (None, None, S3Settings(), "https://lake.s3.amazonaws.com/a"),
        ("eu-west-1", None, S3Settings(), "https://lake.s3.eu-west-1.amazonaws.com/a"),
        (None, "eu-west-1", S3Settings(), "https://lake.s3.eu-west-1.amazonaws.com/a"),
        ("us-east-1", None, S3Settings(region="eu-west-1"), "https://lake.s3.eu-west-1.amazonaws.com/a"),
        (None, None, S3Settings(endpoint_url="http://127.0.0.1:9"), "http://127.0.0.1:9/lake/a"),
    ],
)
def test_a_pickled_storage_goes_where_it_was_configured_to(
    monkeypatch: pytest.MonkeyPatch,
    s3_client: Any,
    at_start: str | None,
    on_executor: str | None,
    settings: S3Settings,
    url: str,
) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    if at_start:
        monkeypatch.setenv("AWS_DEFAULT_REGION", at_start)
    pickled = pickle.dumps(S3Storage.connect("lake", "", settings))

    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    if on_executor:
        monkeypatch.setenv("AWS_DEFAULT_REGION", on_executor)
    _connected.cache_clear()
    elsewhere = pickle.loads(pickled)
    requests = fail_first(elsewhere._client, "HeadObject", 1, 404, "NotFound")
    assert elsewhere.stat("a") is None
    assert requests == [url]
    assert pickle.loads(pickled) is elsewhere  # one client for each process


def test_a_copy_above_the_limit_is_made_in_parts(s3_client: Any) -> None:
    content = bytes(range(256)) * 4096 * 11
    storage = S3Storage(s3_client, "lake", single_copy_bytes=6 * MEBIBYTE, copy_part_bytes=5 * MEBIBYTE)
    storage.write_bytes("raw/a", content)
    copied = storage.copy_from(storage, "raw/a", "bronze/a")
    assert storage.read_bytes("bronze/a") == content
    assert copied == storage.stat("bronze/a")
    assert copied.version.endswith('-3"')  # an ETag of three parts


def test_a_listing_omits_the_marker_of_the_folder_itself(s3_client: Any) -> None:
    lake = open_lake("s3://lake/pre", s3=S3Settings(client=s3_client))
    for key in ("pre/raw/events/", "pre/raw/events/sub/"):
        s3_client.put_object(Bucket="lake", Key=key, Body=b"")
    assert [info.path for info in lake.raw("events").list()] == ["raw/events/sub/"]


def test_throttled_requests_are_retried(storage: S3Storage, s3_client: Any) -> None:
    storage.write_bytes("a", b"x")
    requests = fail_first(s3_client, "GetObject", 2, 503, "SlowDown")
    assert storage.read_bytes("a") == b"x"
    assert len(requests) == 3


def test_an_error_that_persists_is_a_transient_error(storage: S3Storage, s3_client: Any) -> None:
    fail_first(s3_client, "PutObject", 1000, 500, "InternalError")
    with pytest.raises(TransientStorageError, match=r"cannot write: s3://lake/pre/a, found InternalError"):
        storage.write_bytes("a", b"x")


@pytest.mark.parametrize(
    ("work", "where"),
    [
        (lambda s: list(s.list("raw")), "s3://lake/pre/raw"),
        (lambda s: s.read_bytes("a"), "s3://lake/pre/a"),
        (lambda s: s.write_bytes("a", b""), "s3://lake/pre/a"),
        (lambda s: s.ensure_readable(), "s3://lake/pre"),
    ],
)
def test_denied_access_is_an_error_that_names_the_object(
    storage: S3Storage, s3_client: Any, work: Callable[[S3Storage], object], where: str
) -> None:
    for operation in ("ListObjectsV2", "GetObject", "PutObject"):
        fail_first(s3_client, operation, 1, 403, "AccessDenied")
    with pytest.raises(LakeUnreadableError, match="access denied") as caught:
        work(storage)
    assert caught.value.where == where


def test_a_missing_bucket_is_an_error(s3_client: Any) -> None:
    with pytest.raises(LakeUnreadableError, match="s3://none, found no such bucket; create it"):
        S3Storage(s3_client, "none").ensure_readable()


def test_a_conditional_write_that_collides_with_another_fails(storage: S3Storage, s3_client: Any) -> None:
    fail_first(s3_client, "PutObject", 1, 409, "ConditionalRequestConflict")
    with pytest.raises(PreconditionFailedError):
        storage.write_bytes("a", b"x", expected=ABSENT)


def test_a_promotion_whose_response_is_lost_succeeds(s3_client: Any) -> None:
    lake = open_lake("s3://lake", s3=S3Settings(client=s3_client))
    manifest = write_candidate(lake, "events", "v1")
    lost: list[str] = []

    def lose_the_response(http_response: Any, parsed: dict[str, Any], **_: object) -> None:
        if http_response.status_code == 200 and not lost and "current" in seen[-1]:
            lost.append(seen[-1])
            http_response.status_code = 500
            parsed.clear()
            parsed["Error"] = {"Code": "InternalError", "Message": "lost"}
            parsed["ResponseMetadata"] = {"HTTPStatusCode": 500}

    seen: list[str] = []
    s3_client.meta.events.register("before-send.s3.PutObject", lambda request, **_: seen.append(request.url))
    s3_client.meta.events.register("after-call.s3.PutObject", lose_the_response)
    promote_silver(lake, [manifest], {"events": Seen(0, None)}, now=NOON)
    assert len(lost) == 1
    assert read_pointer(lake, Zone.SILVER).seen("events") == Seen(1, "v1")


def test_an_interrupted_read_resumes_at_its_position(
    storage: S3Storage, s3_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ResponseStreamingError
    from botocore.response import StreamingBody

    content = bytes(range(256)) * 20_000
    storage.write_bytes("a", content)
    read, broken = StreamingBody.read, []

    def break_off_once(self: StreamingBody, amt: int | None = None) -> bytes:
        if len(broken) == 1:
            broken.append(2)
            raise ResponseStreamingError(error="connection reset")
        broken.append(1)
        return bytes(read(self, amt))

    monkeypatch.setattr(StreamingBody, "read", break_off_once)
    assert storage.read_bytes("a") == content
    assert broken[:3] == [1, 2, 1]


def test_a_read_never_mixes_two_versions(storage: S3Storage) -> None:
    storage.write_bytes("a", b"1" * (3 * MEBIBYTE))
    with storage.open("a") as stream:
        stream.read(10)
        storage.write_bytes("a", b"2" * (3 * MEBIBYTE))
        stream.seek(2 * MEBIBYTE)
        with pytest.raises(PreconditionFailedError, match="a file was changed"):
            stream.read()


def test_abandoned_uploads_are_aborted(storage: S3Storage, s3_client: Any) -> None:
    s3_client.create_multipart_upload(Bucket="lake", Key="pre/bronze/big")
    # moto dates every upload of this kind to 2010.
    assert storage.sweep("bronze", before=datetime(2001, 1, 1, tzinfo=UTC)) == 0
    assert storage.sweep("bronze", before=datetime.now(UTC) + timedelta(days=1)) == 1
    assert "Uploads" not in s3_client.list_multipart_uploads(Bucket="lake")


def test_a_bucket_for_each_zone_is_one_lake(s3_client: Any) -> None:
    for bucket in ("the-raw", "the-bronze"):
        s3_client.create_bucket(Bucket=bucket)
    roots = {Area.RAW: "s3://the-raw", Area.BRONZE: "s3://the-bronze/deep"}
    lake = open_lake("s3://lake", roots, S3Settings(client=s3_client))
    assert lake.raw("events").uri == "s3://the-raw/events"
    assert lake.silver("events", "v1").spark_uri == "s3a://lake/silver/events/v1"
    lake.raw("events").child("a.csv").write_bytes(b"x")
    assert counts(run(lake)) == {"valid": 1}
    assert bronze_content(lake) == {"a.csv": b"x"}
    assert lake.pointer(Zone.BRONZE).uri == "s3://the-bronze/deep/_manifests/current.json"
    assert counts(run(lake)) == {"unchanged": 1}
