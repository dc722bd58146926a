"""Addresses of catalogs: accepted and refused."""

from __future__ import annotations

import pytest

from checkpoints.catalog.address import CatalogAddress, CatalogKind, read_catalog_address
from contracts.errors import ConfigurationError


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("glue://shop_1", CatalogAddress(CatalogKind.GLUE, "shop_1", "glue://shop_1")),
        (
            "sqlite:////data/catalog.db",
            CatalogAddress(CatalogKind.SQLITE, "lakegate", "sqlite:////data/catalog.db"),
        ),
        ("sqlite:///catalog.db", CatalogAddress(CatalogKind.SQLITE, "lakegate", "sqlite:///catalog.db")),
    ],
)
def test_an_address_names_a_catalog_and_a_namespace(uri: str, expected: CatalogAddress) -> None:
    assert read_catalog_address(uri) == expected


@pytest.mark.parametrize("uri", ["", "glue://", "glue://Shop", "glue://a/b", "sqlite:///", "hive://x"])
def test_any_other_address_is_refused_with_the_forms_that_are_known(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="glue://DATABASE") as refused:
        read_catalog_address(uri)
    assert "LAKEGATE_CATALOG" in str(refused.value)
