"""Redshift URIs: parsing and validation; they never contain a password."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXAMPLES = (
    "redshift-data://workgroup/database?schema=gold&iam_role=arn:aws:iam::123456789012:role/copy"
    " or redshift://host:5439/database?schema=gold&iam_role=…&secret=arn:aws:secretsmanager:…"
)
_DEFAULT_PORT = 5439
_LOOPBACK = ("127.0.0.1", "localhost")
# Identifiers in SQL: Redshift folds to lower case and allows 127 bytes.
IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,126}")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_.@$-]{0,126}")
_WORKGROUP = re.compile(r"[a-z0-9-]{3,63}")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
_REGION = re.compile(r"[a-z]{2,8}(-[a-z]+)+-\d")
IAM_ROLE = re.compile(r"default|arn:aws[a-z-]*:iam::\d{12}:role/[A-Za-z0-9+=.@_/-]{1,512}")
_SECRET = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]{1,512}")
_SECONDS = re.compile(r"[1-9]\d{0,5}")


class Via(StrEnum):
    """Transport to Redshift; the values are URI schemes."""

    DATA_API = "redshift-data"
    CONNECTOR = "redshift"


@dataclass(frozen=True, slots=True)
class RedshiftAddress:
    """A database of a Redshift Serverless workgroup, and the schema for BI.

    ``secret`` is the ARN of a secret in Secrets Manager, never its content; without it, the caller's IAM
    identity logs in, which needs the workgroup's name.
    """

    via: Via
    database: str
    schema: str
    iam_role: str  # assumed by COPY to read the lake: an ARN, or "default"
    workgroup: str | None = None
    host: str | None = None
    port: int = _DEFAULT_PORT
    secret: str | None = None
    region: str | None = None
    timeout_seconds: int = 3600  # per batch of statements
    is_encrypted: bool = True  # TLS; False only on loopback

    @property
    def uri(self) -> str:
        """The URI without role and secret."""
        at = self.workgroup if self.via is Via.DATA_API else f"{self.host}:{self.port}"
        return f"{self.via}://{at}/{self.database}?schema={self.schema}"


def read_address(uri: str) -> RedshiftAddress:
    """Parse ``redshift-data://…`` or ``redshift://…``.

    Raises:
        ConfigurationError: a part is missing, unknown or malformed, or contains a password.
    """
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError as error:
        raise _invalid("invalid URI", uri) from error
    if "@" in parts.netloc:
        raise ConfigurationError(
            "the warehouse URI must not contain a user or password",
            where=f"--warehouse {without_secrets(uri)}",
            next_step="store them in Secrets Manager and add secret=arn:… to the URI",
        )
    options = _options(parts.query, uri)
    via = Via(parts.scheme)
    host = parts.hostname or ""
    is_encrypted = options.get("ssl", "true") == "true"
    seconds = options.get("timeout_seconds", "3600")
    address = RedshiftAddress(
        via=via,
        database=_checked("the database", unquote(parts.path[1:]), _DATABASE, uri),
        schema=_checked("schema", options.get("schema", "gold"), IDENTIFIER, uri),
        iam_role=_checked("iam_role", options.get("iam_role", "default"), IAM_ROLE, uri),
        workgroup=_workgroup(via, host, options, uri),
        host=None if via is Via.DATA_API else _checked("the host", host, _HOST, uri),
        port=port or _DEFAULT_PORT,
        secret=_optional("secret", options, _SECRET, uri),
        region=_optional("region", options, _REGION, uri),
        timeout_seconds=int(_checked("timeout_seconds", seconds, _SECONDS, uri)),
        is_encrypted=is_encrypted,
    )
    if via is Via.DATA_API and (port is not None or "ssl" in options):
        raise _invalid("the Data API has no port and is always encrypted", uri)
    if via is Via.CONNECTOR and address.secret is None and address.workgroup is None:
        raise _invalid("secret=arn:… (a password) or workgroup=… (IAM) is missing", uri)
    if not is_encrypted and host not in _LOOPBACK:
        raise _invalid("ssl=false is allowed on loopback only", uri)
    return address


def with_region(uri: str, region: str) -> str:
    """Return a URI that determines the region: unchanged if it or its secret has one, else with this one.

    >>> with_region("redshift-data://analytics/shop?schema=gold", "eu-west-1")
    'redshift-data://analytics/shop?schema=gold&region=eu-west-1'
    >>> with_region("redshift-data://analytics/shop?region=us-east-1", "eu-west-1")
    'redshift-data://analytics/shop?region=us-east-1'
    """
    address = read_address(uri)
    if address.region or (address.via is Via.CONNECTOR and address.secret):
        return uri
    return f"{uri}{'&' if urlsplit(uri).query else '?'}region={region}"


def without_secrets(uri: str) -> str:
    """Return a URI with user, password and options that may be secret masked.

    >>> without_secrets("redshift://me:hunter2@host/db?schema=gold&password=hunter2")
    'redshift://***@host/db?schema=gold&password=***'
    """
    shown = re.sub(r"//[^/]*@", "//***@", uri)
    return re.sub(r"(?i)([?&][^=&]*(?:pass|pwd|token|key)[^=&]*=)[^&]*", r"\1***", shown)


def _options(query: str, uri: str) -> Mapping[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    known = ("schema", "iam_role", "secret", "region", "timeout_seconds", "workgroup", "ssl")
    options = dict(pairs)
    for name in options:
        if name not in known:
            raise _invalid(f"unknown option {name}", uri, f"one of {', '.join(known)}")
    if len(options) < len(pairs):
        raise _invalid("an option is given twice", uri)
    if options.get("ssl", "true") not in ("true", "false"):
        raise _invalid("ssl must be true or false", uri)
    return options


def _workgroup(via: Via, host: str, options: Mapping[str, str], uri: str) -> str | None:
    if via is Via.CONNECTOR:
        return _optional("workgroup", options, _WORKGROUP, uri)
    if "workgroup" in options:
        raise _invalid("the workgroup goes before the database, not among the options", uri)
    return _checked("the workgroup", host, _WORKGROUP, uri)


def _optional(name: str, options: Mapping[str, str], pattern: re.Pattern[str], uri: str) -> str | None:
    return _checked(name, options[name], pattern, uri) if name in options else None


def _checked(name: str, value: str, pattern: re.Pattern[str], uri: str) -> str:
    if not pattern.fullmatch(value):
        raise _invalid(f"{name} is missing or malformed", uri)
    return value


def _invalid(what: str, uri: str, expected: str = _EXAMPLES) -> ConfigurationError:
    return ConfigurationError(what, where=f"--warehouse {without_secrets(uri)}", expected=expected)
