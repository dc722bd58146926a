"""The whole deployment, in the order in which its parts need each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.reader import load_contracts
from dags.deploy.buckets import plan_buckets
from dags.deploy.jobs import plan_jobs
from dags.deploy.plan import Plan
from dags.deploy.roles import missing_glue_role, plan_roles
from dags.deploy.schema import plan_schema
from dags.deploy.uploads import plan_uploads
from quarantine_policies.reader import check_policies, load_policies

if TYPE_CHECKING:
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target


def plan_deployment(aws: Aws, target: Target, *, with_roles: bool) -> Plan:
    """Compare all that AWS holds with what it should hold. Writes nothing.

    Args:
        aws: where to look.
        target: what should be there.
        with_roles: whether roles and policies are ours to make; else a missing role is an obstacle.

    Raises:
        ConfigurationError: a contract or a policy is wrong.
        LakegateError: AWS cannot be asked.
    """
    contracts = load_contracts(target.settings.contracts)
    policies = load_policies(target.settings.policies)
    check_policies(policies, contracts)
    is_role_ours = with_roles and target.glue_role is None
    obstacle = None if is_role_ours else missing_glue_role(aws, target)
    return Plan(
        (
            *plan_buckets(aws, target, contracts, policies),
            *plan_uploads(aws, target),
            *(plan_roles(aws, target) if with_roles else ()),
            *plan_jobs(aws, target),
            *plan_schema(target, contracts),
        ),
        obstacles=(obstacle,) if obstacle else (),
    )
