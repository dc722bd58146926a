"""UpdateJob for moto's Glue, which lacks it: the update replaces the whole job.

Not covered: Glue's defaults for omitted fields, and its validation.
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
    """Patch moto's Glue with UpdateJob."""
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
