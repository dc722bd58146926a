"""Selection and evaluation of cases: by path and name, with their own options, and apart from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dags.contract_tests.model import CaseError
from dags.contract_tests.run import run_cases, select_cases
from dags.settings import read_settings
from tests.dags.contract_checks.conftest import SHIPPED
from tests.dags.contract_tests.conftest import cases_of, write_cases

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pyspark.sql import SparkSession

    from dags.contract_tests.compare import CaseResult
    from dags.contract_tests.evaluate import Installation

# Each pair of cases has the same files, and an option of one makes the difference. All expectations are those
# without options, so that exactly the cases with an effective option fail.
OPTIONS = """\
dataset: transactions
as_of: 2024-06-30T00:00:00Z
cases:
  - name: plain
    given: &shop
      shop.csv: |
        tx_id,user_id,amount,created_at,age
        t1,u1,1,2024-05-02,20
        t1,u1,2,2024-05-01,30
        t2,u1,3,2024-06-20,121
        t3,u1,4,2024-06-20,50
    expect: &plain
      silver: [{tx_id: t1, amount: 1, _source_file: shop.csv}, {tx_id: t3, amount: 4}]
      quarantined: [{raw: "t2,u1,3,2024-06-20,121", rules: [age_range]}]
      accounting:
        {rows_read: 4, rows_promoted: 2, rows_quarantined: 1, rows_deduplicated: 1, rows_excluded: 0}
      rules: {volume_drop: holds, quarantine_ratio: holds, duplicates_conflicting: broken}
      verdict: warn
  - {name: sources, given: *shop, expect: *plain, contract: {sources: [
      {name: shop, glob: "*.csv", where: "number(age) < 60", columns: {amount: number(amount) * 10}}]}}
  - {name: recency, given: *shop, expect: *plain, contract: {recency: [age]}}
  - {name: policy, given: *shop, expect: *plain, policy: {max_quarantine_ratio: 0.2}}
  - {name: overrides, given: *shop, expect: *plain, policy: {overrides: {age_range: block}}}
  - {name: clock, given: *shop, expect: *plain, as_of: 2024-06-01T00:00:00Z}
  - {name: last rows, given: *shop, expect: *plain, last_rows: 5}
