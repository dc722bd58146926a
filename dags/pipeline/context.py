"""Inputs of every transition: the set-up of the installation, and the run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from checkpoints.lake.layout import Area, open_lake
from checkpoints.storage.storage import S3Settings
from contracts.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checkpoints.lake.layout import Lake
    from contracts.loader import Contracts
    from contracts.model import Contract
    from dags.settings import Settings
    from quarantine_policies.reader import Policies

# Admits Airflow's own ids, such as manual__2024-05-01T00:00:00+00:00.
_RUN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:+@~-]{0,119}")
MOST_CLOCK_SKEW = timedelta(hours=24)  # tolerated future of a timestamp, from `as_of` (spec 4.3)


@dataclass(frozen=True, slots=True)
class Setup:
    """Lake, contracts, policies and settings: the same from run to run."""

    lake: Lake
    contracts: Contracts
    policies: Policies
    settings: Settings


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its id, its clock (UTC) and its scope.

    ``is_forced``: unchanged transitions are carried out too. ``dataset``: the only dataset that raw_to_bronze
    takes in; None: all. ``is_whole``: all four transitions are run.
    """

    id: str
    as_of: datetime
    is_forced: bool = False
    dataset: str | None = None
    is_whole: bool = False

    @property
    def parameters(self) -> Mapping[str, object]:
        """Values that rules reference by ``{"$PARAMETER": name}``."""
        return {"as_of": self.as_of, "as_of_limit": self.as_of + MOST_CLOCK_SKEW}


def read_setup(settings: Settings) -> Setup:
    """Load contracts and policies, check them against each other, and open the lake.

    Raises:
        ConfigurationError: any of them is invalid.
        StorageError: the lake cannot be read.
    """
    from contracts.loader import load_contracts  # expensive, and not needed for `find_lake`
    from quarantine_policies.reader import check_policies, load_policies

    contracts = load_contracts(settings.contracts)
    policies = load_policies(settings.policies)
    check_policies(policies, contracts)
    return Setup(find_lake(settings), contracts, policies, settings)


def find_lake(settings: Settings) -> Lake:
    """Return the lake of the settings; a zone with a root of its own lies there."""
    roots = {
        Area.RAW: settings.raw_root,
        Area.BRONZE: settings.bronze_root,
        Area.SILVER: settings.silver_root,
        Area.GOLD: settings.gold_root,
        Area.QUARANTINE: settings.quarantine_root,
        Area.CORRECTIONS: settings.corrections_root,
        Area.METRICS: settings.metrics_root,
        Area.DOCS: settings.docs_root,
    }
    s3 = S3Settings(kms_key_id=settings.kms_key)
    return open_lake(settings.lake, {area: root for area, root in roots.items() if root}, s3)


def warehouse_uri(setup: Setup) -> str:
    """Return the warehouse's URI; by default a DuckDB file in a local lake.

    Raises:
        ConfigurationError: none is set, and the lake is not a local folder.
    """
    if setup.settings.warehouse is not None:
        return setup.settings.warehouse
    uri = setup.lake.root.child("warehouse.duckdb").uri
    if "://" in uri:
        raise ConfigurationError(
            "a lake on S3 has no default warehouse",
            where="--warehouse",
            expected="duckdb:///path/to/file.duckdb",
            next_step="set --warehouse or LAKEGATE_WAREHOUSE",
        )
    return f"duckdb://{uri}"


def selected_datasets(contracts: Contracts, dataset: str | None) -> tuple[Contract, ...]:
    """Return the contract of the dataset that ``--dataset`` names; without a name, those of all.

    Raises:
        ConfigurationError: there is no such dataset.
    """
    found = tuple(contract for contract in contracts.datasets if dataset in (None, contract.name))
    if not found:
        known = ", ".join(contract.name for contract in contracts.datasets)
        raise ConfigurationError("unknown dataset", where="--dataset", expected=known, found=repr(dataset))
    return found


def new_run(*, as_of: str | None = None, run_id: str | None = None, is_forced: bool = False) -> Run:
    """Return a run; by default with the current time and a new id.

    Raises:
        ConfigurationError: ``as_of`` is not an ISO 8601 time, or the id cannot name a folder.
    """
    now = datetime.now(UTC)
    if run_id is not None and not _RUN_ID.fullmatch(run_id):
        raise ConfigurationError(
            "invalid run id",
            where="--run-id",
            expected="a folder name of at most 120 letters, digits and -_.:+@~",
            found=repr(run_id),
        )
    return Run(
        id=run_id or f"{now:%Y%m%dT%H%M%SZ}-{uuid4().hex[:6]}",
        as_of=now if as_of is None else _read_clock(as_of),
        is_forced=is_forced,
    )


def _read_clock(text: str) -> datetime:
    try:
        clock = datetime.fromisoformat(text)
        clock = clock.replace(tzinfo=UTC) if clock.tzinfo is None else clock.astimezone(UTC)
        clock += MOST_CLOCK_SKEW  # the limit that rules compare with must be representable
    except (ValueError, OverflowError) as error:
        raise ConfigurationError(
            "invalid time", where="--as-of", expected="ISO 8601, as 2024-05-01T00:00:00Z", found=repr(text)
        ) from error
    return clock - MOST_CLOCK_SKEW
