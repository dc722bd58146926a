"""Redshift URIs: parsing, validation, no passwords and no SQL."""

from __future__ import annotations

import pytest

from checkpoints.warehouse.opening import open_warehouse
from checkpoints.warehouse.redshift_uri import RedshiftAddress, Via, read_address
from contracts.errors import ConfigurationError

ROLE = "arn:aws:iam::123456789012:role/team/lakegate-copy"
SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:redshift/loader-AbCdEf"


def test_the_data_api_takes_a_workgroup_and_a_database() -> None:
    address = read_address(
        f"redshift-data://analytics/lakehouse?schema=mart&iam_role={ROLE}&region=eu-west-1"
    )
    assert address == RedshiftAddress(
        Via.DATA_API, "lakehouse", "mart", ROLE, workgroup="analytics", region="eu-west-1"
    )
    assert address.uri == "redshift-data://analytics/lakehouse?schema=mart"


def test_the_wire_protocol_takes_a_host_and_a_secret_or_a_workgroup() -> None:
    by_secret = read_address(f"redshift://wg.eu.example.com:5440/dev?secret={SECRET}&timeout_seconds=60")
    assert by_secret == RedshiftAddress(
        Via.CONNECTOR,
        "dev",
        "gold",
        "default",
        host="wg.eu.example.com",
        port=5440,
        secret=SECRET,
        timeout_seconds=60,
    )
    assert by_secret.uri == "redshift://wg.eu.example.com:5440/dev?schema=gold"
    assert read_address("redshift://host/dev?workgroup=analytics").workgroup == "analytics"


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("redshift-data://analytics", "the database is missing or malformed"),
        ("redshift-data:///lakehouse", "the workgroup is missing or malformed"),
        ("redshift-data://An_alytics/lakehouse", "the workgroup is missing or malformed"),
        ("redshift-data://analytics:5439/lakehouse", "the Data API has no port"),
        ("redshift-data://analytics/lakehouse?ssl=false", "the Data API has no port and is always encrypted"),
        ("redshift-data://analytics/lakehouse?workgroup=other", "the workgroup goes before the database"),
        ("redshift-data://analytics/lakehouse?schema=go%22ld", "schema is missing or malformed"),
        ("redshift-data://analytics/lakehouse?iam_role=arn:aws:iam::1:user/me", "iam_role is missing or"),
        ("redshift-data://analytics/lakehouse?iam_role=x'%20--", "iam_role is missing or malformed"),
        ("redshift-data://analytics/lakehouse?secret=hunter2", "secret is missing or malformed"),
        ("redshift-data://analytics/lakehouse?timeout_seconds=0", "timeout_seconds is missing or malformed"),
        ("redshift-data://analytics/lakehouse?shema=gold", "unknown option shema"),
        ("redshift-data://analytics/lakehouse?schema=a&schema=b", "an option is given twice"),
        ("redshift://host/dev", r"secret=arn:… \(a password\) or workgroup=… \(IAM\) is missing"),
        ("redshift://host:port/dev", "invalid URI"),
        (f"redshift://host/dev?secret={SECRET}&ssl=false", "ssl=false is allowed on loopback only"),
        (f"redshift://host/dev?secret={SECRET}&ssl=maybe", "ssl must be true or false"),
    ],
)
def test_an_invalid_uri_is_refused_with_a_reason(uri: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        open_warehouse(uri)


@pytest.mark.parametrize(
    "uri",
    [
        "redshift://me:hunter2@host/dev",
        "redshift://me:hunter2@host/dev?secret=x",
        "redshift://host/dev?password=hunter2",
        "redshift-data://wg/db?Access_Key=hunter2",
        "postgres://me:hunter2@host/dev",
        "redshift://me:hun@hunter2@host/dev",
    ],
)
def test_a_password_in_a_uri_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        open_warehouse(uri)
    assert "hunter2" not in f"{refused.value!r} {refused.value} {vars(refused.value)}"
    assert refused.value.__cause__ is None
