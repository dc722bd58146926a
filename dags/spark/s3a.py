"""S3A options for Spark from PyPI: the jars of the file system, and a committer without renames.

Only for a Spark that lakegate starts itself, but for the encryption: Glue and EMR bring their own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.lake.layout import Area

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dags.settings import Settings

_SCHEMES = ("s3://", "s3a://", "s3n://")
# Hadoop version -> the SDK that it was built with (its pom).
_SDK_OF_HADOOP = {"3.4.1": "2.24.6", "3.4.2": "2.29.52"}
# The SDK modules that S3A calls instead of the bundle of all: 20 MB instead of 600.
_SDK_MODULES = ("s3", "s3-transfer-manager", "sts", "sso", "ssooidc")
# Transitive dependencies that Spark already has, or that are for other clouds.
_NOT_NEEDED = (
    "software.amazon.awssdk:bundle",
    "org.apache.hadoop:hadoop-azure",
    "org.apache.hadoop:hadoop-azure-datalake",
    "org.apache.hadoop:hadoop-cloud-storage",
    "org.apache.hadoop:hadoop-huaweicloud",
    "org.apache.hadoop:hadoop-client-*",
    "com.google.*:*",
    "com.fasterxml.jackson.*:*",
    "com.squareup.*:*",
    "io.netty:*",
    "joda-time:*",
    "org.slf4j:*",
    "org.eclipse.jetty:*",
    "org.scala-lang*:*",
    "org.apache.httpcomponents:*",
    "org.apache.parquet:*",
    "commons-*:*",
    "org.openjsse:*",
)


def lies_on_s3(settings: Settings) -> bool:
    """Whether any part of the lake lies on S3."""
    roots = [settings.lake, *(getattr(settings, f"{area.value}_root") for area in Area)]
    return any(str(root).lower().startswith(_SCHEMES) for root in roots if root)


def s3_options(settings: Settings, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the Spark settings for a lake on S3; none for a local lake.

    The jars come from Maven Central at the first start, and from Ivy's cache later. Credentials are resolved
    as by boto3; ``AWS_ENDPOINT_URL_S3`` or ``AWS_ENDPOINT_URL`` name another S3 than Amazon's.
    """
    if not lies_on_s3(settings):
        return {}
    options = {
        "spark.jars.packages": ",".join(_packages()),
        "spark.jars.excludes": ",".join(_NOT_NEEDED),
        "spark.hadoop.fs.s3a.aws.credentials.provider": (
            "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
        ),
        # The job's commit completes the uploads of its files: nothing is renamed.
        "spark.hadoop.fs.s3a.committer.name": "magic",
        "spark.hadoop.mapreduce.outputcommitter.factory.scheme.s3a": (
            "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
        ),
        "spark.sql.sources.commitProtocolClass": (
            "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol"
        ),
        "spark.sql.parquet.output.committer.class": (
            "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter"
        ),
        **encryption(settings.kms_key),
    }
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
    if region:
        options["spark.hadoop.fs.s3a.endpoint.region"] = region
    endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
    if endpoint:
        options["spark.hadoop.fs.s3a.endpoint"] = endpoint
        options["spark.hadoop.fs.s3a.path.style.access"] = "true"
    return options


def encryption(kms_key: str | None) -> dict[str, str]:
    """Return the encryption of S3A's writes, the same as that of the lake's own storage."""
    if kms_key is None:
        return {"spark.hadoop.fs.s3a.encryption.algorithm": "AES256"}
    return {
        "spark.hadoop.fs.s3a.encryption.algorithm": "SSE-KMS",
        "spark.hadoop.fs.s3a.encryption.key": kms_key,
    }


def _packages() -> tuple[str, ...]:
    """Return the jars that match the installed Spark and its Hadoop."""
    import pyspark

    (client,) = (Path(pyspark.__file__).parent / "jars").glob("hadoop-client-api-*.jar")
    hadoop = client.stem.rpartition("-")[2]
    sdk = _SDK_OF_HADOOP.get(hadoop, max(_SDK_OF_HADOOP.values()))
    return (
        f"org.apache.hadoop:hadoop-aws:{hadoop}",
        f"org.apache.spark:spark-hadoop-cloud_2.13:{pyspark.__version__}",
        *(f"software.amazon.awssdk:{module}:{sdk}" for module in _SDK_MODULES),
    )
