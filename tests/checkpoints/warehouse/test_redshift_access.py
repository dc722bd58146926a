"""Owner and readers of the schema: one set-up by a superuser, then a loader that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checkpoints.warehouse.redshift_access import Access
from checkpoints.warehouse.warehouse import LoadStatus, WarehouseError
from contracts.errors import ConfigurationError
from tests.checkpoints.warehouse.releases import CONTRACTS, FIRST, NOON, write_release
from tests.checkpoints.warehouse.warehouses import RedshiftBench, redshift_bench
from tests.stand_ins.redshift.errors import RedshiftServerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checkpoints.warehouse.warehouse import LoadedTable

LOADER = "IAMR:lakegate-glue"
ACCESS = Access(LOADER, ("analysts",))


@pytest.fixture
def bench() -> Iterator[RedshiftBench]:
    with redshift_bench(is_by_wire=False) as bench:
        yield bench


def equal(tables: tuple[LoadedTable, ...]) -> bool:
    return all(table.matches_manifest for table in tables)


def set_up(bench: RedshiftBench) -> None:
    """Set up the schema as a superuser, and make Ann an analyst; the next login is the loader's."""
    bench.open().setup.carry_out(CONTRACTS, ACCESS)
    bench.database.session(user="ann").close()
    bench.database.query("GRANT ROLE analysts TO ann")
    bench.data_api.identity = LOADER


def users_of_ann(bench: RedshiftBench) -> list[tuple[object, ...]]:
    return bench.database.query("SELECT COUNT(*) FROM gold.dim_users", user="ann")


def test_a_loader_that_is_no_superuser_loads_and_readers_read(bench: RedshiftBench) -> None:
    set_up(bench)
    assert bench.open().setup.ownership_problem(CONTRACTS) is None
    release = write_release(bench.gold, "v1", FIRST)
    assert bench.open().load(release, equal, now=NOON).status is LoadStatus.LOADED
    assert users_of_ann(bench) == [(2,)]
    owners = bench.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'gold'")
    assert owners == [("iamr:lakegate-glue",)]


def test_a_table_made_anew_by_the_loader_can_still_be_read(bench: RedshiftBench) -> None:
    set_up(bench)
    bench.database.query('ALTER TABLE "gold"."dim_users" RENAME TO "dim_users_before"', user=LOADER)
    bench.open().load(write_release(bench.gold, "v1", FIRST), equal, now=NOON)
    assert users_of_ann(bench) == [(2,)]


@pytest.mark.parametrize("is_by_wire", [False, True], ids=["by the Data API", "by the wire protocol"])
def test_a_second_set_up_changes_nothing(*, is_by_wire: bool) -> None:
    with redshift_bench(is_by_wire=is_by_wire) as bench:
        setup = bench.open(schema="mart").setup
        first = setup.carry_out(CONTRACTS, ACCESS)
        assert first[:3] == (
            'CREATE USER "IAMR:lakegate-glue" PASSWORD DISABLE',
            'CREATE ROLE "analysts"',
            'CREATE SCHEMA IF NOT EXISTS "mart"',
        )
        assert first[-1] == (
            'ALTER DEFAULT PRIVILEGES FOR USER "IAMR:lakegate-glue" IN SCHEMA "mart"'
            ' GRANT SELECT ON TABLES TO ROLE "analysts"'
        )
        assert setup.carry_out(CONTRACTS, ACCESS) == ()


def test_a_further_reader_is_all_that_is_granted_later(bench: RedshiftBench) -> None:
    setup = bench.open().setup
    setup.carry_out(CONTRACTS, ACCESS)
    later = setup.carry_out(CONTRACTS, Access(LOADER, ("analysts", "finance")))
    assert [sql.split('"')[0].strip() for sql in later] == [
        "CREATE ROLE",
        "GRANT USAGE ON SCHEMA",
        "GRANT SELECT ON TABLE",
        "ALTER DEFAULT PRIVILEGES FOR USER",
    ]
    assert all('ROLE "finance"' in sql for sql in later)


