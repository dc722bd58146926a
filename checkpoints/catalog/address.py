"""Catalog addresses: the setting ``LAKEGATE_CATALOG``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from typing import Final

from contracts.errors import ConfigurationError

SETTING: Final = "LAKEGATE_CATALOG"
CATALOG: Final = "lakegate"  # name of the catalog, and of its namespace where the address has none
_GLUE = re.compile(r"glue://([a-z0-9_]{1,255})/?")
_SQLITE = re.compile(r"sqlite:///(?!/*$).+")


class CatalogKind(StrEnum):
    """Kinds of catalogs; the values are URI schemes."""

    GLUE = "glue"
    SQLITE = "sqlite"


@dataclass(frozen=True, slots=True)
class CatalogAddress:
    """A catalog and the namespace (Glue: database) that holds the tables."""

    kind: CatalogKind
    namespace: str
    uri: str

    def table(self, name: str) -> tuple[str, str]:
        """Return the identifier of a silver or gold table; their names are distinct."""
        return (self.namespace, name)


def read_catalog_address(uri: str) -> CatalogAddress:
    """Parse ``glue://DATABASE`` or ``sqlite:///FILE``, as SQLAlchemy: an absolute path makes four slashes.

    Raises:
        ConfigurationError: the address is invalid.
    """
    if glue := _GLUE.fullmatch(uri):
        return CatalogAddress(CatalogKind.GLUE, glue[1], uri)
    if _SQLITE.fullmatch(uri):
        return CatalogAddress(CatalogKind.SQLITE, CATALOG, uri)
    raise ConfigurationError(
        "invalid catalog",
        where=SETTING,
        expected="glue://DATABASE (lower-case letters, digits and _) or sqlite:///FILE",
        found=repr(uri),
    )


def check_catalog(uri: str) -> CatalogAddress:
    """Return the address of a catalog that this installation can write.

    Raises:
        ConfigurationError: the address is invalid, or PyIceberg is not installed.
    """
    address = read_catalog_address(uri)
    if find_spec("pyiceberg") is None:
        raise ConfigurationError(
            "PyIceberg is not installed",
            where=SETTING,
            next_step="install lakegate[catalog], or unset the variable",
        )
    return address
