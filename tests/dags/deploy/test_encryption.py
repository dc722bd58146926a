"""Encryption of the lake's objects with a custom KMS key."""

from __future__ import annotations

import pytest

from checkpoints.lake.layout import Area
from dags.pipeline.context import find_lake
from dags.settings import read_settings
from tests.dags.deploy.conftest import client

KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(("key", "encryption"), [(KEY, ("aws:kms", KEY)), (None, ("AES256", None))])
def test_objects_of_the_lake_are_encrypted_with_the_configured_key(
    aws: None, monkeypatch: pytest.MonkeyPatch, key: str | None, encryption: tuple[str, str | None]
) -> None:
    for bucket in ("shop", "shop-gold"):
        client("s3").create_bucket(Bucket=bucket)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    lake = find_lake(read_settings(lake="s3://shop/lake", gold_root="s3://shop-gold", kms_key=key))
    for area in (Area.SILVER, Area.GOLD):
        lake.area(area).child("x.json").write_bytes(b"{}")
    lake.bronze("events").child("x.json").copy_from(lake.area(Area.SILVER).child("x.json"))
    places = (("shop", "lake/silver/x.json"), ("shop", "lake/bronze/events/x.json"), ("shop-gold", "x.json"))
    for bucket, path in places:
        head = client("s3").head_object(Bucket=bucket, Key=path)
        assert (head["ServerSideEncryption"], head.get("SSEKMSKeyId")) == encryption
