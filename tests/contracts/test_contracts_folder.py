"""Reading a folder of contracts: which are found, and what is missing or in the wrong place is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import contracts
from contracts.errors import ContractError
from contracts.model import Zone
from contracts.reader import load_contract, load_contracts
from tests.contracts.yaml_text import TEXT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped contracts."""
    for zone in ("raw", "silver", "gold"):
        shutil.copytree(Path(contracts.__file__).parent / zone, tmp_path / zone)
    return tmp_path


def test_a_copy_of_the_shipped_contracts_reads_as_the_shipped_ones(folder: Path) -> None:
    assert load_contracts(folder) == load_contracts()


def test_a_further_dataset_and_table_stand_behind_the_specifications(folder: Path) -> None:
    (folder / "silver" / "visits.yml").write_text(TEXT)
    table = (folder / "gold" / "dim_status.yaml").read_text().replace("name: dim_status", "name: dim_a")
    (folder / "gold" / "dim_a.yaml").write_text(table)
    found = load_contracts(folder)
    assert [c.name for c in found.datasets] == ["events", "users", "transactions", "visits"]
    assert [c.name for c in found.gold][-2:] == ["user_ltv", "dim_a"]
    assert found.silver("visits").path == "silver/visits.yml"


@pytest.mark.parametrize(
    "name", ["raw/file_inventory", "silver/users_history", "silver/events", "gold/user_ltv"]
)
def test_a_missing_contract_is_named(folder: Path, name: str) -> None:
    (folder / f"{name}.yaml").unlink()
    with pytest.raises(ContractError, match=f"{name}.yaml: this contract is missing"):
        load_contracts(folder)


def test_a_contract_where_nobody_reads_it_is_refused(folder: Path) -> None:
    (folder / "bronze").mkdir()
    (folder / "bronze" / "visits.yaml").write_text(TEXT)
    with pytest.raises(ContractError, match=r"bronze/visits.yaml: a contract lies in raw, silver or gold"):
        load_contracts(folder)


def test_a_contract_in_a_file_of_another_name_is_refused(folder: Path) -> None:
    (folder / "silver" / "visit.yaml").write_text(TEXT)
    with pytest.raises(ContractError, match=r"silver/visit.yaml, schema\[0\].name: it declares 'visits'"):
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
    with pytest.raises(ContractError, match=r"silver/events.yaml: it cannot be read"):
        load_contracts(folder)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="there is no such folder of contracts"):
        load_contracts(tmp_path / "none")


def test_one_contract_can_be_read_alone(folder: Path) -> None:
    contract = load_contract(folder / "gold" / "dim_status.yaml")
    assert (contract.name, contract.zone) == ("dim_status", Zone.GOLD)


def test_unknown_names_are_answered_with_the_known_ones() -> None:
    shipped = load_contracts()
    with pytest.raises(KeyError, match="there are events, users, transactions, users_history"):
        shipped.silver("visits")
    with pytest.raises(KeyError, match="there are dim_users"):
        shipped.table("visits")
    with pytest.raises(KeyError, match="it has country"):
        shipped.table("dim_country").column("city")
    with pytest.raises(KeyError, match="it has keys_unique"):
        shipped.table("dim_country").rule("age_range")
