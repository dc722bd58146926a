"""Expectations of lakegate on days and on feeds that are late (spec 11).

Importing this module imports Great Expectations (seconds): import it inside functions.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar  # Any: signatures of GX

from contracts.days import DaySettings, freshness, judge_days
from contracts.expectation_catalog import metric_of
from contracts.own_expectations import MeasuredExpectation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.execution_engine.execution_engine import ExecutionEngine

_Keys = tuple[str, ...]


class ExpectValuesByDayToBeInLine(MeasuredExpectation):
    """Expect the last days to be in line with the same weekday of earlier weeks (``contracts.days``).

    ``measure``: what is judged: ``rows``, or a column of a table with one row a day. ``as_of``: the clock;
    the days before its date in UTC are judged. ``settings``: the fields of ``DaySettings``.

    The result's ``observed_value`` names the days that are not, ``details.days_out_of_line`` lists them.
    """

    measure: str
    as_of: datetime
    settings: dict[str, Any]
    metric_dependencies: ClassVar[_Keys] = (metric_of("values_by_day"),)
    success_keys: ClassVar[_Keys] = ("measure", "as_of", "settings")
    args_keys: ClassVar[_Keys] = ("measure", "as_of", "settings")
    template: ClassVar[str] = (
        "$measure: each of the $days days before $today must be in line with the same weekday of the $weeks "
        "weeks before it."
    )

    @classmethod
    def _shown(cls, arguments: Mapping[str, Any]) -> dict[str, object]:
        settings, clock = arguments.get("settings") or {}, arguments.get("as_of")
        today = _utc(clock).date().isoformat() if isinstance(clock, datetime) else str(clock)[:10]
        weeks = {name: settings.get(name, field.default) for name, field in DaySettings.model_fields.items()}
        return {"measure": arguments.get("measure"), "today": today, **weeks}

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002  GX's signature
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002  GX's signature
    ) -> dict[str, Any]:
        (by_day,) = (metrics[name] for name in self.metric_dependencies)
        settings = DaySettings.model_validate(self.settings, strict=False)  # days are texts in JSON
        found = judge_days(by_day[self.measure], _utc(self.as_of).date(), settings)
        observed = "; ".join(map(str, found.out_of_line)) or f"{found.judged} days judged, all in line"
        details = {
            "days_judged": found.judged,
            "days_out_of_line": [day.as_json() for day in found.out_of_line],
        }
        return {
            "success": not found.out_of_line,
            "result": {"observed_value": observed, "details": details},
        }


class ExpectLatestTimestampToBeFresh(MeasuredExpectation):
    """Expect the latest timestamp of a dataset to be no older than a number of hours before the clock.

    ``as_of``: the clock. ``max_age_hours``: such as the latency that the contract promises. A dataset without
    a timestamp is not late: other rules ask for rows and for required columns.
    """

    as_of: datetime
    max_age_hours: float
    metric_dependencies: ClassVar[_Keys] = (metric_of("latest_timestamp"),)
    success_keys: ClassVar[_Keys] = ("as_of", "max_age_hours")
    args_keys: ClassVar[_Keys] = ("as_of", "max_age_hours")
    template: ClassVar[str] = "The latest timestamp must be at most $max_age_hours hours older than $as_of."

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002  GX's signature
        execution_engine: ExecutionEngine[Any] | None = None,  # noqa: ARG002  GX's signature
    ) -> dict[str, Any]:
        (latest,) = (metrics[name] for name in self.metric_dependencies)
        if not latest:
            return {"success": True, "result": {"observed_value": "no timestamp"}}
        is_fresh, observed = freshness(_utc(latest), _utc(self.as_of), self.max_age_hours)
        return {"success": is_fresh, "result": {"observed_value": observed}}


def _utc(clock: datetime) -> datetime:
    return clock.astimezone(UTC) if clock.tzinfo else clock.replace(tzinfo=UTC)
