"""Least-privilege IAM policies for Glue, Redshift's COPY, Airflow and data stewards, as documents to review.

A bare ``*`` is used only for actions without resource-level permissions, and always with a condition.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from checkpoints.lake.layout import Area
from checkpoints.warehouse.copy_manifest import COPY_MANIFESTS
from checkpoints.warehouse.redshift_uri import Via, read_address
from contracts.errors import ConfigurationError
from dags.deploy.target import location
from dags.notifications.eventbridge import SOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from dags.deploy.target import Location, Target

GLUE, REDSHIFT, AIRFLOW, STEWARD = "glue", "redshift-copy", "airflow", "steward"
_WRITE = (
    *("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
    *("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
)


def policy_documents(target: Target) -> Mapping[str, Mapping[str, Any]]:
    """Return permission documents and trust documents (``…-trust``) by name."""
    documents = {
        GLUE: _document(_glue(target)),
        f"{GLUE}-trust": _trust(target, "glue.amazonaws.com"),
        AIRFLOW: _document(_airflow(target)),
        STEWARD: _document(_steward(target)),
        f"{STEWARD}-trust": _steward_trust(target),
    }
    if target.redshift:
        documents[REDSHIFT] = _document(_redshift_copy(target))
        documents[f"{REDSHIFT}-trust"] = _trust(
            target, "redshift.amazonaws.com", "redshift-serverless.amazonaws.com"
        )
    return documents


def write_documents(target: Target, folder: Path) -> tuple[Path, ...]:
    """Write the documents as JSON files to a folder; return their paths.

    Raises:
        ConfigurationError: the folder cannot be written.
    """
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, document in policy_documents(target).items():
            path = folder / f"{target.name}-{name}.json"
            path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
            paths.append(path)
    except OSError as error:
        raise ConfigurationError(
            "cannot write the policies",
            where=f"--policies-out {folder}",
            found=error.strerror or type(error).__name__,
            next_step="choose another folder",
        ) from error
    return tuple(paths)


def _trust(target: Target, *services: str) -> Mapping[str, Any]:
    """Return a trust policy: these services may assume the role on behalf of this account only.

    ``IfExists`` because not every service sends the source account; a role cannot be passed across accounts.
    """
    return _document(
        [
            {
                "Effect": "Allow",
                "Principal": {"Service": list(services)},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": target.account.id}},
            }
        ]
    )


def _steward_trust(target: Target) -> Mapping[str, Any]:
    """Return a trust policy: identities of this account that are allowed to may assume the role."""
    root = f"arn:{target.account.partition}:iam::{target.account.id}:root"
    return _document([{"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}])


def _steward(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow reading the quarantine and adding corrections; none can be replaced or deleted."""
    areas = [target.areas[Area.QUARANTINE], target.areas[Area.CORRECTIONS]]
    yield _allow("ReadQuarantine", ["s3:GetObject"], _objects(target, areas))
    yield {
        **_allow("AddCorrections", ["s3:PutObject"], _objects(target, areas[1:])),
        "Condition": {"Null": {"s3:if-none-match": "false"}},
    }
    yield from _listing(target, areas, [location(target.settings.lake, "--lake")])
    yield _finding_nothing(target, areas)
    yield from _kms(target, "kms:Decrypt", "kms:GenerateDataKey")


