"""Uploads: the wheel, the script, contracts and policies; only what changed, by checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

import contracts
import dags.glue
import quarantine_policies
from checkpoints.aws_trouble import code_of
from dags.deploy.aws import explained
from dags.deploy.plan import Action, Difference, Step, differing, step_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws_client import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Location, Target
    from dags.pipeline.settings import Settings

SCRIPT = "lakegate_job.py"
_SUFFIXES = (".yaml", ".yml")
_CHECKSUM = "sha256"  # the object's metadata that holds it
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


def plan_uploads(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each file, and for each contract or policy that is there and ours no more."""
    s3, wheel = aws.client("s3"), target.package.wheel
    files: dict[str, Path] = {wheel.name: wheel, SCRIPT: script()}
    for folder, root in rule_folders(target.settings).items():
        found = sorted(path for path in root.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
        files |= {f"{folder}/{path.relative_to(root).as_posix()}": path for path in found}
    uploads = [_plan_upload(s3, target, name, path.read_bytes()) for name, path in files.items()]
    stale = [
        _plan_deletion(s3, target, key)
        for folder in rule_folders(target.settings)
        for key in _keys(s3, target.artifacts.child(folder))
        if key.endswith(_SUFFIXES) and key[len(target.artifacts.folder) :] not in files
    ]
    return (*uploads, *stale)


def rule_folders(settings: Settings) -> Mapping[str, Path]:
    """Return where the contracts and policies in force lie, by the folder that they are uploaded to."""
    return {
        "contracts": settings.contracts or Path(contracts.__file__).parent,
        "policies": settings.policies or Path(quarantine_policies.__file__).parent,
    }


def script() -> Path:
    """Return the script that a Glue job starts."""
    return Path(dags.glue.__file__).with_name("job.py")


def _plan_upload(s3: AwsClient, target: Target, name: str, content: bytes) -> Step:
    at = target.artifacts.child(name)
    wanted = {_CHECKSUM: hashlib.sha256(content).hexdigest()}
    with explained("cannot look at an upload", at.uri):
        try:
            found = s3.head_object(Bucket=at.bucket, Key=at.prefix)["Metadata"]
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            found = None

    def apply() -> None:
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.kms_key}
            if target.kms_key
            else {"ServerSideEncryption": "AES256"}
        )
        with explained("cannot upload", at.uri):
            s3.put_object(
                Bucket=at.bucket,
                Key=at.prefix,
                Body=content,
                Metadata=wanted,
                ChecksumAlgorithm="SHA256",
                **encryption,
            )

    return step_of("upload", at.uri, differing(wanted, found), apply, is_there=found is not None)


def _plan_deletion(s3: AwsClient, target: Target, key: str) -> Step:
    """A contract that is gone here must go there: whoever reads the folder reads all of it."""
    uri = f"s3://{target.artifacts.bucket}/{key}"

    def apply() -> None:
        with explained("cannot delete an upload", uri):
            s3.delete_object(Bucket=target.artifacts.bucket, Key=key)

    return Step("upload", uri, Action.DELETE, (Difference("object", "there", None),), apply)


def _keys(s3: AwsClient, folder: Location) -> list[str]:
    with explained("cannot list what was uploaded", folder.uri):
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=folder.folder)
            return [str(item["Key"]) for page in pages for item in page.get("Contents", ())]
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            return []
