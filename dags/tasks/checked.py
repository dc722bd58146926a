"""The first task of every DAG: checks the installation, and what the run was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_here(context: Mapping[str, Any], transitions: tuple[str, ...]) -> None:
    """Check all that these transitions need.

    Raises:
        AirflowFailException: something is missing or wrong; a sentence for each.
        AirflowException: AWS does not answer.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from dags.tasks.checks import what_is_missing
    from dags.tasks.installation import read_installation
    from dags.tasks.told import run_of, told_by
    from dags.tasks.transition import failed_by

    try:
        run_of(told_by(context))
        missing = what_is_missing(read_installation(), transitions)
    except Exception as error:
        raise failed_by(error) from error
    if missing:
        raise AirflowFailException("\n".join(missing))
