"""Rejected rows as the quarantine keeps them: whose file, what text, which rules; enough to replay them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from checkpoints.lake.crew import THREADS, in_threads
from checkpoints.lake.parquet_files import ParquetFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checkpoints.lake.layout import Place

SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("dataset", pa.string()),
        ("source_file", pa.string()),
        ("raw", pa.string()),
        ("failed_rules", pa.list_(pa.string())),
        ("contract_version", pa.string()),
        ("quarantined_at", pa.timestamp("us", "UTC")),
    ]
)


@dataclass(frozen=True, slots=True)
class Rejection:
    """What all rows have in common that one run rejects of a dataset. Tasks write them to ``staging``."""

    run_id: str
    dataset: str
    contract_version: str
    as_of: datetime
    staging: Place

    def files(self) -> ParquetFiles:
        """Return what writes a task's rows."""
        return ParquetFiles(self.staging, SCHEMA, varied=("raw",))

    def rows(self, sources: pa.Array, raws: pa.Array, failed_rules: pa.Array) -> pa.RecordBatch:
        """Return rows of the quarantine. Args: of each its file's key, its text, and the rules it broke."""

        def alike(value: object, name: str) -> pa.Array:
            return pa.repeat(pa.scalar(value, SCHEMA.field(name).type), len(sources))

        columns = [
            alike(self.run_id, "run_id"),
            alike(self.dataset, "dataset"),
            sources,
            raws,
            failed_rules,
            alike(self.contract_version, "contract_version"),
            alike(self.as_of, "quarantined_at"),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)

    def publish(self, names: Sequence[str], quarantine: Place) -> None:
        """Copy to the quarantine what tasks wrote that came to their end; a file without rows, if none did.

        Whoever looks for the last run that rejected something must find that this one rejected nothing.
        """

        def copy(name: str) -> None:
            origin, target = self.staging.child(name), quarantine.child(name)
            target.storage.copy_from(origin.storage, origin.path, target.path)

        in_threads(copy, names, THREADS, lambda: None)
        if not names:
            with ParquetFiles(quarantine, SCHEMA, is_empty_written=True):
                pass
