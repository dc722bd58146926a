"""Glue database of the catalog; its tables are made by the jobs that publish to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dags.deploy.aws import get_or_none, translate_errors
from dags.deploy.plan import Difference, Step, make_step

if TYPE_CHECKING:
    from dags.deploy.aws import Aws
    from dags.deploy.target import Target

_DESCRIPTION = "lakegate: promoted versions of silver and gold, as Iceberg tables"


def plan_database(aws: Aws, target: Target) -> tuple[Step, ...]:
    """Return the step that makes the database, if there is a catalog. One that exists is left as it is."""
    name = target.database
    if name is None:
        return ()
    glue = aws.client("glue")
    with translate_errors("cannot read a Glue database", name):
        found = get_or_none(glue.get_database, ("EntityNotFoundException",), Name=name)

    def apply() -> None:
        with translate_errors("cannot make a Glue database", name):
            glue.create_database(DatabaseInput={"Name": name, "Description": _DESCRIPTION})

    differences = () if found else (Difference("database", None, name),)
    return (make_step("database", name, differences, apply, exists=found is not None),)