"""
FURTHER_T3 = "a further row {rules: [created_at_impossible], file: 'shop.csv', raw: 't3,u1,4,2024-06-20,50'}"
DIFFERENCES: Mapping[str, list[tuple[str, str, str]]] = {
    "plain": [],
    "sources": [
        ("silver[0].amount of 't1'", "1", "10"),
        ("silver[1].amount of 't3'", "4", "40"),
        ("quarantined[0]", "{rules: [age_range], raw: 't2,u1,3,2024-06-20,121'}", "no such row"),
        ("accounting.rows_read", "4", "3"),
        ("accounting.rows_quarantined", "1", "0"),
        ("accounting.rows_excluded", "0", "1"),
    ],
    "recency": [("silver[0].amount of 't1'", "1", "2")],
    "policy": [
        ("verdict", "warn", "block (quarantine_ratio)"),
        ("rules.quarantine_ratio", "holds", "broken"),
    ],
    "overrides": [("verdict", "warn", "block (age_range)")],
    "clock": [
        ("verdict", "warn", "block (quarantine_ratio)"),
        ("silver[1]", "{tx_id: 't3', amount: 4}", "no such row"),
        ("quarantined[0].rules", "[age_range]", "[age_range, created_at_impossible]"),
        ("quarantined", "nothing", FURTHER_T3),
        ("accounting.rows_promoted", "2", "1"),
        ("accounting.rows_quarantined", "1", "2"),
        ("rules.quarantine_ratio", "holds", "broken"),
    ],
    "last rows": [("rules.volume_drop", "holds", "broken")],
}


@pytest.fixture(scope="module")
def results(
    installation: Installation, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, CaseResult]:
    """Return the results of the cases above, evaluated together, by name."""
    cases = cases_of(installation, tmp_path_factory.mktemp("cases"), OPTIONS)
    done: list[int] = []
    found = run_cases(installation, read_settings(), cases, done.append, lambda: spark)
    assert sum(done) == len(cases)
    assert [result.case.name for result in found] == [case.name for case in cases]
    return {result.case.name: result for result in found}


@pytest.mark.parametrize("name", DIFFERENCES)
def test_an_option_changes_the_outcome_of_its_case_alone(
    results: Mapping[str, CaseResult], name: str
) -> None:
    found = [(one.what, one.expected, one.found) for one in results[name].differences]
    assert sorted(found) == sorted(DIFFERENCES[name])


def test_a_blocked_raw_to_bronze_ends_the_case(
    installation: Installation, spark: SparkSession, tmp_path: Path
) -> None:
    text = """\
    dataset: users
    cases:
      - name: blocked
        policy: {max_rejected_bytes_ratio: 0.0}
        given: {crm.csv: "user_id\\nu1\\n", crm.xlsx: no table}
        expect:
          rejected: {crm.xlsx: unsupported_format}
          verdict: {raw_to_bronze: block}
      - name: without a limit
        given: {crm.csv: "user_id\\nu1\\n", crm.xlsx: no table}
        expect:
          silver: [{user_id: u1}]
          verdict: {raw_to_bronze: warn}
      - name: rows of a blocked one
        policy: {max_rejected_bytes_ratio: 0.0}
        given: {crm.xlsx: no table}
        expect: {silver: []}
    """
    cases = cases_of(installation, tmp_path, text)
    found = run_cases(installation, read_settings(), cases, lambda _: None, lambda: spark)
    assert [[(one.what, one.found) for one in result.differences] for result in found] == [
        [],
        [],
        [("expect", "raw_to_bronze is blocked")],
    ]


def test_an_expression_that_spark_cannot_read_is_named_with_its_case(
    installation: Installation, spark: SparkSession, tmp_path: Path
) -> None:
    text = """\
    dataset: users
    cases:
      - name: nested
        given: {crm.csv: "user_id,name\\nu1,Ada\\n"}
        contract:
          sources: [{name: crm, glob: "*.csv", columns: {name: "sum(name)"}}]
        expect: {silver: [{user_id: u1}]}
    """
    cases = cases_of(installation, tmp_path, text)
    with pytest.raises(CaseError, match=r"^cases\.yaml:5, case 'nested': .*sources\.crm"):
        run_cases(installation, read_settings(), cases, lambda _: None, lambda: spark)


TWO = """\
dataset: users
cases:
  - {name: Ages of USERS, given: {a.csv: ""}, expect: {verdict: pass}}
  - {name: names, given: {a.csv: ""}, expect: {verdict: pass}}
"""


@pytest.mark.parametrize(
    ("name", "selected"),
    [(None, ["Ages of USERS", "names"]), ("users", ["Ages of USERS"]), ("A", ["Ages of USERS", "names"])],
)
def test_cases_are_selected_by_a_part_of_their_name(
    installation: Installation, tmp_path: Path, name: str | None, selected: list[str]
) -> None:
    path = write_cases(tmp_path, TWO)
    found = select_cases(installation, SHIPPED, [path], name)
    assert [case.name for case in found] == selected


def test_a_name_of_no_case_is_refused(installation: Installation, tmp_path: Path) -> None:
    path = write_cases(tmp_path, TWO)
    with pytest.raises(CaseError) as raised:
        select_cases(installation, SHIPPED, [path], "ages of orders")
    assert str(raised.value) == "-k: none of 2 cases has a name with 'ages of orders'"


def test_without_paths_all_cases_beside_the_contracts_are_selected(installation: Installation) -> None:
    found = select_cases(installation, SHIPPED, (), None)
    assert {case.dataset for case in found} == {"events", "users", "transactions"}
    assert {case.location.file.partition("/cases/")[0] for case in found} == {"silver"}
    assert len({(case.location.file, case.name) for case in found}) == len(found) >= 200
