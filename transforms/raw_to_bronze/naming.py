"""Read from a key's name alone in which form a file claims to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Claim(StrEnum):
    """What a name says of the content."""

    DELIMITED = "delimited"  # .csv, .tsv
    TEXT = "text"  # .txt: JSON lines or delimited
    JSON = "json"  # .json: an array, an object or JSON lines
    JSON_LINES = "json_lines"  # .jsonl, .ndjson
    ANY_TEXT = "any_text"  # .gz around some other name: as .json or .txt, as it begins
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Naming:
    """A supported name: the claimed form, and whether gzip is wrapped around it."""

    claim: Claim
    is_gzip: bool = False


_CLAIMS = {
    "csv": Claim.DELIMITED,
    "tsv": Claim.DELIMITED,
    "txt": Claim.TEXT,
    "json": Claim.JSON,
    "jsonl": Claim.JSON_LINES,
    "ndjson": Claim.JSON_LINES,
    "parquet": Claim.PARQUET,
}


def read_name(key: str) -> Naming | None:
    """Return what a key's last part claims, in any case; None for an unsupported format.

    >>> read_name("2024/Orders.JSON.GZ")
    Naming(claim=<Claim.JSON: 'json'>, is_gzip=True)
    >>> read_name("orders.parquet.gz") is None
    True
    """
    name = key.rpartition("/")[2].lower()
    stem, dot, extension = name.rpartition(".")
    if not dot:
        return None
    if extension != "gz":
        claim = _CLAIMS.get(extension)
        return Naming(claim) if claim else None
    inner_claim = _CLAIMS.get(stem.rpartition(".")[2] if "." in stem else "", Claim.ANY_TEXT)
    return None if inner_claim is Claim.PARQUET else Naming(inner_claim, is_gzip=True)
