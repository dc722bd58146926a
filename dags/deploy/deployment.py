"""The deployment plan: all steps, in order of dependency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.warehouse.opening import open_redshift
from contracts.loader import load_contracts
from dags.deploy.arrivals import plan_arrivals
from dags.deploy.buckets import plan_buckets
from dags.deploy.catalog import plan_database
from dags.deploy.jobs import plan_jobs
from dags.deploy.monitoring import plan_monitoring
from dags.deploy.plan import SQL, Difference, Plan, Step, make_step
from dags.deploy.roles import missing_glue_role, plan_roles
from dags.deploy.tags import plan_tags
from dags.deploy.uploads import plan_uploads
from quarantine_policies.reader import check_policies, load_policies

if TYPE_CHECKING:
    from checkpoints.warehouse.warehouse import WarehouseError
    from contracts.loader import Contracts
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target


def plan_deployment(aws: Aws, target: Target, *, with_roles: bool) -> Plan:
    """Compare the account with the target. Writes nothing.

    Args:
        aws: clients of the account.
        target: the desired state.
        with_roles: whether to create roles and policies; else a missing role is an obstacle.

    Raises:
        ConfigurationError: a contract or policy is invalid.
        LakegateError: AWS or Redshift cannot be read.
    """
    contracts = load_contracts(target.settings.contracts)
    policies = load_policies(target.settings.policies)
    check_policies(policies, contracts)
    creates_role = with_roles and target.glue_role is None
    obstacle = None if creates_role else missing_glue_role(aws, target)
    schema, schema_obstacle = _plan_schema(target, contracts)
    return Plan(
        (
            *plan_buckets(aws, target, contracts, policies),
            *plan_uploads(aws, target),
            *(plan_roles(aws, target) if with_roles else ()),
            *plan_database(aws, target),
            *plan_jobs(aws, target),
            *plan_arrivals(aws, target),
            *plan_monitoring(aws, target, contracts),
            plan_tags(aws, target, with_roles=with_roles),
            *schema,
        ),
        obstacles=tuple(one for one in (obstacle, schema_obstacle) if one),
    )


def _plan_schema(target: Target, contracts: Contracts) -> tuple[tuple[Step, ...], WarehouseError | None]:
    """Return a step for the SQL that Redshift lacks, and what keeps the login from running it.

    No step if the warehouse is not Redshift.

    Raises:
        PreflightError: a live table must be altered manually first; the message contains the statement.
        WarehouseError: Redshift cannot be read.
    """
    if target.redshift is None:
        return (), None
    setup = open_redshift(target.redshift).setup
    plan = setup.plan(contracts.gold, target.access)

    def apply() -> None:
        setup.carry_out(contracts.gold, target.access)

    differences = [Difference(SQL, None, statement) for statement in plan.statements]
    step = make_step("schema", setup.address.uri, differences, apply, exists=not plan.is_new)
    return (step,), plan.obstacle
