"""Loading of cases: files found, and invalid ones named with file and line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from dags.contract_tests.load import find_case_files, load_cases
from dags.contract_tests.model import CaseError
from tests.dags.contract_checks.conftest import SHIPPED
from tests.dags.contract_tests.conftest import cases_of, write_cases

if TYPE_CHECKING:
    from pathlib import Path

    from dags.contract_tests.evaluate import Installation

# Six lines, so that what is expected begins in line 7.
USERS = """\
dataset: users
cases:
  - name: ada
    given:
      crm.csv: "user_id,name\\n"
    expect:
"""


def test_expected_values_have_their_columns_types(installation: Installation, tmp_path: Path) -> None:
    (case,) = cases_of(
        installation,
        tmp_path,
        """\
        dataset: transactions
        cases:
          - name: t1
            given: {shop.csv: ""}
            expect:
              silver:
                - {tx_id: t1, amount: 1.5, created_at: 2024-05-01, age: 36, event_date: 2024-05-01}
                - {_extra: {coupon: SPRING}, email: null, created_at: "2024-05-01T10:00:00+02:00"}
        """,
    )
    assert case.tables == {
        "transactions": (
            {
                "tx_id": "t1",
                "amount": Decimal("1.5000"),
                "created_at": datetime(2024, 5, 1, tzinfo=UTC),
                "age": 36,
                "event_date": date(2024, 5, 1),
            },
            {
                "_extra": {"coupon": "SPRING"},
                "email": None,
                "created_at": datetime(2024, 5, 1, 8, tzinfo=UTC),
            },
        )
    }


def test_a_case_has_its_own_clock_or_that_of_its_file(installation: Installation, tmp_path: Path) -> None:
    cases = cases_of(
        installation,
        tmp_path,
        """\
        dataset: users
        as_of: 2024-01-01T00:00:00Z
        cases:
          - {name: a, given: {a.csv: ""}, expect: {verdict: pass}}
          - {name: b, given: {a.csv: ""}, expect: {verdict: pass}, as_of: "2020-01-01T00:00:00Z"}
        """,
    )
    assert [(case.name, case.as_of) for case in cases] == [
        ("a", "2024-01-01T00:00:00+00:00"),
        ("b", "2020-01-01T00:00:00Z"),
    ]


def test_cases_without_a_clock_have_the_default_one(installation: Installation, tmp_path: Path) -> None:
    (case,) = cases_of(installation, tmp_path, USERS + "      verdict: pass\n")
    assert case.as_of == "2024-06-30T00:00:00Z"


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        (
            "      silver: [{user: u1}]",
            "cases.yaml:7, case 'ada': users has no column 'user' (expected one of user_id, name, email, "
            "phone, city, age, updated_at, _extra, _source_file, event_date)",
        ),
        (
            "      silver:\n        - {user_id: u1}\n        - {age: old}",
            "cases.yaml:9, case 'ada': age is int: write a value of this type (found 'old')",
        ),
        (
            "      silver: [{name: 7}]",
            "cases.yaml:7, case 'ada': name is string: put a text in quotes (found 7)",
        ),
        (
            "      silver: [{updated_at: soon}]",
            "cases.yaml:7, case 'ada': updated_at is timestamp: write it in ISO 8601, such as "
            "2024-05-01T10:00:00Z (found 'soon')",
        ),
        (
            "      histories:\n        users_past: []",
            "cases.yaml:8, case 'ada': users has no history 'users_past' (expected one of users_history)",
        ),
        (
            "      histories:\n        users_history:\n          - {valid_to: null, current: true}",
            "cases.yaml:9, case 'ada': users_history has no column 'current' (expected one of user_id, "
            "name, email, city, phone, age, valid_from, valid_to, is_current)",
        ),
        (
            "      quarantined: []\n      rejections: {}",
            "cases.yaml:8, case 'ada': unknown key 'rejections' (expected one of silver, quarantined, "
            "accounting, rejected, rules, verdict, histories)",
        ),
        (
            "      accounting: {rows: 1}",
            "cases.yaml:7, case 'ada': unknown key 'rows' (expected one of rows_read, rows_promoted, "
            "rows_quarantined, rows_deduplicated, rows_conflicting, rows_excluded)",
        ),
        (
            "      quarantined:\n        - {rule: malformed}",
            "cases.yaml:8, case 'ada': expect.quarantined.0.rules: Field required",
        ),
        (
            "      accounting:\n        rows_read: '1'",
            "cases.yaml:8, case 'ada': expect.accounting.rows_read: Input should be a valid integer "
            "(found '1')",
        ),
        (
            "      {}",
            "cases.yaml:6, case 'ada': expect: expects nothing; known: silver, quarantined, accounting, "
            "rejected, rules, verdict, histories",
        ),
        (
            "      rejected: {crm.csv: odd}",
            "cases.yaml:7, case 'ada': expect.rejected.crm.csv: Input should be 'unsupported_format', ",
        ),
    ],
)
def test_an_invalid_expectation_is_named_with_its_line(
    installation: Installation, tmp_path: Path, expectation: str, message: str
) -> None:
    with pytest.raises(CaseError) as raised:
        cases_of(installation, tmp_path, f"{USERS}{expectation}\n")
    assert str(raised.value).startswith(message)
    if not message.endswith(", "):  # a list of values that other tests keep
        assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "dataset: user\ncases: [{name: a, given: {a.csv: ''}, expect: {verdict: pass}}]\n",
            "cases.yaml:1: unknown dataset (expected one of events, users, transactions, found 'user')",
        ),
        (
            "dataset: users_history\ncases: [{name: a, given: {a.csv: ''}, expect: {verdict: pass}}]\n",
            "cases.yaml:1: unknown dataset (expected one of events, users, transactions, "
            "found 'users_history')",
        ),
        (
            "dataset: users\nclock: 2024-01-01\n"
            "cases: [{name: a, given: {a.csv: ''}, expect: {verdict: pass}}]\n",
            "cases.yaml:2: unknown key 'clock' (expected one of dataset, cases, as_of)",
        ),
        ("dataset: users\ncases: []\n", "cases.yaml:2: cases: Tuple should have at least 1 item"),
        (
            USERS + "      verdict: pass\n    option: 1\n",
            "cases.yaml:8, case 'ada': unknown key 'option' (expected one of name, given, expect, as_of, "
            "contract, policy, last_rows)",
        ),
        (
            USERS + "      verdict: pass\n    last_rows: -1\n",
            "cases.yaml:8, case 'ada': last_rows: Input should be greater than or equal to 0 (found -1)",
        ),
        (
            USERS + "      verdict: pass\n  - {name: ada, given: {a.csv: ''}, expect: {verdict: pass}}\n",
            "cases.yaml:8, case 'ada': the name is that of the case in line 3; rename one",
        ),
        (
            "dataset: users\ncases:\n  - name: a\n    given:\n      a.csv: {txt: ''}\n"
            "    expect: {verdict: pass}\n",
            "cases.yaml:5, case 'a': unknown key 'txt' (expected one of text, encoding, repeat, base64, "
            "rows, types, gzip)",
        ),
        ("- users\n", "cases.yaml:1: Input should be a valid dictionary or instance of CaseFileEntry "),
    ],
)
def test_an_invalid_file_is_named_with_its_line(
    installation: Installation, tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CaseError) as raised:
        cases_of(installation, tmp_path, text)
    assert str(raised.value).startswith(message)


def test_text_that_is_no_yaml_is_named_with_its_line(installation: Installation, tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"^cases\.yaml: invalid YAML: .*line 2, column 9"):
        cases_of(installation, tmp_path, "dataset: users\ncases: [}\n")


def test_a_key_twice_is_refused(installation: Installation, tmp_path: Path) -> None:
    text = USERS + "      verdict: pass\n      verdict: block\n"
    with pytest.raises(CaseError, match=r"^cases\.yaml: invalid YAML: .*verdict"):
        cases_of(installation, tmp_path, text)


def test_bytes_that_are_no_text_are_refused(installation: Installation, tmp_path: Path) -> None:
    path = tmp_path / "cases.yaml"
    path.write_bytes(b"dataset: \xff\n")
    with pytest.raises(CaseError, match=r"^cases\.yaml: cannot read the file: 'utf-8' codec"):
        list(load_cases(path, "cases.yaml", installation.contracts))


def test_files_are_found_below_the_contracts_and_named_from_there(tmp_path: Path) -> None:
    folder = tmp_path / "silver/cases/users"
    folder.mkdir(parents=True)
    path = write_cases(folder, USERS)
    write_cases(tmp_path / "silver", "name: users")  # a contract
    assert find_case_files((), tmp_path) == [(path, "silver/cases/users/cases.yaml")]


def test_paths_are_files_and_folders_and_named_as_given(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    first, second = write_cases(tmp_path, USERS, "one.yaml"), write_cases(tmp_path / "more", USERS)
    (tmp_path / "more/notes.txt").write_text("not a case")
    found = find_case_files([first, tmp_path / "more"], SHIPPED.contracts)
    assert found == [(first, str(first)), (second, str(second))]


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError) as raised:
        find_case_files([tmp_path / "none.yaml"], SHIPPED.contracts)
    assert str(raised.value) == f"{tmp_path}/none.yaml: no such file or folder"


def test_a_folder_without_cases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError) as raised:
        find_case_files([tmp_path], SHIPPED.contracts)
    expected = "there are no cases (expected YAML files, below the contracts in a folder named cases)"
    assert str(raised.value) == f"{tmp_path}: {expected}"
