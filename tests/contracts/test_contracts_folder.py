"""Loading of the contracts folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import contracts
from contracts.errors import ContractError
from contracts.loader import load_contract, load_contracts
from contracts.model import Zone
from tests.contracts.yaml_text import TEXT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped contracts."""
    for zone in ("raw", "silver", "gold"):
        shutil.copytree(Path(contracts.__file__).parent / zone, tmp_path / zone)
    return tmp_path


def test_a_copy_of_the_shipped_contracts_reads_as_the_shipped_ones(folder: Path) -> None:
    assert load_contracts(folder) == load_contracts()


def test_further_datasets_and_tables_come_after_those_of_the_specification(folder: Path) -> None:
    (folder / "silver" / "visits.yml").write_text(TEXT)
    table = (folder / "gold" / "dim_users.yaml").read_text().replace("name: dim_users", "name: dim_a")
    table = table.replace("  - property: position\n    value: 1\n", "")
    (folder / "gold" / "dim_a.yaml").write_text(table)
    found = load_contracts(folder)
    assert [c.name for c in found.datasets] == ["events", "users", "transactions", "visits"]
    assert [c.name for c in found.gold][-2:] == ["user_ltv", "dim_a"]
    assert found.silver("visits").path == "silver/visits.yml"


def test_a_missing_inventory_is_named(folder: Path) -> None:
    (folder / "raw/file_inventory.yaml").unlink()
    with pytest.raises(ContractError, match=r"raw/file_inventory.yaml: missing contract"):
        load_contracts(folder)


def test_a_table_that_another_one_is_derived_from_cannot_be_missing(folder: Path) -> None:
    (folder / "silver" / "users.yaml").unlink()
    with pytest.raises(ContractError) as caught:
        load_contracts(folder)
    assert str(caught.value) == (
        "silver/users_history.yaml, customProperties.derivedFrom: users_history is derived from users, which "
        "has no contract; add users.yaml to the folder silver, or correct the name"
    )


def test_a_table_that_nothing_is_derived_from_can_be_missing(folder: Path) -> None:
    for name in ("silver/users_history", "gold/user_ltv", "gold/dim_status"):
        (folder / f"{name}.yaml").unlink()
    found = load_contracts(folder)
    assert (len(found.datasets), len(found.histories), len(found.gold)) == (3, 0, 8)


@pytest.mark.parametrize("zone", ["silver", "gold"])
def test_a_zone_without_a_contract_is_refused(folder: Path, zone: str) -> None:
    shutil.rmtree(folder / "gold")
    if zone == "silver":
        shutil.rmtree(folder / "silver")
    with pytest.raises(ContractError, match=f"{zone}: the folder has no contract; add one"):
        load_contracts(folder)


def test_a_contract_outside_of_the_zone_folders_is_refused(folder: Path) -> None:
    (folder / "bronze").mkdir()
    (folder / "bronze" / "visits.yaml").write_text(TEXT)
    with pytest.raises(
        ContractError, match=r"bronze/visits.yaml: not in one of the folders raw, silver, gold"
    ):
        load_contracts(folder)


def test_a_contract_in_a_file_of_another_name_is_refused(folder: Path) -> None:
    (folder / "silver" / "visit.yaml").write_text(TEXT)
    with pytest.raises(
        ContractError,
        match=r"silver/visit.yaml, schema\[0\].name: the name 'visits' differs from that of the file",
    ):
        load_contracts(folder)


def test_two_contracts_for_one_dataset_are_refused(folder: Path) -> None:
    (folder / "silver" / "visits.yaml").write_text(TEXT)
    (folder / "silver" / "visits.yml").write_text(TEXT)
    with pytest.raises(
        ContractError, match=r"silver/visits.yml: visits already has the contract silver/visits.yaml"
    ):
        load_contracts(folder)


def test_a_contract_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / "silver" / "events.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContractError, match=r"silver/events.yaml: cannot read the file"):
        load_contracts(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="contracts folder not found"):
        load_contracts(tmp_path / "none")


def test_one_contract_can_be_read_alone(folder: Path) -> None:
    contract = load_contract(folder / "gold" / "dim_status.yaml")
    assert (contract.name, contract.zone) == ("dim_status", Zone.GOLD)


def test_errors_for_unknown_names_list_the_known_ones() -> None:
    shipped = load_contracts()
    with pytest.raises(KeyError, match="known: events, users, transactions, users_history"):
        shipped.silver("visits")
    with pytest.raises(KeyError, match="known: dim_users"):
        shipped.table("visits")
    with pytest.raises(KeyError, match="it has country"):
        shipped.table("dim_country").column("city")
    with pytest.raises(KeyError, match="it has keys_unique"):
        shipped.table("dim_country").rule("age_range")
