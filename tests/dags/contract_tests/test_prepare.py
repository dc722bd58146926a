"""Preparation of cases: options of contract and policy, and expectations about what there is not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dags.contract_tests.evaluate import prepare_cases
from dags.contract_tests.model import CaseError
from tests.dags.contract_tests.conftest import cases_of

if TYPE_CHECKING:
    from pathlib import Path

    from dags.contract_tests.evaluate import Installation
    from dags.contract_tests.prepare import PreparedCase

# Five lines: the options of a case begin in line 6.
CASE = """\
dataset: transactions
cases:
  - name: one
    given:
      shop.csv: "tx_id,user_id\\n"
"""
PASSES = "    expect: {verdict: pass}\n"


def prepared(installation: Installation, folder: Path, options: str) -> PreparedCase:
    """Return the case with further keys, prepared."""
    (found,) = prepare_cases(installation, cases_of(installation, folder, f"{CASE}{options}"))
    return found


def test_without_options_contract_and_policy_are_the_datasets(
    installation: Installation, tmp_path: Path
) -> None:
    case = prepared(installation, tmp_path, PASSES)
    assert case.contract is installation.contracts.silver("transactions")
    assert case.policy is installation.policies.of("transactions")
    assert case.files == {"shop.csv": b"tx_id,user_id\n"}
    assert case.run.as_of == datetime(2024, 6, 30, tzinfo=UTC)


def test_options_replace_those_of_the_contract_and_policy(installation: Installation, tmp_path: Path) -> None:
    options = """\
    contract:
      recency: [age]
      sources: [{name: shop, glob: "*.csv", columns: {tx_id: order_no}}]
    policy: {max_quarantine_ratio: 0.5, overrides: {age_range: warn}}
"""
    case = prepared(installation, tmp_path, options + PASSES)
    assert case.contract.recency == ("age",)
    assert [(source.name, dict(source.columns)) for source in case.contract.sources] == [
        ("shop", {"tx_id": "order_no"})
    ]
    own = installation.policies.of("transactions")
    assert (case.policy.max_quarantine_ratio, case.policy.retention_days) == (0.5, own.retention_days)
    assert "age_range" in {rule.name for rule in case.counted}
    assert "age_range" not in {rule.name for rule in case.routed}
    assert installation.contracts.silver("transactions").recency != ("age",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            "    contract: {merge: scd1}\n" + PASSES,
            "cases.yaml:6, case 'one': unknown option 'merge' (expected one of sources, dateOrder, recency, "
            "ignoredColumns)",
        ),
        (
            "    contract: {recency: [placed_at]}\n" + PASSES,
            "cases.yaml:6, case 'one': the contract is invalid with these options: "
            "silver/transactions.yaml, customProperties.recency",
        ),
        (
            "    policy:\n      max_quarantine_ratio: 2\n" + PASSES,
            "cases.yaml:7, case 'one': invalid policy: max_quarantine_ratio: Input should be less than or "
            "equal to 1 (expected keys: overrides, masked_columns, retention_days, alerts, max_quara",
        ),
        (
            "    policy: {max_quarantined: 1}\n" + PASSES,
            "cases.yaml:6, case 'one': invalid policy: max_quarantined: Extra inputs are not permitted",
        ),
        (
            "    policy: {overrides: {age_rang: warn}}\n" + PASSES,
            "cases.yaml:6, case 'one': invalid policy: ",
        ),
        (
            "    as_of: noon\n" + PASSES,
            "cases.yaml:6, case 'one': ",
        ),
        (
            "    expect:\n      rules: {age_rang: 1}\n",
            "cases.yaml:7, case 'one': no rule 'age_rang' (expected one of accounting, age_range, ",
        ),
        (
            "    expect:\n      rules: {age_range: holds}\n",
            "cases.yaml:7, case 'one': invalid state of age_range (expected a number of rows, found 'holds')",
        ),
        (
            "    expect:\n      rules: {volume_drop: 1}\n",
            "cases.yaml:7, case 'one': invalid state of volume_drop (expected holds or broken, found 1)",
        ),
        (
            "    expect:\n      quarantined:\n        - rules: [status_known]\n",
            "cases.yaml:8, case 'one': no row is quarantined by status_known (expected among age_range, ",
        ),
        (
            "    expect:\n      quarantined: [{rules: [age_range], file: shop.json}]\n",
            "cases.yaml:7, case 'one': no such file is given (found 'shop.json')",
        ),
        (
            "    expect:\n      rejected:\n        shop.xlsx: unsupported_format\n",
            "cases.yaml:8, case 'one': no such file is given (found 'shop.xlsx')",
        ),
    ],
)
def test_an_invalid_option_or_expectation_is_named_with_its_line(
    installation: Installation, tmp_path: Path, options: str, message: str
) -> None:
    with pytest.raises(CaseError) as raised:
        prepared(installation, tmp_path, options)
    assert str(raised.value).startswith(message)


def test_a_row_rule_that_the_policy_quarantines_by_may_be_expected(
    installation: Installation, tmp_path: Path
) -> None:
    options = "    policy: {overrides: {status_known: quarantine}}\n"
    case = prepared(
        installation, tmp_path, options + "    expect: {quarantined: [{rules: [status_known]}]}\n"
    )
    assert "status_known" in {rule.name for rule in case.routed}


def test_rules_of_histories_are_named_with_their_table(installation: Installation, tmp_path: Path) -> None:
    text = """\
    dataset: users
    cases:
      - name: one
        given: {crm.csv: ""}
        expect: {rules: {users_history.keys_unique: holds}}
    """
    assert len(prepare_cases(installation, cases_of(installation, tmp_path, text))) == 1