def _glue(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow reading RAW, corrections and the artifacts, and writing every other zone."""
    only_read = (Area.RAW, Area.CORRECTIONS)
    written = [at for area, at in target.areas.items() if area not in only_read]
    everywhere = [*target.areas.values(), target.artifacts]
    read = [*(target.areas[area] for area in only_read), target.artifacts]
    yield _allow("ReadRawAndArtifacts", ["s3:GetObject"], _objects(target, read))
    yield _allow("WriteZones", _WRITE, _objects(target, [*written, target.artifacts.child("tmp")]))
    # RAW's existence is checked by listing from the root of its storage; Spark checks the existence of every
    # parent of a new folder.
    parents = [folder for at in written for folder in at.parents]
    roots = [location(target.settings.lake, "--lake"), target.areas[Area.RAW], *parents]
    yield from _listing(target, everywhere, roots)
    yield _finding_nothing(target, everywhere)
    yield _allow("FindUnfinishedUploads", ["s3:ListBucketMultipartUploads"], _buckets(target, target.buckets))
    yield from _kms(target, "kms:Decrypt", "kms:GenerateDataKey")
    yield _allow(
        "WriteLogs",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        [target.account.arn("logs", "log-group:/aws-glue/*")],
    )
    yield _metrics(["Glue", target.settings.metrics_namespace])
    if target.topic:
        yield _allow("Alert", ["sns:Publish"], [target.topic])
    yield from _announcing(target)
    yield from _catalog(target)
    yield from _redshift(target)


def _catalog(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow publishing to the tables of the catalog's database; their files are in zones that jobs write."""
    if target.database is None:
        return
    resources = ("catalog", f"database/{target.database}", f"table/{target.database}/*")
    yield _allow(
        "PublishTables",
        ["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"],
        [target.account.arn("glue", resource) for resource in resources],
    )


def _redshift_copy(target: Target) -> Iterator[Mapping[str, Any]]:
    gold = [target.areas[Area.GOLD]]
    yield _allow("ReadGold", ["s3:GetObject"], _objects(target, gold))
    yield from _listing(target, gold)
    yield _allow("FindBucket", ["s3:GetBucketLocation"], _buckets(target, [gold[0].bucket]))
    yield from _kms(target, "kms:Decrypt")


def _airflow(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow what Airflow's workers do: start jobs, read verdicts, alert, ingest RAW, load the warehouse.

    SILVER can only be listed; in GOLD only COPY manifests can be written.
    """
    written = [target.areas[area] for area in (Area.BRONZE, Area.QUARANTINE, Area.METRICS, Area.DOCS)]
    raw, gold = target.areas[Area.RAW], target.areas[Area.GOLD]
    jobs = [target.account.arn("glue", f"job/{name}") for name in target.job_names.values()]
    yield _allow(
        "RunJobs",
        ["glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun", "glue:GetJob"],
        jobs,
    )
    yield _allow(
        "ReadJobLogs",
        ["logs:FilterLogEvents", "logs:GetLogEvents"],
        [target.account.arn("logs", "log-group:/aws-glue/*")],
    )
    yield _allow("CheckJobRole", ["iam:GetRole"], [target.glue_role_arn])
    yield _allow("ReadRawAndGold", ["s3:GetObject"], _objects(target, [raw, gold]))
    copy_lists = gold.child(*COPY_MANIFESTS)
    yield _allow("WriteWhatWorkersDo", _WRITE, _objects(target, [*written, copy_lists]))
    roots = [location(target.settings.lake, "--lake"), raw]
    yield from _listing(target, target.areas.values(), roots)
    yield _finding_nothing(target, target.areas.values())
    yield from _kms(target, "kms:Decrypt", "kms:GenerateDataKey")
    if target.topic:
        yield _allow("Alert", ["sns:Publish", "sns:GetTopicAttributes"], [target.topic])
    if target.settings.metrics_namespace:
        yield _metrics([target.settings.metrics_namespace])
    yield from _announcing(target)
    if target.queue:
        receive = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
        yield _allow("HearOfNewFiles", receive, [target.queue])
    yield from _redshift(target)


def _announcing(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow sending events of transitions, and reading the secrets of the webhook and of OpenLineage."""
    if target.event_bus_arn:
        yield {
            **_allow("SendEvents", ["events:PutEvents"], [target.event_bus_arn]),
            "Condition": {"StringEquals": {"events:source": SOURCE}},
        }
    secrets = [one for one in (target.settings.webhook, target.openlineage_secret) if one]
    if secrets:
        yield _allow("ReadSecrets", ["secretsmanager:GetSecretValue"], secrets)


def _metrics(namespaces: Iterable[str | None]) -> Mapping[str, Any]:
    return {
        **_allow("WriteMetrics", ["cloudwatch:PutMetricData"], ["*"]),
        "Condition": {"StringEquals": {"cloudwatch:namespace": [one for one in namespaces if one]}},
    }


def _redshift(target: Target) -> Iterator[Mapping[str, Any]]:
    """Allow access to Redshift through the transport of the warehouse URI."""
    if target.redshift is None:
        return
    address = read_address(target.redshift)
    # A workgroup's ARN ends with an id, not its name; --workgroup-arn narrows the permission to it.
    workgroup = target.workgroup or target.account.arn("redshift-serverless", "workgroup/*")
    if address.via is Via.DATA_API:
        run = ["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"]
        yield _allow("RunStatements", run, [workgroup])
        follow = [
            *("redshift-data:DescribeStatement", "redshift-data:GetStatementResult"),
            *("redshift-data:ListStatements", "redshift-data:CancelStatement"),
        ]
        own = {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}
        yield {**_allow("FollowOwnStatements", follow, ["*"]), "Condition": {"StringEquals": own}}
    if address.secret:
        yield _allow("ReadLogin", ["secretsmanager:GetSecretValue"], [address.secret])
    else:
        yield _allow("LogIntoWorkgroup", ["redshift-serverless:GetCredentials"], [workgroup])


def _listing(
    target: Target, at: Iterable[Location], roots: Iterable[Location] = ()
) -> Iterator[Mapping[str, Any]]:
    """Allow listing everything below ``at`` and the ``roots`` themselves; one statement per bucket."""
    prefixes: dict[str, list[str]] = {}
    for root in roots:
        prefixes.setdefault(root.bucket, []).append(root.folder)
    for one in at:
        prefixes.setdefault(one.bucket, []).append(f"{one.folder}*")
    for number, (bucket, allowed) in enumerate(prefixes.items(), start=1):
        yield {
            **_allow(f"List{number}", ["s3:ListBucket"], _buckets(target, [bucket])),
            "Condition": {"StringLike": {"s3:prefix": list(dict.fromkeys(allowed))}},
        }


def _finding_nothing(target: Target, at: Iterable[Location]) -> Mapping[str, Any]:
    """Allow HEAD of a bucket, and a 404 for an object that does not exist.

    Without ListBucket, S3 answers 403 instead of 404. Requests for an object have no prefix, and sources
    contradict each other on whether the permission under a condition on it suffices. Keys of the bucket can
    then be listed without a prefix, too. GetBucketLocation has no prefix either.
    """
    return {
        **_allow(
            "FindNothing",
            ["s3:ListBucket", "s3:GetBucketLocation"],
            _buckets(target, (one.bucket for one in at)),
        ),
        "Condition": {"Null": {"s3:prefix": "true"}},
    }


def _kms(target: Target, *actions: str) -> Iterator[Mapping[str, Any]]:
    if target.kms_key:
        yield _allow("UseKey", actions, [target.kms_key])


def _objects(target: Target, at: Iterable[Location]) -> list[str]:
    return [f"arn:{target.account.partition}:s3:::{one.bucket}/{one.folder}*" for one in at]


def _buckets(target: Target, names: Iterable[str]) -> list[str]:
    return [f"arn:{target.account.partition}:s3:::{name}" for name in names]


def _allow(sid: str, actions: Iterable[str], resources: Iterable[str]) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(dict.fromkeys(resources)),
    }


def _document(statements: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}
