"""The release that may be loaded: the current one, if the gate of GOLD let it through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_LETS_THROUGH = ("pass", "warn")


def check_release(context: Mapping[str, Any]) -> str:
    """Return the version of GOLD's current release.

    Raises:
        AirflowFailException: there is none, its verdict is not ``pass`` or ``warn``, or the gate of this very
            run did not let it through.
        AirflowException: the lake does not answer.
    """
    from airflow.sdk.exceptions import AirflowFailException

    from checkpoints.lake.promotion import current_release
    from dags.pipeline.setup import find_lake
    from dags.pipeline.verdict_file import read_outcome
    from dags.tasks.installation import read_installation
    from dags.tasks.note import verdict_of
    from dags.tasks.told import told_by
    from dags.tasks.transition import failed_by

    run = told_by(context)
    try:
        lake = find_lake(read_installation().settings)
        release = current_release(lake)
        outcome = read_outcome(lake, run.id, "silver_to_gold")
    except Exception as error:
        raise failed_by(error) from error
    if release is None:
        raise AirflowFailException("nothing was ever released in GOLD; run silver_to_gold first")
    if release.verdict not in _LETS_THROUGH:
        raise AirflowFailException(f"release {release.version} of GOLD was given for {release.verdict}")
    if outcome is not None and verdict_of(outcome) not in (*_LETS_THROUGH, "unchanged"):
        raise AirflowFailException(
            f"silver_to_gold of run {run.id} is {verdict_of(outcome)}: nothing is loaded"
        )
    return release.version
