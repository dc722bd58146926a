"""UpdateJob for moto's Glue, which has none: the update is the whole job, what it leaves out is gone.

It does not prove how Glue fills in what an update leaves out, nor that it would take what it is given.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING
from unittest.mock import patch

from moto.core.responses import ActionResult
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def jobs_can_be_updated() -> Iterator[None]:
    """Let moto's Glue replace a job by what UpdateJob says."""
    takes = [name for name in signature(GlueBackend.create_job).parameters if name not in ("self", "name")]

    def update_job(self: GlueResponse) -> ActionResult:
        name, update = self._get_param("JobName"), self._get_param("JobUpdate")
        self.glue_backend.get_job(name)  # raises EntityNotFoundException
        given = {_snake(field): value for field, value in update.items()}
        job = {field: given.get(field) for field in takes}
        self.glue_backend.create_job(**{**job, "name": name})
        return ActionResult({"JobName": name})

    with patch.object(GlueResponse, "update_job", update_job, create=True):
        yield


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
