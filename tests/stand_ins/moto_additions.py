"""What moto lacks: UpdateJob of Glue, which replaces the whole job; tags of CloudWatch's dashboards.

Not covered: Glue's defaults for omitted fields, and its validation.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from inspect import signature
from typing import TYPE_CHECKING
from unittest.mock import patch

from moto.cloudwatch.models import CloudWatchBackend
from moto.core.responses import ActionResult
from moto.glue.models import GlueBackend
from moto.glue.responses import GlueResponse

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def moto_additions() -> Iterator[None]:
    """Patch moto."""
    with _jobs_can_be_updated(), _dashboards_can_be_tagged():
        yield


@contextmanager
def _jobs_can_be_updated() -> Iterator[None]:
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


@contextmanager
def _dashboards_can_be_tagged() -> Iterator[None]:
    """TagResource takes dashboards by CloudWatch's own API model; moto's takes alarms."""
    tag_others, is_dashboard = (
        CloudWatchBackend.tag_resource,
        re.compile(r"arn:aws:cloudwatch::\d{12}:dashboard/(.+)"),
    )

    def tag_resource(self: CloudWatchBackend, arn: str, tags: dict[str, str]) -> None:
        dashboard = is_dashboard.fullmatch(arn)
        if dashboard is None or dashboard[1] not in self.dashboards:
            return tag_others(self, arn, tags)
        self.tagger.tag_resource(arn, self.tagger.convert_dict_to_tags_input(tags))
        return None

    with patch.object(CloudWatchBackend, "tag_resource", tag_resource):
        yield


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
