"""Uploads of wheels, job script, contracts and policies; only changed files, by checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

import dags.glue
from checkpoints.aws import code_of
from checkpoints.storage.content_types import object_headers
from contracts.loader import promise_files
from dags.contract_checks.folders import configured_folders
from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.plan import ChangeKind, Difference, Step, diff_settings, make_step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.aws import AwsClient
    from dags.deploy.aws import Aws
    from dags.deploy.target import Location, Target
    from dags.settings import Settings

SCRIPT = "lakegate_job.py"
_SUFFIXES = (".yaml", ".yml")
_CHECKSUM = "sha256"  # key of the object's metadata
_MISSING = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NotFound"})


def plan_uploads(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return a step for each file, and for each uploaded contract or policy that no longer exists."""
    s3 = aws.client("s3")
    files: dict[str, Path] = {path.name: path for path in target.wheels.values()}
    files[SCRIPT] = job_script()
    for folder, root in config_folders(target.settings).items():
        files |= {f"{folder}/{path.relative_to(root).as_posix()}": path for path in promise_files(root)}
    uploads = [_plan_upload(s3, target, name, path.read_bytes()) for name, path in files.items()]
    stale = [
        _plan_deletion(s3, target, key)
        for folder in config_folders(target.settings)
        for key in _keys(s3, target.artifacts.child(folder))
        if key.endswith(_SUFFIXES) and key[len(target.artifacts.folder) :] not in files
    ]
    return (*uploads, *stale)


def config_folders(settings: Settings) -> Mapping[str, Path]:
    """Return the local folders of contracts and policies, by name of their upload folder."""
    folders = configured_folders(settings)
    return {"contracts": folders.contracts, "policies": folders.policies}


def job_script() -> Path:
    """Return the path of the script that a Glue job runs."""
    return Path(dags.glue.__file__).with_name("job.py")


def _plan_upload(s3: AwsClient, target: Target, name: str, content: bytes) -> Step:
    at = target.artifacts.child(name)
    checksum, headers = {_CHECKSUM: hashlib.sha256(content).hexdigest()}, object_headers(name)
    with translate_errors("cannot read an upload", at.uri):
        response = get_or_none(s3.head_object, _MISSING, Bucket=at.bucket, Key=at.prefix)
    found = None if response is None else {**response["Metadata"], **response}

    def apply() -> None:
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target.kms_key}
            if target.kms_key
            else {"ServerSideEncryption": "AES256"}
        )
        with translate_errors("cannot upload", at.uri):
            s3.put_object(
                Bucket=at.bucket,
                Key=at.prefix,
                Body=content,
                Metadata=checksum,
                ChecksumAlgorithm="SHA256",
                **headers,
                **encryption,
            )

    return make_step(
        "upload", at.uri, diff_settings({**checksum, **headers}, found), apply, exists=found is not None
    )


def _plan_deletion(s3: AwsClient, target: Target, key: str) -> Step:
    """Return the step that deletes a stale contract or policy: jobs read all files of the folder."""
    uri = f"s3://{target.artifacts.bucket}/{key}"

    def apply() -> None:
        with translate_errors("cannot delete an upload", uri):
            s3.delete_object(Bucket=target.artifacts.bucket, Key=key)

    return Step("upload", uri, ChangeKind.DELETE, (Difference("object", "present", None),), apply)


def _keys(s3: AwsClient, folder: Location) -> list[str]:
    with translate_errors("cannot list the uploads", folder.uri):
        try:
            pages = s3.get_paginator("list_objects_v2").paginate(Bucket=folder.bucket, Prefix=folder.folder)
            return [str(item["Key"]) for page in pages for item in page.get("Contents", ())]
        except ClientError as error:
            if code_of(error) not in _MISSING:
                raise
            return []
