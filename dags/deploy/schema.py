"""The warehouse's schema: the DDL that Redshift lacks, from the contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.warehouse.opening import open_redshift
from dags.deploy.plan import Difference, Step, step_of

if TYPE_CHECKING:
    from contracts.reader import Contracts
    from dags.deploy.target import Target


def plan_schema(target: Target, contracts: Contracts) -> tuple[Step, ...]:
    """Return a step for the schema, none when the warehouse is no Redshift.

    Raises:
        PreflightFailed: a live table has to be changed by a person first; the sentence holds the statement.
        WarehouseError: Redshift cannot be asked.
    """
    if target.redshift is None:
        return ()
    warehouse = open_redshift(target.redshift)
    missing = warehouse.plan_tables(contracts.gold)

    def apply() -> None:
        warehouse.create_tables(contracts.gold)

    differences = [Difference("ddl", None, statement) for statement in missing]
    is_there = not any(statement.startswith("CREATE SCHEMA") for statement in missing)
    return (step_of("schema", warehouse.uri, differences, apply, is_there=is_there),)