def test_what_the_loader_does_not_own_is_one_sentence(bench: RedshiftBench) -> None:
    set_up(bench)
    bench.data_api.identity = "IAMR:airflow"
    assert bench.open().setup.ownership_problem(CONTRACTS) == (
        "redshift-data://analytics/lakehouse?schema=gold: iamr:airflow loads the warehouse, but does not own"
        " schema gold (of iamr:lakegate-glue), _lakegate_release (of iamr:lakegate-glue), dim_users"
        " (of iamr:lakegate-glue) and 9 more;"
        " run `lakegate deploy --loader iamr:airflow` as a superuser of the database"
    )
    with pytest.raises(WarehouseError, match="permission denied for schema gold"):
        bench.open().load(write_release(bench.gold, "v1", FIRST), equal, now=NOON)


def test_a_login_that_may_not_grant_is_told_so_before_anything_is_changed(bench: RedshiftBench) -> None:
    bench.data_api.identity = "IAMR:deployer"
    setup = bench.open().setup
    plan = setup.plan(CONTRACTS, ACCESS)
    assert plan.statements[0] == 'CREATE USER "IAMR:lakegate-glue" PASSWORD DISABLE'
    assert "iamr:deployer is no superuser of the database" in str(plan.obstacle)
    with pytest.raises(WarehouseError, match="no superuser"):
        setup.carry_out(CONTRACTS, ACCESS)
    assert bench.query("SELECT COUNT(*) FROM pg_tables") == [(0,)]


def test_after_a_superuser_ran_the_statements_any_login_finds_nothing_to_do(bench: RedshiftBench) -> None:
    for statement in bench.open().setup.plan(CONTRACTS, ACCESS).statements:
        bench.database.query(statement)
    bench.data_api.identity = "IAMR:deployer"
    setup = bench.open().setup
    assert setup.live_tables() == {}  # as it may read none
    plan = setup.plan(CONTRACTS, Access(LOADER))
    assert (plan.statements, plan.obstacle) == ((), None)


def test_a_login_that_loads_itself_needs_no_superuser(bench: RedshiftBench) -> None:
    bench.database.query(f'CREATE USER "{LOADER}" PASSWORD DISABLE')
    bench.database.query(f'ALTER SCHEMA "gold" OWNER TO "{LOADER}"')
    bench.data_api.identity = LOADER
    setup = bench.open().setup
    assert len(setup.carry_out(CONTRACTS, Access())) > 10
    assert setup.ownership_problem(CONTRACTS) is None


@pytest.mark.parametrize("name", ['x"; DROP TABLE t', "", "a b", "é"])
def test_a_name_that_no_user_has_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"--loader: invalid name"):
        Access(name)
    with pytest.raises(ConfigurationError, match=r"--readers: invalid name"):
        Access(None, (name,))


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("DROP TABLE gold.dim_users", "permission denied for schema gold"),
        ("CREATE TABLE gold.mine (a INTEGER)", "permission denied for schema gold"),
        ("CREATE SCHEMA mine", "permission denied for database"),
        ("CREATE ROLE mine", "permission denied to create role"),
        ('ALTER SCHEMA "gold" OWNER TO "bob"', "must be superuser"),
    ],
)
def test_the_stand_in_refuses_what_redshift_refuses_a_stranger(
    bench: RedshiftBench, sql: str, refusal: str
) -> None:
    set_up(bench)
    with pytest.raises(RedshiftServerError, match=refusal):
        bench.database.query(sql, user="bob")


@pytest.mark.parametrize(
    ("sql", "refusal"),
    [
        ("DROP TABLE gold.dim_users", "must be owner"),
        ("TRUNCATE gold.dim_users", "must be owner"),
        ("ALTER TABLE gold.dim_users ADD COLUMN a INTEGER", "must be owner"),
        ("COMMENT ON COLUMN gold.dim_users.email IS 'x'", "must be owner"),
        ("DELETE FROM gold.dim_users", "permission denied for relation dim_users"),
        ("GRANT SELECT ON TABLE gold.dim_users TO ROLE analysts", "must be owner"),
    ],
)
def test_the_stand_in_refuses_what_redshift_refuses_a_reader(
    bench: RedshiftBench, sql: str, refusal: str
) -> None:
    set_up(bench)
    with pytest.raises(RedshiftServerError, match=refusal):
        bench.database.query(sql, user="ann")
